"""VinDr-CXR in its published layout: no patients, readers who vote, a consensus, and the published split."""

import numpy as np
import pandas as pd
import pytest
from layouts import write_vindr_cxr

from privbench.base.errors import PrivbenchError
from privbench.base.progress import Progress
from privbench.datasets.public.vindr_cxr import VinDrCXR
from privbench.plugins.interfaces import DataRequest
from privbench.running.decoding import sound_table
from privbench.running.loading import read_splits, write_data

TRAIN = "annotations/image_labels_train.csv"


def request(root, told=None):
    return DataRequest(32, 0, root, 1, Progress(quiet=True), notice=(told if told is not None else []).append)


@pytest.fixture
def collection(tmp_path):
    return tmp_path, write_vindr_cxr(tmp_path)


def test_every_image_stands_for_itself_in_the_published_split(collection, tmp_path_factory):
    root, found = collection
    told, cache = [], tmp_path_factory.mktemp("cache")
    table = sound_table(VinDrCXR(), request(root, told))
    assert sorted(table["image"]) == sorted(found), "DICOM files, and PNGs in the place of some"
    assert table["patient"].is_unique
    assert not any(name in patient for name, patient in zip(table["image"], table["patient"], strict=True))
    assert table["split"].tolist() == [name.split("/")[0].replace("train", "train_val") for name in table["image"]]
    assert "they are held out of the training ones" in " ".join(one.text for one in told)
    write_data(VinDrCXR(), request(root), 0.25, cache, lambda table: None)
    splits = read_splits(cache, VinDrCXR.findings)
    assert {name: len(split.images) for name, split in splits.items()} == {"train": 24, "val": 8, "test": 16}
    assert all(split.images.std() > 20 for split in splits.values())


def test_what_an_image_is_called_decides_whose_it_is_and_nothing_else(collection):
    root, _ = collection
    before = sound_table(VinDrCXR(), request(root)).set_index("image")["patient"]
    labels = pd.read_csv(root / TRAIN, dtype=str)
    labels[labels["image_id"] != labels["image_id"].iloc[0]].to_csv(root / TRAIN, index=False)
    after = sound_table(VinDrCXR(), request(root)).set_index("image")["patient"]
    assert len(after) == len(before) - 1
    assert before[after.index].equals(after)


def test_a_finding_is_what_most_readers_see_and_what_the_consensus_says(collection):
    root, found = collection
    labels = pd.read_csv(root / TRAIN, dtype=str)
    first, second, third = labels["image_id"].unique()[:3]
    # One reader who tells nothing leaves two; of these one sees it. Where nobody tells, nobody knows.
    labels.loc[labels["image_id"] == first, "Edema"] = ["1", "0", ""]
    labels.loc[labels["image_id"] == second, "Edema"] = ["", "", ""]
    labels.loc[labels["image_id"] == third, "Edema"] = ["1", "", ""]
    labels.to_csv(root / TRAIN, index=False)
    table = sound_table(VinDrCXR(), request(root)).set_index("image")
    assert [table.loc[image, "Cardiomegaly"] for image in found] == list(found.values())
    assert (table["Nodule/Mass"] == 0).all(), "one reader of three is no majority"
    assert set(table["Effusion"]) == {0, 1}
    assert "No finding" not in table.columns
    assert "Other diseases" not in table.columns
    named = {name: next(one for one in table.index if name in one) for name in (first, second, third)}
    assert np.isnan(table.loc[named[first], "Edema"])
    assert np.isnan(table.loc[named[second], "Edema"])
    assert table.loc[named[third], "Edema"] == 1


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda rows: rows.assign(Edema=["2", *rows["Edema"][1:]]), "1, 0, -1 .uncertain. or nothing belongs"),
        (lambda rows: pd.concat([rows, rows.iloc[:1]]), "tells twice of the image .* by one reader"),
        (lambda rows: rows.drop(columns="rad_id"), "has no column 'rad_id', which vindr-cxr has"),
        (lambda rows: rows.rename(columns={"Pleural effusion": "Effusion"}), "has no column 'Pleural effusion'"),
    ],
)
def test_another_table_is_refused(collection, change, what):
    root, _ = collection
    change(pd.read_csv(root / TRAIN, dtype=str)).to_csv(root / TRAIN, index=False)
    with pytest.raises(PrivbenchError, match=what):
        sound_table(VinDrCXR(), request(root))


@pytest.mark.parametrize("idle", ["test_share", "views"])
def test_what_would_do_nothing_is_refused(idle):
    with pytest.raises(PrivbenchError, match=f"'{idle}' does nothing in vindr-cxr"):
        VinDrCXR(**{idle: {"test_share": 0.4, "views": "all"}[idle]})


def test_no_ledger_knows_its_patients(collection):
    assert VinDrCXR().collection(request(collection[0])) is None
