"""Whose radiographs are published: known releases of phantoms are what they are, and unchanged ones cost nothing."""

import numpy as np
import pandas as pd
import pytest
from stage_folders import COUNTS, source, stage_folders

import privbench
from privbench.engine.todo import needed
from privbench.judging.selftest.removers import Constant, MeanOfPatients, Surrogate
from privbench.judging.verify import verify_run
from privbench.protocols.schema import load_protocol
from privbench.record.folder import COPY_SCORES
from privbench.record.scores import COPIES_COLUMNS, NOBODY, OTHER_PATIENT, OWN_IMAGE, read_scores
from privbench.running import copies
from privbench.running.copies import CompareOriginals, CompareReleases
from privbench.running.stage_names import COPIES, COPIES_FILE, DATA, IMAGES_FILE, ORIGINALS_ALIKE, RELEASE

SPLITS = list(COUNTS)
ENDS = np.cumsum([COUNTS[name] for name in SPLITS])


@pytest.fixture
def reads(tmp_path, rng):
    """Data and a release of random pictures."""
    folders = stage_folders(tmp_path)
    np.save(folders[DATA] / IMAGES_FILE, rng.integers(0, 256, (ENDS[-1], 1, 32, 32)).astype(np.uint8))
    return folders


def images_of(reads):
    return np.load(reads[DATA] / IMAGES_FILE)


def released(reads, images, tmp_path, ctx):
    """What is found of a release of these test images."""
    whole = images_of(reads)
    whole[ENDS[1] :] = images
    np.save(reads[RELEASE] / IMAGES_FILE, whole)
    (tmp_path / "found").mkdir()
    CompareReleases(source(), unchanged=False)(reads, tmp_path / "found", ctx)
    return read_scores(tmp_path / "found" / COPIES_FILE)


def test_every_test_image_is_compared_with_every_split(reads, tmp_path, ctx):
    """The first is its own original, the second its patient's other one inverted, the third a training image."""
    data = images_of(reads)
    train, test = data[: ENDS[0]], data[ENDS[1] :]
    noise = np.random.default_rng(9).integers(0, 256, test.shape).astype(np.uint8)
    shown = np.concatenate([test[:1], 255 - test[:1], train[4:5, ..., ::-1], train[5:6], noise[:2]])
    found = released(reads, shown, tmp_path, ctx)
    assert list(found.columns) == COPIES_COLUMNS
    assert found.groupby("split", sort=False).size().to_dict() == dict.fromkeys(SPLITS, COUNTS["test"])
    by_split = {name: rows.reset_index(drop=True) for name, rows in found.groupby("split")}
    for name, rows in by_split.items():
        assert rows["image"].tolist() == [f"test{n}.png" for n in range(COUNTS["test"])]
        assert set(rows["originals"]) == {COUNTS[name]}
        assert set(rows["original_patients"]) == {COUNTS[name] // 2}
    assert by_split["test"].loc[:1, "nearest"].tolist() == ["test0.png", "test0.png"]
    assert by_split["test"].loc[:1, "relation"].tolist() == [OWN_IMAGE, "own patient"]
    assert by_split["test"].loc[:1, "exact"].tolist() == [True, False]
    assert by_split["train"].loc[2:3, "nearest"].tolist() == ["train4.png", "train5.png"]
    assert by_split["train"].loc[2:3, "nearest_patient"].tolist() == ["train2", "train2"]
    assert by_split["train"].loc[2:3, "exact"].tolist() == [False, True]
    assert (by_split["train"].loc[2:3, "likeness"] > 0.9).all()
    assert set(by_split["train"]["relation"]) == {OTHER_PATIENT}
    assert (found["likeness"] > 0.9).sum() == 4
    assert set(found["shown"]) == {"A"}


def test_an_original_is_not_compared_with_itself(reads, tmp_path, ctx):
    CompareOriginals(source())(reads, tmp_path, ctx)
    found = read_scores(tmp_path / COPIES_FILE)
    assert len(found) == 3 * COUNTS["test"]
    assert (found["nearest"] != found["image"]).all()
    assert OWN_IMAGE not in set(found["relation"])
    assert set(found["shown"]) == {"O"}
    assert found["likeness"].max() < 0.9


def test_nothing_is_looked_for_in_an_unchanged_release(reads, tmp_path, ctx, monkeypatch):
    """Its images are their own copies, and as alike to others as originals are: the same as a search finds."""
    data = images_of(reads)
    data[-1] = 7
    np.save(reads[DATA] / IMAGES_FILE, data)
    looked = released(reads, data[ENDS[1] :], tmp_path, ctx)
    reads[ORIGINALS_ALIKE] = tmp_path / "originals"
    reads[ORIGINALS_ALIKE].mkdir()
    CompareOriginals(source())(reads, reads[ORIGINALS_ALIKE], ctx)
    monkeypatch.delattr(copies, "describe")
    (tmp_path / "unchanged").mkdir()
    CompareReleases(source(), unchanged=True)(reads, tmp_path / "unchanged", ctx)
    told = read_scores(tmp_path / "unchanged" / COPIES_FILE)
    assert told["relation"].tolist()[-2:] == [OWN_IMAGE, NOBODY], "the last one is blank"
    pd.testing.assert_frame_equal(told, looked, atol=1e-3)


@pytest.fixture(scope="module")
def run_of(tiny_protocol, store, tmp_path_factory):
    """The run of a method under the tiny protocol."""

    def run(method):
        out = tmp_path_factory.mktemp("copies") / "run"
        return privbench.run(method, protocol=str(tiny_protocol), store=store, out=out)

    return run


@pytest.mark.slow
def test_a_method_that_hands_out_other_patients_is_told_and_warned_of(run_of, tiny_protocol):
    classifier = load_protocol(str(tiny_protocol)).guidance.classifier.model_dump()
    run = run_of(Surrogate(classifier=classifier))
    found = run.record.copies
    assert (found.others.share, found.others.exact, found.own.share) == (1, 1, 0)
    assert (found.training.share, found.training.control) == (1, 0)
    assert 0 < found.patients_shown <= 42
    assert found.original_patients == 60
    (warning,) = (one for one in run.record.warnings if "other patients' radiographs" in one)
    assert "100.0% of the released test images are copies of an original of somebody else" in warning
    assert f"show {found.patients_shown} of 60 patients" in warning
    assert list(verify_run(run.folder)) == []


def test_the_originals_are_their_own_copies(run_of):
    run = run_of("identity")
    found = run.record.copies
    assert (found.own.share, found.own.exact, found.others.share, found.training.share) == (1, 1, 0, 0)
    assert found.training.difference.value == 0
    assert not [one for one in run.record.warnings if "other patients' radiographs" in one]
    assert list(verify_run(run.folder)) == []
    rows = pd.read_parquet(run.folder / COPY_SCORES)
    assert set(rows["shown"]) == {"A", "O"}


@pytest.mark.parametrize("method", [Constant(), MeanOfPatients()])
def test_what_shows_nobody_is_no_copy(run_of, method):
    found = run_of(method).record.copies
    assert (found.own.share, found.others.share, found.patients_shown) == (0, 0, 0)


def test_what_is_known_of_originals_hangs_on_the_data_alone(pipeline):
    """So that all runs of a protocol share it."""
    graph = pipeline.graph(None)
    (alike,) = (node for node in needed(graph.nodes, {}) if node.name == ORIGINALS_ALIKE)
    assert [node.name for node in alike.inputs] == [DATA]
    (found,) = (node for node in needed(graph.nodes, {}) if node.name == COPIES)
    assert [node.name for node in found.inputs] == [DATA, RELEASE]
