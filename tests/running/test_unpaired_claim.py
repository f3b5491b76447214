"""A folder of synthetic images: which files count, which findings they have, and everything that is wrong."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from privbench.base.errors import PrivbenchError
from privbench.datasets.phantom.dataset import PhantomDataset
from privbench.running.setting import Setting
from privbench.running.unpaired_claim import UnpairedClaim, unpaired_release

FINDINGS = list(PhantomDataset.findings)


@pytest.fixture
def setting(tiny_protocol):
    return Setting(protocol=str(tiny_protocol), overrides=["data.params.patients=10"])


@pytest.fixture
def folder(tmp_path):
    """Four images, of which two are the same, and a text."""
    place = tmp_path / "release"
    (place / "deep").mkdir(parents=True)
    for path, grey in (("b.png", 1), ("a.png", 2), ("deep/c.jpg", 3), ("z.png", 1)):
        Image.fromarray(np.full((32, 32), grey, np.uint8)).save(place / path)
    (place / "read me.txt").write_text("hello")
    return place


def table(tmp_path, rows, columns=FINDINGS):
    file = tmp_path / "labels.csv"
    frame = pd.DataFrame("", index=list(rows), columns=columns, dtype=object)
    for image, labels in rows.items():
        for finding, label in labels.items():
            frame.loc[image, finding] = label
    frame.to_csv(file, index_label="image")
    return file


def taken(setting, folder, **told):
    return unpaired_release(UnpairedClaim(folder, "g", {}, **told), setting, setting.load())


def refusal(setting, folder, **told):
    with pytest.raises(PrivbenchError) as error:
        taken(setting, folder, **told)
    return str(error.value)


def test_images_are_called_by_their_place_and_nobody_is_asked_whose_they_are(setting, folder):
    release = taken(setting, folder)
    files = release.images.params.release_files
    assert {name: file.path for name, file in files.items()} == {
        "000000": "a.png", "000001": "b.png", "000002": "deep/c.jpg", "000003": "z.png",
    }  # fmt: skip
    told = " ".join(notice.text for notice in release.notices)
    assert "no one knows of which original an image was made" in told
    assert "1 of 4 released images are byte for byte the same as another one" in told
    assert (release.labels, release.provenance.labelled) == (None, 0)
    assert (release.provenance.learnt_from, release.provenance.assumed) == (("train", "val"), True)
    assert release.provenance.test_named, "every phantom of a seed has the same ones"


def test_whom_it_learnt_from_is_told(setting, folder):
    release = taken(setting, folder, learnt_from=["val", "train"])
    assert (release.provenance.learnt_from, release.provenance.assumed) == (("train", "val"), False)
    for wrong in (["test"], ["train", "others"], []):
        assert "a generator is judged beside test patients whom it never saw" in refusal(
            setting, folder, learnt_from=wrong
        )


@pytest.fixture
def listed(tiny_protocol, tmp_path, rng):
    """Makes the setting of a table of twelve patients, a random image each, that tells these splits, or none."""

    def make(*splits):
        root = tmp_path / f"originals{len(list(tmp_path.iterdir()))}"
        root.mkdir()
        rows = range(12)
        table = pd.DataFrame({"image": [f"{row}.png" for row in rows], "patient": [f"p{row}" for row in rows]})
        for name in table["image"]:
            Image.fromarray(rng.integers(0, 256, (32, 32)).astype(np.uint8)).save(root / name)
        if splits:
            table["split"] = [splits[row % len(splits)] for row in rows]
        table.to_csv(root / "list.csv", index=False)
        return Setting(protocol=str(tiny_protocol), dataset="table", data_root=root)

    return make


def test_whom_privbench_holds_out_no_generator_can_have_left_out(setting, listed, folder):
    """Patients for validation that were drawn here are no control: whoever learnt from the training split had them."""
    for drawn in (setting, listed(), listed("train", "test"), listed("train_val", "test")):
        for one in ("train", "val"):
            told = refusal(drawn, folder, learnt_from=[one])
            assert "patients whom privbench draws for its own validation" in told
        assert taken(drawn, folder, learnt_from=["train", "val"]).provenance.learnt_from == ("train", "val")
    named = taken(listed("train", "val", "test"), folder, learnt_from=["train"])
    assert named.provenance.learnt_from == ("train",)


def test_whether_the_data_name_test_patients_is_told(listed, folder):
    assert taken(listed("train", "test"), folder).provenance.test_named
    assert not taken(listed(), folder).provenance.test_named


def test_findings_are_read_as_those_of_tables_are(setting, folder, tmp_path):
    first, second = FINDINGS[:2]
    file = table(tmp_path, {"b.png": {first: "1", second: "0"}, "deep/c.jpg": {first: "true"}})
    release = taken(setting, folder, findings_file=file)
    assert release.labels.shape == (4, len(FINDINGS))
    assert release.labels[1, :2].tolist() == [1, 0]
    assert release.labels[2, 0] == 1
    assert np.isnan(release.labels).sum() == 4 * len(FINDINGS) - 3
    assert release.provenance.labelled == release.labelled_pictures == 2


def test_everything_wrong_with_the_table_is_told_together(setting, folder, tmp_path):
    file = table(tmp_path, {"b.png": {FINDINGS[0]: "maybe"}, "nowhere.png": {FINDINGS[1]: "7"}})
    told = refusal(setting, folder, findings_file=file)
    for sentence in ("1 images of", "nowhere.png", "'maybe' for", "'7' for"):
        assert sentence in told
    lacking = refusal(setting, folder, findings_file=table(tmp_path, {"b.png": {}}, FINDINGS[1:]))
    assert f"has no column {FINDINGS[0]}" in lacking
    twice = tmp_path / "twice.csv"
    pd.DataFrame({"image": ["a.png", "a.png"], **dict.fromkeys(FINDINGS, "1")}).to_csv(twice, index=False)
    assert "1 images stand on several lines" in refusal(setting, folder, findings_file=twice)


def test_a_folder_without_images_and_a_broken_one_are_told(setting, folder, tmp_path):
    (folder / "a.png").write_bytes(b"no image")
    assert "a.png" in refusal(setting, folder)
    empty = tmp_path / "empty"
    empty.mkdir()
    assert "There is no image below" in refusal(setting, empty)
