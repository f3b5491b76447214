"""Who will be tested is known before anything is computed; and who was seen is told by splits or by a list."""

import pytest

from privbench.base.errors import PrivbenchError
from privbench.data.ledger import Roster, overlap
from privbench.data.table import checked_rows
from privbench.running.loading import read_splits
from privbench.running.roster import ledger_of_list, ledger_of_splits, roster_of
from privbench.running.setting import Setting


@pytest.fixture(scope="module")
def roster(tiny_protocol):
    return roster_of(Setting(protocol=str(tiny_protocol)))


def test_the_patients_are_those_of_the_run(roster, pipeline, engine):
    engine.make({"data": [pipeline.data]})
    splits = read_splits(engine.made[pipeline.data].folder, pipeline.dataset.findings)
    assert {name: set(split.table["patient"]) for name, split in splits.items()} == {
        name: set(patients) for name, patients in roster.patients.items()
    }
    assert roster.cohort.name == "phantom, version 2, seed 0"


def test_whoever_is_left_out_is_none_of_them(roster, tiny_protocol, tmp_path):
    listed, (gone, *others) = tmp_path / "bad.txt", roster.patients["test"]
    setting = Setting(protocol=str(tiny_protocol), overrides=[f"data.exclude_file={listed}"])
    whole = Setting(protocol=str(tiny_protocol))
    dataset, request = whole.data(whole.load())
    table = checked_rows(dataset.table(request), dataset.findings)
    listed.write_text("\n".join(table.loc[table["patient"] == gone, "image"]))
    assert roster_of(setting).patients["test"] == others
    listed.write_text("nowhere.png")
    with pytest.raises(PrivbenchError, match=r"stand in no table: nowhere\.png"):
        roster_of(setting)


def test_splits_are_told(roster):
    known = ledger_of_splits(roster, ["train", "test"])
    assert overlap(known, roster).seen == {"train": 34, "val": 0, "test": 18}
    with pytest.raises(PrivbenchError, match="There is no split 'tets': did you mean 'test'"):
        ledger_of_splits(roster, ["tets"])


def test_listed_patients_are_told_however_they_are_written(roster, tmp_path):
    listed = tmp_path / "list.txt"
    first, last = roster.patients["train"][0], roster.patients["test"][-1]
    listed.write_text(f"{int(first)}\n\n {last} \r\n")
    assert overlap(ledger_of_list(roster, listed), roster).seen == {"train": 1, "val": 0, "test": 1}


@pytest.mark.parametrize(
    ("text", "message"),
    [("\n", "lists no patient: write one a line"), ("1\n99\nA-1\n", "lists 99, A-1, whom .* not know")],
)
def test_a_list_of_strangers_or_of_nobody_is_refused(roster, tmp_path, text, message):
    (tmp_path / "list.txt").write_text(text)
    with pytest.raises(PrivbenchError, match=message):
        ledger_of_list(roster, tmp_path / "list.txt")


def test_real_patients_are_known_again_in_another_part_of_their_collection(real_data):
    """A part without the other patients, whose numbers are written without zeros."""
    chosen = {"dataset": "chestxray14", "data_root": real_data / "chestxray14-mini"}
    whole = roster_of(Setting(**chosen, overrides=["data.validation=0.2"]))
    assert (whole.cohort.name, whole.cohort.published) == ("chestxray14", True)
    part = Roster.of(whole.cohort.name, {"test": [str(int(one)) for one in whole.patients["test"][:7]]})
    assert overlap(ledger_of_splits(whole, ["test"]), part).seen == {"test": 7}
    assert overlap(ledger_of_splits(whole, ["train", "val"]), part).seen == {"test": 0}
