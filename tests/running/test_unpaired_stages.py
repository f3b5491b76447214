"""Released images of no original beside originals: copies are found in both arms, and calibration is of others."""

import numpy as np
import pytest
from PIL import Image
from stage_folders import COUNTS, FINDINGS, source, stage_folders

from privbench.base.errors import PrivbenchError
from privbench.base.files import sha256
from privbench.record.scores import read_scores
from privbench.record.unpaired_scores import DRAW_COLUMNS, HELD_OUT, LEARNT, NEARNESS_COLUMNS
from privbench.running.found_release import FoundRelease, ReleasedFile
from privbench.running.stage_names import (
    DATA,
    DRAWS,
    IMAGES_FILE,
    LABELLED,
    NEAREST_FILE,
    NEARNESS_FILE,
    PATIENTS_FILE,
)
from privbench.running.unpaired_stages import (
    CompareDraws,
    CompareOriginalsWithDraws,
    DrawnSource,
    LabelDraws,
    TakeDraws,
    draw_name,
    drawn_rows,
    pictures,
)

ENDS = np.cumsum(list(COUNTS.values()))
NAMES = tuple(map(draw_name, range(5)))


@pytest.fixture
def reads(tmp_path, rng):
    """Random pictures, and a release: of training images, the second mirrored, of val, of test, and a new one."""
    folders = stage_folders(tmp_path)
    data = rng.integers(0, 256, (ENDS[-1], 1, 32, 32)).astype(np.uint8)
    np.save(folders[DATA] / IMAGES_FILE, data)
    drawn = np.stack([data[3], data[4][..., ::-1], data[ENDS[0]], data[-1], rng.integers(0, 256, (1, 32, 32))])
    folders[DRAWS] = tmp_path / "draws"
    folders[DRAWS].mkdir()
    np.save(folders[DRAWS] / IMAGES_FILE, drawn.astype(np.uint8))
    return folders


@pytest.fixture
def out(tmp_path):
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


def test_files_are_read_in_the_order_of_their_names_and_a_change_is_told(tmp_path, out, ctx, rng):
    files = {}
    pictures = rng.integers(0, 256, (3, 32, 32)).astype(np.uint8)
    for number, picture in enumerate(pictures):
        Image.fromarray(picture).save(tmp_path / f"{number}.png")
        files[draw_name(number)] = ReleasedFile(path=f"{number}.png", digest=sha256(tmp_path / f"{number}.png"))
    release = FoundRelease(release_name="g", release_root=tmp_path, release_files=files, release_depth=8,
                           release_fit="squeeze")  # fmt: skip
    TakeDraws(release, 32)({}, out, ctx)
    assert np.array_equal(np.load(out / IMAGES_FILE)[:, 0], pictures)
    Image.fromarray(pictures[0]).save(tmp_path / "1.png")
    with pytest.raises(PrivbenchError, match=r"1\.png of 3 released files changed"):
        TakeDraws(release, 32)({}, out, ctx)


def test_each_image_is_set_beside_the_originals_of_both_arms_as_one_gallery(reads, out, ctx):
    CompareDraws(source(), NAMES, ("train",))(reads, out, ctx)
    found = read_scores(out / NEAREST_FILE)
    assert list(found.columns) == DRAW_COLUMNS
    arms = {arm: rows.set_index("image") for arm, rows in found.groupby("arm")}
    assert set(arms) == {LEARNT, HELD_OUT}
    learnt, held_out = arms[LEARNT], arms[HELD_OUT]
    assert learnt["nearest"].tolist()[:2] == ["train3.png", "train4.png"]
    assert learnt["nearest_patient"].tolist()[:2] == ["train1", "train2"]
    assert learnt["exact"].tolist() == [True, False, False, True, False]
    assert held_out["exact"].tolist() == [False, False, True, True, False]
    assert held_out.loc[NAMES[2], ["split", "nearest"]].tolist() == ["val", "val0.png"]
    assert (found.loc[found["exact"], "likeness"] > 0.99).all()
    assert learnt["likeness"].iloc[1] > 0.9, "a mirrored copy is one"
    assert learnt["likeness"].iloc[4] < 0.9
    assert set(learnt["originals"]) == {COUNTS["train"] + COUNTS["test"]}
    patients = read_scores(out / PATIENTS_FILE)
    assert patients.groupby("split").size().to_dict() == {name: count // 2 for name, count in COUNTS.items()}
    assert set(patients["images"]) == {2}


def test_images_that_are_equal_to_the_bit_are_one_picture(reads, out, ctx):
    drawn = np.load(reads[DRAWS] / IMAGES_FILE)[[0, 1, 0, 2, 1]]
    assert pictures(drawn, NAMES) == [NAMES[0], NAMES[1], NAMES[0], NAMES[3], NAMES[1]]
    np.save(reads[DRAWS] / IMAGES_FILE, drawn)
    CompareDraws(source(), NAMES, ("train", "val"))(reads, out, ctx)
    assert read_scores(out / NEAREST_FILE)["picture"].tolist() == pictures(drawn, NAMES)


def test_a_blank_image_is_like_nobody(reads, out, ctx):
    np.save(reads[DRAWS] / IMAGES_FILE, np.full((5, 1, 32, 32), 7, np.uint8))
    CompareDraws(source(), NAMES, ("train", "val"))(reads, out, ctx)
    found = read_scores(out / NEAREST_FILE)
    assert found["nearest"].isna().all()
    assert not found["exact"].any()
    assert len(found) == 5, "there is one arm"


def test_originals_are_compared_with_draws_and_with_known_patients_of_others(reads, out, ctx):
    CompareOriginalsWithDraws(source())(reads, out, ctx)
    found = read_scores(out / NEARNESS_FILE).set_index("image")
    assert list(found.reset_index()[NEARNESS_COLUMNS].columns) == NEARNESS_COLUMNS
    assert len(found) == ENDS[-1], "of so few patients each is known, or judged"
    assert not set(found[found["known"]]["patient"]) & set(found[~found["known"]]["patient"])
    assert found["known"].mean() > 0.4
    copied = ["train3.png", "train4.png", "val0.png", f"test{COUNTS['test'] - 1}.png"]
    assert (found.loc[copied, "nearness"] > 0.9).all()
    assert (found.drop(copied)["nearness"] < 0.9).all()
    assert (found["difficulty"] < 0.9).all(), "nobody is compared with himself, or with another image of his own"


def test_a_known_patient_s_own_images_tell_nothing_of_how_common_they_are(reads, out, ctx):
    """Both images of each patient are the same, and still no difficulty comes near to one."""
    data = np.load(reads[DATA] / IMAGES_FILE)
    data[1::2] = data[::2]
    np.save(reads[DATA] / IMAGES_FILE, data)
    CompareOriginalsWithDraws(source())(reads, out, ctx)
    assert (read_scores(out / NEARNESS_FILE)["difficulty"] < 0.9).all()


def test_tasks_learn_from_draws_with_findings_and_are_shown_originals(reads, out, ctx):
    labels = np.array([[1, 0], [np.nan, np.nan], [0, 1], [1, np.nan], [np.nan, np.nan]], np.float32)
    rows = {"train": np.array([0, 3]), "val": np.array([2])}
    LabelDraws(NAMES, FINDINGS, labels, rows)(reads, out, ctx)
    told = source()
    shown = DrawnSource(told.findings, told.recipe, told.pairs).shown(reads | {LABELLED: out})
    drawn = np.load(reads[DRAWS] / IMAGES_FILE)
    for name, own in rows.items():
        split = shown.released(name)
        assert np.array_equal(split.images, drawn[own])
        assert np.array_equal(split.labels, labels[own], equal_nan=True)
        assert split.table["image"].tolist() == split.table["patient"].tolist() == [NAMES[row] for row in own]
    assert np.array_equal(shown.attacked("test").images, np.load(reads[DATA] / IMAGES_FILE)[ENDS[1] :])


def test_equal_images_are_not_learnt_from_and_validated_on():
    rng = np.random.default_rng(0)
    labels = np.ones((40, 1), np.float32)
    labels[5] = np.nan
    digests = [str(number // 4) for number in range(40)]
    rows = drawn_rows(labels, digests, 0.3, rng)
    assert sorted(np.concatenate(list(rows.values()))) == [row for row in range(40) if row != 5]
    pictures = {name: {digests[row] for row in own} for name, own in rows.items()}
    assert not pictures["train"] & pictures["val"]
    assert len(pictures["val"]) == 3
    two = drawn_rows(labels[:2], ["a", "b"], 0.9, rng)
    assert (len(two["train"]), len(two["val"])) == (1, 1)
