"""What would end a run after hours of training is told from its tables, all of it, before an image is read."""

import numpy as np
import pandas as pd
import pytest

import privbench
from privbench import Dataset
from privbench.base.errors import PrivbenchError
from privbench.data.splits import COLUMNS
from privbench.plugins.interfaces import InferenceAttack
from privbench.plugins.registry import Registry
from privbench.protocols.schema import load_protocol
from privbench.running.rehearsal import Rehearsal

FINDINGS = ("Mass", "Edema")


@pytest.fixture
def protocol(tiny_protocol):
    return load_protocol(str(tiny_protocol))


def table_of(train=20, val=8, test=8, images=3):
    """Patients with three images each, every second one ill."""
    rows = [
        (f"{split}{patient}_{number}.png", f"{split}{patient}", "", number, 50, "F", "PA", split, patient % 2,
         1 - patient % 2)
        for split, patients in (("train", train), ("val", val), ("test", test))
        for patient in range(patients)
        for number in range(images)
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=[*COLUMNS, *FINDINGS])


def problems(protocol, table, attacks=None):
    with pytest.raises(PrivbenchError) as error:
        Rehearsal(protocol, FINDINGS, attacks or {})(table)
    return str(error.value)


def test_a_table_that_serves_is_silent_and_left_as_it_was(protocol):
    table = table_of()
    before = table.copy()
    Rehearsal(protocol, FINDINGS, {})(table)
    assert table.equals(before)


@pytest.mark.parametrize("patients", [1, 2])
def test_too_few_test_patients_are_told(protocol, patients):
    told = problems(protocol, table_of(test=patients))
    assert "test" in told
    assert "too few" in told or "re-paired" in told
    Rehearsal(protocol, FINDINGS, {})(table_of(test=3))


def test_everything_is_told_together(protocol, tmp_path):
    (tmp_path / "val.txt").write_text("val0_0.png val1_0.png 1\n")
    (tmp_path / "test.txt").write_text("test0_0.png lost.png 0\n")
    pairs = {"val_file": tmp_path / "val.txt", "test_file": tmp_path / "test.txt"}
    table = table_of(train=5, images=1).assign(Mass=0, Edema=0)
    told = problems(protocol.model_copy(update={"pairs": protocol.pairs.model_copy(update=pairs)}), table)
    assert told.startswith("4 things are wrong:")
    assert "No patient of the train split has two images" in told
    assert "val.txt, line 1: labelled 1, but the images are of patients val0 and val1" in told
    assert "test.txt, line 1: lost.png is no image of the test split" in told
    assert "No finding is both present and absent among the test images" in told


@pytest.mark.parametrize("labels", [0, 1, np.nan])
def test_a_test_split_without_ill_and_healthy_images_is_told(protocol, labels):
    table = table_of()
    table[list(FINDINGS)] = table[list(FINDINGS)].astype(float)
    table.loc[table["split"] == "test", list(FINDINGS)] = labels
    assert "No finding is both present and absent among the test images" in problems(protocol, table)


def test_an_attribute_that_the_data_do_not_tell_is_named(protocol):
    class Weighing(InferenceAttack):
        name = "weighing"
        attributes = ("age", "weight")

        def fit(self, train, val, guidance, ctx):
            raise AssertionError

        def infer(self, gallery, ctx):
            raise AssertionError

    told = problems(protocol, table_of(), {"scales": Weighing()})
    assert told == (
        "The attack scales infers 'weight', which the data set tells of no training image: "
        "leave it out with --set attacks.scales=none."
    )


def test_an_attribute_has_to_be_told_of_training_images_that_are_released(protocol):
    class Aging(InferenceAttack):
        name = "aging"
        attributes = ("age",)

        def fit(self, train, val, guidance, ctx):
            raise AssertionError

        def infer(self, gallery, ctx):
            raise AssertionError

    table = table_of()
    train = np.flatnonzero(table["split"] == "train")
    table.loc[train[:-6], "age"] = np.nan
    rehearse = Rehearsal(protocol, FINDINGS, {"scales": Aging()})
    rehearse(table)
    with pytest.raises(PrivbenchError, match="'age', which the data set tells of no training image"):
        rehearse(table, {"train": np.arange(len(train) - 6)})


def test_a_run_tells_it_before_an_image_is_read(tiny_protocol, tmp_path):
    """The data set would not even be able to read one."""

    class Unread(Dataset):
        name = "unread"
        findings = FINDINGS

        def source(self, request):
            return {}

        def table(self, request):
            return table_of(test=2)

        def read(self, table, request):
            raise AssertionError

    registry = Registry()
    registry.add(Unread)
    told = "One patient of the test split|too few"
    with pytest.raises(PrivbenchError, match=told):
        privbench.run(
            "identity", protocol=str(tiny_protocol), dataset="unread", registry=registry, store=tmp_path / "store",
            out=tmp_path / "out",
        )  # fmt: skip
    assert not (tmp_path / "out").exists()


def test_missing_lists_of_pairs_are_told_together_before_anything_is_made(tiny_protocol, tmp_path):
    overrides = [f"pairs.{split}_file={tmp_path}/{split}.txt" for split in ("train", "val", "test")]
    with pytest.raises(PrivbenchError, match=r"3 things are wrong:(.|\n)*train\.txt(.|\n)*val\.txt(.|\n)*test\.txt"):
        privbench.run("identity", protocol=str(tiny_protocol), overrides=overrides, store=tmp_path / "store")
    assert not (tmp_path / "store").exists()
