"""Public collections are read in their published layouts, and damage is told."""

import re
from collections import defaultdict

import numpy as np
import pytest
from command_line import call
from layouts import LAYOUTS

from privbench.base.errors import PrivbenchError
from privbench.base.progress import Progress
from privbench.data.table import checked_rows
from privbench.plugins.interfaces import DataRequest, Dataset
from privbench.plugins.registry import Registry
from privbench.record.run import read_run
from privbench.running.loading import read_splits, write_data

PUBLISHED_SPLITS = ("mimic-cxr-jpg", "rexgradient", "taix-ray")
ORDERED = ("brax", "chexpert", "covid19-image-data", "mimic-cxr-jpg", "padchest", "rexgradient", "taix-ray")
AGED = {"mimic-cxr-jpg": None, "bimcv-covid19": lambda shot: 40 + shot.patient}
SIGNS = {"taix-ray": "HeartSize", "covid19-image-data": "COVID-19", "rexgradient": None}
"""The finding of the ill, where it is not Cardiomegaly."""
UNTOLD = ("covid19-image-data", "padchest")
"""Where patient 0 has no label."""
PICTURES = (".png", ".jpg", ".jpeg")


@pytest.fixture(scope="module", params=LAYOUTS)
def collection(request, tmp_path_factory):
    """A name, a folder, and which image is of whom."""
    root = tmp_path_factory.mktemp(request.param)
    return request.param, root, LAYOUTS[request.param](root)


def made(name, **params):
    return Registry().create(Dataset, name, params)


def request_of(root, told=None):
    return DataRequest(32, 0, root, 1, Progress(quiet=True), notice=(told if told is not None else []).append)


def test_images_patients_and_what_is_known_of_them(collection):
    name, root, shots = collection
    told = []
    dataset = made(name)
    table = checked_rows(dataset.table(request_of(root, told)), dataset.findings).set_index("image")
    frontal = {image: shot for image, shot in shots.items() if shot.view != "L"}
    assert sorted(table.index) == sorted(frontal)
    table = table.loc[list(frontal)]
    groups = defaultdict(set)
    for patient, shot in zip(table["patient"], frontal.values(), strict=True):
        groups[patient].add(shot.patient)
    assert len(groups) == 24
    assert all(len(people) == 1 for people in groups.values())
    assert table["view"].tolist() == [shot.view for shot in frontal.values()]
    if name == "mimic-cxr-jpg":
        assert (table["sex"] == "").all()
    else:
        assert table["sex"].tolist() == [shot.sex for shot in frontal.values()]
    if (age := AGED.get(name, lambda shot: shot.age)) is None:
        assert table["age"].isna().all()
    else:
        assert table["age"].tolist() == [age(shot) for shot in frontal.values()]
    if name in ORDERED:
        assert table["follow_up"].tolist() == [shot.study for shot in frontal.values()]
    else:
        assert table["follow_up"].isna().all()
    if name != "taix-ray":
        assert table.groupby("patient")["study"].nunique().eq(2).all()
        assert not (table["study"] == "").any()
    assert any("not known to be PA or AP" in one.text for one in told) == (name != "taix-ray")
    assert any("left out, because" in one.text for one in told) is False


def test_findings_are_present_absent_or_unknown(collection):
    name, root, shots = collection
    dataset = made(name)
    table = dataset.table(request_of(root)).set_index("image")
    assert set(dataset.findings) <= set(table.columns)
    if (sign := SIGNS.get(name, "Cardiomegaly")) is None:
        assert dataset.findings == ()
        return
    for image, label in table[sign].items():
        if name in UNTOLD and shots[image].patient == 0:
            assert np.isnan(label)
        else:
            assert label == shots[image].ill, image
    if "Edema" in dataset.findings and name not in ("padchest", "bimcv-covid19"):
        ill = [shots[image].ill for image in table.index]
        assert table["Edema"].isna().tolist() == ill
        assert (made(name, uncertain="positive").table(request_of(root))["Edema"] == ill).all()
        assert table["Support Devices"].notna().tolist() == ill, "whoever has no finding may have devices"


def test_splits_are_the_published_ones_or_drawn_by_patient(collection):
    name, root, shots = collection
    told = []
    table = made(name).table(request_of(root, told))
    assert table.groupby("patient")["split"].nunique().max() == 1
    assert made(name).names_test(request_of(root)) == (name in PUBLISHED_SPLITS)
    if name in PUBLISHED_SPLITS:
        assert table["split"].tolist() == [shots[image].split for image in table["image"]]
    else:
        assert "no splits are named: 5 of 24 patients were drawn for the test" in [one.text for one in told]


IDLE = {name: {"test_share"} for name in PUBLISHED_SPLITS}
IDLE |= {"taix-ray": {"test_share", "views"}, "bimcv-covid19": {"missing"}}
"""Parameters that nothing would come of."""


def test_a_parameter_does_something_or_is_refused(collection):
    name, root, shots = collection
    idle = IDLE.get(name, set())
    for parameter, value in {"test_share": 0.4, "views": "all", "missing": "leave out"}.items():
        if parameter in idle:
            with pytest.raises(PrivbenchError, match=f"'{parameter}' does nothing in {name}, wh.*: leave it out"):
                made(name, **{parameter: value})
    as_ever = made(name).anew().table(request_of(root))
    if "test_share" not in idle:
        assert not made(name, test_share=0.4).table(request_of(root))["split"].equals(as_ever["split"])
    if "missing" not in idle:
        gone = next(root / image for image, shot in shots.items() if shot.view != "L" and shot.number != 0)
        content = gone.read_bytes()
        gone.unlink()
        with pytest.raises(PrivbenchError, match="not there"):
            made(name).table(request_of(root))
        assert len(made(name, missing="leave out").table(request_of(root))) == len(as_ever) - 1
        gone.write_bytes(content)


def test_all_views_are_read_on_demand(collection):
    name, root, shots = collection
    if "views" in IDLE.get(name, ()):
        assert len(made(name).table(request_of(root))) == len(shots)
        return
    assert len(made(name, views="all").table(request_of(root))) == len(shots)


@pytest.mark.slow
def test_an_identity_run_comes_to_a_verdict(collection, tiny_protocol, tmp_path, monkeypatch):
    name, root, shots = collection
    brief = [
        "attacks.siamese=none", "attacks.contrastive=none", "pairs.test=20", "pairs.val=10",
        'utilities.classification.modes=["frozen"]',
    ]  # fmt: skip
    changes = [part for change in brief for part in ("--set", change)]
    places = ["--data-root", root, "--store", tmp_path / "store", "--out", tmp_path / "run"]
    line = ["run", "--protocol", tiny_protocol, "--anonymizer", "identity", "--dataset", name]
    assert call(monkeypatch, *line, *places, *changes) == 0
    record = read_run(tmp_path / "run")
    assert record.protocol["data"]["dataset"] == name
    assert bool(record.utilities) == bool(made(name).findings)
    assert str(root) not in (tmp_path / "run" / "run.json").read_text()
    dataset = made(name)
    (folder,) = (tmp_path / "store" / "data").glob("[!.]*")
    assert sum(len(split.images) for split in read_splits(folder, dataset.findings).values()) == sum(
        shot.view != "L" for shot in shots.values()
    )


def test_pixels_are_those_of_the_named_files(collection, tmp_path):
    name, root, _ = collection
    dataset = made(name)
    write_data(dataset, request_of(root), 0.2, tmp_path, lambda table: None)
    images = np.concatenate([split.images for split in read_splits(tmp_path, dataset.findings).values()])
    patients = np.concatenate([split.table["patient"] for split in read_splits(tmp_path, dataset.findings).values()])
    flat = images.reshape(len(images), -1).astype(float)
    alike = np.corrcoef(flat) - 2 * np.eye(len(flat))
    assert (patients[alike.argmax(1)] == patients).all(), "an image is most like the other one of its patient"


def test_a_file_that_is_gone_or_another_is_told(collection):
    """Of each that tells something of images: it is missing, empty, another table, and no text."""
    name, root, _ = collection
    for file in [file for file in root.rglob("*.*") if file.is_file() and file.suffix not in PICTURES]:
        if file.parent.name == "mod-rx" or file.name == "valid.csv":
            continue  # BIMCV's beside the images are not read, and who lacks CheXpert's can do without
        content = file.read_bytes()
        for damage in (None, b"", b"other\n1\n", b"\xff\xfe"):
            if damage is None:
                file.unlink()
            else:
                file.write_bytes(damage)
            with pytest.raises(PrivbenchError, match=re.escape(file.name[:6])):
                made(name).table(request_of(root))
        file.write_bytes(content)
    made(name).table(request_of(root))


def test_ledgers_know_the_patients_of_chexpert_by_one_name(collection):
    name, root, _ = collection
    assert made(name).collection(request_of(root)) == {"chexpert-plus": "chexpert"}.get(name, name)
