"""Score files hold what was said of whom, and refuse what is no score."""

import numpy as np
import pandas as pd
import pytest
from attack_scores import thirty_patients

from privbench.base.errors import PrivbenchError
from privbench.data.pairs import Pairs
from privbench.data.splits import Split
from privbench.metrics.copies import Nearest
from privbench.plugins.interfaces import Measure
from privbench.protocols.kinds import Compared, Kind
from privbench.record.scores import (
    COPIES_COLUMNS,
    INFERENCE_COLUMNS,
    LINKAGE_COLUMNS,
    MATCH_COLUMNS,
    MEASUREMENT_COLUMNS,
    NOBODY,
    OTHER_PATIENT,
    OWN_IMAGE,
    OWN_PATIENT,
    RETRIEVAL_COLUMNS,
    SEARCH_COLUMNS,
    UTILITY_COLUMNS,
    AttackOrigin,
    TaskOrigin,
    gallery_searches,
    inference_scores,
    linkage_scores,
    measured_values,
    membership_scores,
    nearest_originals,
    own_image_ranks,
    read_scores,
    retrieval_ranks,
    stacked,
    utility_scores,
    write_scores,
)


@pytest.fixture
def split(rng):
    return thirty_patients(rng)


@pytest.mark.parametrize("scores", [np.full(400, np.nan), np.r_[np.zeros(399), np.inf], np.zeros(399)])
def test_scores_that_are_missing_are_refused(split, scores):
    """NaNs would sort above everything else and pass for privacy."""
    with pytest.raises(PrivbenchError, match="The attack 'mine' returned scores"):
        linkage_scores(AttackOrigin("mine", "paper", 0), split, "test", "AO", split.pairs, scores)


ORIGIN, TASK = AttackOrigin("mine", "paper", 3), TaskOrigin("quality", "frozen", 1)
DICE = {"Dice": Measure("", True), "shift": Measure("px", False), "sharpness": Measure("", None)}


@pytest.fixture
def small():
    """Four images of two patients, one label of which nobody knows."""
    table = pd.DataFrame({"image": list("abcd"), "patient": ["007", "007", "X", "X"], "age": [40, 45, 60, 60]})
    table["sex"], table["view"], table["study"] = ["M", "M", "F", "F"], "PA", ""
    table["Mass"], table["Edema"] = [1, 0, np.nan, 1], [0, 0, 1, 0]
    pairs = Pairs(np.array([0, 1, 2]), np.array([1, 2, 3]), np.array([True, False, True]))
    return Split(np.zeros((4, 1, 4, 4), np.uint8), table, ("Mass", "Edema"), pairs)


def test_a_pair_is_written_with_its_images_and_patients(small):
    rows = linkage_scores(ORIGIN, small, "val", Compared.ACROSS, small.pairs, np.array([0.5, -1, 2]))
    assert list(rows.columns) == LINKAGE_COLUMNS
    assert rows.to_numpy().tolist() == [
        ["mine", "paper", 3, "val", "AO", "a", "b", "007", "007", True, 0.5],
        ["mine", "paper", 3, "val", "AO", "b", "c", "007", "X", False, -1.0],
        ["mine", "paper", 3, "val", "AO", "c", "d", "X", "X", True, 2.0],
    ]


def test_a_rank_is_written_with_the_years_between_the_images(small, rng):
    similarity = np.array([[9, 1, 2, 0], [5, 9, 1, 1], [0, 0, 9, 1], [8, 7, 6, 9.0]])
    rows = retrieval_ranks(ORIGIN, small, similarity, rng).set_index("probe")
    assert [*rows.reset_index().columns] == ["probe", *(c for c in RETRIEVAL_COLUMNS if c != "probe")]
    assert rows["mate"].to_dict() == {"a": "b", "b": "a", "c": "d", "d": "c"}
    assert rows["outranked_by"].to_dict() == {"a": 1, "b": 0, "c": 0, "d": 2}
    assert rows["rival"].dropna().to_dict() == {"a": "X", "d": "007"}
    assert rows["years"].to_dict() == {"a": 5, "b": 5, "c": 0, "d": 0}
    assert (rows["strangers"] == 2).all()


def test_the_rank_of_an_own_image_is_written_with_its_patient(small, rng):
    similarity = np.array([[5, 9], [1, 2.0]])
    told = own_image_ranks(ORIGIN, small, np.array([1, 2]), similarity, rng)
    assert list(told.columns) == MATCH_COLUMNS
    assert told.to_numpy().tolist() == [["mine", "paper", 3, "b", "007", 1, 2], ["mine", "paper", 3, "c", "X", 0, 2]]


@pytest.mark.parametrize("similarity", [np.zeros((2, 3)), np.zeros(2), np.full((2, 2), np.nan)])
def test_similarities_of_other_images_are_refused(small, similarity, rng):
    with pytest.raises(PrivbenchError, match=r"where \(2, 2\) finite ones belong"):
        own_image_ranks(ORIGIN, small, np.array([1, 2]), similarity, rng)


@pytest.mark.parametrize("similarity", [np.zeros((4, 3)), np.zeros(4), np.full((4, 4), np.nan)])
def test_similarities_of_another_gallery_are_refused(small, similarity, rng):
    with pytest.raises(PrivbenchError, match=r"where \(4, 4\) finite ones belong"):
        retrieval_ranks(ORIGIN, small, similarity, rng)


def test_a_search_is_written_with_whom_it_found(small, rng):
    similarity = np.array([[9, 1, 2, 0], [5, 9, 1, 1], [0, 0, 9, 1], [8, 7, 6, 9.0]])
    rows = gallery_searches(ORIGIN, small, "val", similarity, rng)
    assert list(rows.columns) == SEARCH_COLUMNS
    assert rows.to_numpy().tolist() == [
        ["mine", "paper", 3, "val", "a", "007", 1, False, 2.0, 1.0],
        ["mine", "paper", 3, "val", "b", "007", 1, True, 5.0, 4.0],
        ["mine", "paper", 3, "val", "c", "X", 1, True, 1.0, 1.0],
        ["mine", "paper", 3, "val", "d", "X", 1, False, 8.0, 2.0],
    ]
    with pytest.raises(PrivbenchError, match=r"where \(4, 4\) finite ones belong"):
        gallery_searches(ORIGIN, small, "val", similarity[:, :3], rng)


def test_searches_of_people_stand_under_their_pseudonyms_and_in_their_order(small, rng):
    small.table["image_pseudonym"], small.table["patient_pseudonym"] = list("zxyw"), ["q", "q", "p", "p"]
    rows = gallery_searches(ORIGIN, small, "test", rng.normal(size=(4, 4)), rng)
    assert rows[["probe", "patient"]].to_numpy().tolist() == [["w", "p"], ["x", "q"], ["y", "p"], ["z", "q"]]


def test_an_attribute_is_written_beside_the_truth_as_text(small):
    rows = inference_scores(ORIGIN, small, {"sex": np.arange(4.0), "age": np.array([41.5, 44, 50, 70])})
    assert list(rows.columns) == INFERENCE_COLUMNS
    assert rows["attribute"].tolist() == ["sex"] * 4 + ["age"] * 4
    assert rows["truth"].tolist() == ["M", "M", "F", "F", "40", "45", "60", "60"]
    assert rows["score"].tolist() == [0, 1, 2, 3, 41.5, 44, 50, 70]
    with pytest.raises(PrivbenchError, match="The attack 'mine' returned scores of shape"):
        inference_scores(ORIGIN, small, {"sex": np.zeros(3)})


def test_members_are_those_of_the_training_split(small):
    rows = np.array([3, 1])
    parts = [membership_scores(ORIGIN, small, name, rows, np.array([0.5, -2])) for name in ("train", "val", "test")]
    told = pd.concat(parts)
    assert list(told.columns) == INFERENCE_COLUMNS
    assert told["split"].tolist() == ["train"] * 2 + ["val"] * 2 + ["test"] * 2
    assert told["truth"].tolist() == ["True", "True", *["False"] * 4]
    assert set(told["attribute"]) == {"membership"}
    assert told["image"].tolist() == small.table["image"].iloc[rows].tolist() * 3
    with pytest.raises(PrivbenchError, match="returned scores of shape"):
        membership_scores(ORIGIN, small, "test", rows, np.array([0.5, np.nan]))


def test_a_label_that_nobody_knows_has_no_row(small):
    said = np.arange(8.0).reshape(4, 2)
    rows = utility_scores(TaskOrigin("classification", "frozen", 0), "test", small, said)
    assert list(rows.columns) == UTILITY_COLUMNS
    assert rows[["image", "patient", "sex", "class", "label", "score"]].to_numpy().tolist() == [
        ["a", "007", "M", "Mass", 1, 0.0], ["a", "007", "M", "Edema", 0, 1.0], ["b", "007", "M", "Mass", 0, 2.0],
        ["b", "007", "M", "Edema", 0, 3.0], ["c", "X", "F", "Edema", 1, 5.0], ["d", "X", "F", "Mass", 1, 6.0],
        ["d", "X", "F", "Edema", 0, 7.0],
    ]  # fmt: skip
    assert rows["label"].dtype == np.uint8


@pytest.mark.parametrize("said", [np.zeros((4, 1)), np.zeros((3, 2)), np.full((4, 2), np.inf)])
def test_readings_that_are_missing_are_refused(small, said):
    with pytest.raises(
        PrivbenchError, match=r"utility task 'classification' returned scores .* lower its learning rate"
    ):
        utility_scores(TaskOrigin("classification", "frozen", 0), "test", small, said)


def test_a_refusal_counts_what_is_no_number(small):
    said = np.array([[0, np.nan], [np.inf, 1], [-np.inf, 0], [0, 0]])
    with pytest.raises(PrivbenchError, match=r"scores of shape \(4, 2\), 3 of them no numbers"):
        utility_scores(TaskOrigin("classification", "frozen", 0), "test", small, said)


def test_an_image_without_a_value_has_no_row(small):
    values = {"Dice": np.array([0.5, np.nan, 0.7, 1]), "sharpness": np.full(4, np.nan), "shift": np.arange(4.0)}
    rows = measured_values(TASK, small, values, DICE)
    assert list(rows.columns) == MEASUREMENT_COLUMNS
    assert rows[["image", "patient", "measure", "value", "unit"]].to_numpy().tolist() == [
        ["a", "007", "Dice", 0.5, ""], ["c", "X", "Dice", 0.7, ""], ["d", "X", "Dice", 1.0, ""],
        *([image, patient, "shift", float(value), "px"] for value, (image, patient) in
          enumerate(zip("abcd", ["007", "007", "X", "X"], strict=True))),
    ]  # fmt: skip
    assert rows["more_is_better"].tolist() == [True] * 3 + [False] * 4


@pytest.mark.parametrize(
    "values",
    [
        {"Jaccard": np.zeros(4)},
        {"Dice": np.zeros(3)},
        {"Dice": np.zeros((4, 1))},
        {"Dice": np.array([0, 1, np.inf, 0])},
    ],
)
def test_measurements_that_were_not_declared_are_refused(small, values):
    with pytest.raises(PrivbenchError, match=r"utility task 'quality' returned '\w+' of shape .* mend the plugin"):
        measured_values(TASK, small, values, DICE)


def test_scores_are_read_as_they_were_written(small, tmp_path):
    """Also where more is neither better nor worse, which is no true or false."""
    written = measured_values(TASK, small, {"sharpness": np.arange(4.0), "Dice": np.zeros(4)}, DICE)
    write_scores(written, tmp_path / "a.parquet")
    read = read_scores(tmp_path / "a.parquet")
    pd.testing.assert_frame_equal(read, written.reset_index(drop=True))
    assert read["more_is_better"].isna().tolist() == [True] * 4 + [False] * 4


def test_patients_that_older_scores_number_are_read_as_texts_in_the_same_order(small, rng, tmp_path):
    """The draws of patients hang on their order; the rival -1 was none."""
    ranks = retrieval_ranks(ORIGIN, small, rng.normal(size=(4, 4)), rng)
    old = ranks.assign(patient=[9, 9, 2**40, 10], rival=[-1, 10, 100, -1])
    write_scores(old, tmp_path / "a.parquet")
    read = read_scores(tmp_path / "a.parquet")
    assert read["patient"].astype(int).tolist() == [9, 9, 2**40, 10]
    assert read["patient"].sort_values().astype(int).tolist() == [9, 9, 10, 2**40]
    assert read["rival"].isna().tolist() == [True, False, False, True]
    assert read["rival"].dropna().isin(["10".zfill(19), "100".zfill(19)]).all()
    assert read["patient"][3] == read["rival"][1], "the same patient in two columns, of different numbers"
    rest = ranks.columns.difference(["patient", "rival"])
    pd.testing.assert_frame_equal(read[rest], ranks[rest])


def test_a_run_without_scores_of_a_kind_still_has_their_columns(small, tmp_path):
    empty = stacked([], LINKAGE_COLUMNS)
    assert (list(empty.columns), len(empty)) == (LINKAGE_COLUMNS, 0)
    write_scores(empty, tmp_path / "a.parquet")
    assert list(read_scores(tmp_path / "a.parquet").columns) == LINKAGE_COLUMNS
    rows = utility_scores(TaskOrigin("a", "frozen", 0), "test", small, np.zeros((4, 2)))
    assert stacked([rows, rows], UTILITY_COLUMNS).index.tolist() == list(range(14))
    assert list(measured_values(TASK, small, {}, DICE).columns) == MEASUREMENT_COLUMNS


def test_what_is_no_score_file_is_told(tmp_path):
    (tmp_path / "linkage.parquet").write_bytes(b"no table")
    with pytest.raises(PrivbenchError, match=r"linkage\.parquet cannot be read .*: run it again with --overwrite"):
        read_scores(tmp_path / "linkage.parquet")
    with pytest.raises(PrivbenchError, match="cannot be read"):
        read_scores(tmp_path / "nothing.parquet")


def test_a_value_that_nobody_told_has_no_row(split):
    """What is unknown in the table is no text, and nothing that could be read off."""
    split.table["age"] = split.table["age"].astype(float)
    split.table.loc[3, "age"] = np.nan
    scores = inference_scores(ORIGIN, split, {"age": np.zeros(len(split.table))})
    assert len(scores) == len(split.table) - 1
    assert split.table["image"][3] not in set(scores["image"])
    split.table.loc[[3, 5], "sex"] = ""
    scores = inference_scores(ORIGIN, split, {"sex": np.zeros(len(split.table))})
    assert len(scores) == len(split.table) - 2
    assert set(scores["truth"]) == {"F", "M"}


def test_an_original_is_told_by_whose_it_is(small):
    near = Nearest(np.array([0, 0, 1, -1]), np.array([1, 0.9, 0.8, 0], np.float32))
    rows = nearest_originals(Kind.ANONYMIZED, small, "test", small, near, np.array([True, False, False, False]))
    assert list(rows.columns) == COPIES_COLUMNS
    assert rows["relation"].tolist() == [OWN_IMAGE, OWN_PATIENT, OTHER_PATIENT, NOBODY]
    assert rows["nearest"].tolist()[:3] == ["a", "a", "b"]
    assert rows["nearest_patient"].tolist()[:3] == ["007", "007", "007"]
    assert rows[["nearest", "nearest_patient"]].isna().all(axis=1).tolist() == [False, False, False, True]
    assert rows["exact"].tolist() == [True, False, False, False]
    assert (set(rows["originals"]), set(rows["original_patients"])) == ({4}, {2})
    assert (set(rows["shown"]), set(rows["split"])) == ({"A"}, {"test"})


def test_pseudonyms_alone_are_told_of_copies(small):
    """And in their own order: that of the table would tell who is who."""
    pseudonyms = {"image_pseudonym": list("zyxw"), "patient_pseudonym": ["q", "q", "p", "p"]}
    hidden = Split(small.images, small.table.assign(**pseudonyms), small.findings, small.pairs)
    near = Nearest(np.arange(4), np.ones(4, np.float32))
    rows = nearest_originals(Kind.ORIGINAL, hidden, "test", hidden, near, np.ones(4, bool))
    assert rows["image"].tolist() == rows["nearest"].tolist() == list("wxyz")
    assert rows["nearest_patient"].tolist() == ["p", "p", "q", "q"]
