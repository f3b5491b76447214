"""A run's time is told stage by stage, and within trainings, as the store holds it."""

import json
import shutil

import pytest

from privbench.base.timing import Decoding, EpochTime
from privbench.judging.ceilings import COPY, CUDA, DECODE, MATRIX, Arithmetic, Bounds, Ceiling
from privbench.judging.profile import StageCost, profile_of, trainings_of
from privbench.learning.clock import PHASES
from privbench.report.tables.profile import profile_sheet


def epoch(number: int, **changes) -> EpochTime:
    told = {"training": "siamese", "epoch": number, "steps": 10, "seconds": {"forward": 1.0, "waiting": 2.0}}
    return EpochTime(**(told | changes))


def test_epochs_of_a_training_are_added_up():
    other = epoch(0, training="other", flops=None)
    (one, another) = trainings_of("attack", [epoch(0, flops=3e9), other, epoch(1, flops=3e9)])
    assert (one.stage, one.training, one.steps, another.training, another.steps) == (
        "attack", "siamese", 20, "other", 10,
    )  # fmt: skip
    assert one.parts == one.processor_seconds == dict.fromkeys(PHASES, 0.0) | {"forward": 2.0, "waiting": 4.0}
    assert one.device_seconds is None
    assert one.total == 6.0
    assert one.rate == 6e9 / 2.0, "what waits computes nothing"
    assert another.rate is None
    assert one.optimizer_rate is another.optimizer_rate is None, "an older privbench does not tell"


HOST = {"data": 0.25, "forward": 1.0, "backward": 0.5, "optimizer": 0.25, "waiting": 2.5, "validation": 0.5}
DEVICE = {"data": 0.125, "forward": 1.5, "backward": 2.0, "optimizer": 0.75, "waiting": 0.125, "validation": 0.5}
"""Of one epoch, which lasts five seconds by either clock."""


def on_a_device() -> list[EpochTime]:
    told = {"seconds": HOST, "device_seconds": DEVICE, "flops": 8.75e12, "optimizer_bytes": 3e12}
    return [epoch(number, **told) for number in range(2)]


def test_of_a_device_no_second_counts_twice():
    (one,) = trainings_of("attack", on_a_device())
    assert one.total == 10.0, "by the clock on the wall"
    assert sum(one.parts.values()) == one.total
    assert one.parts == {"data": 0.25, "forward": 3.25, "backward": 4.0, "optimizer": 1.5, "validation": 1.0}
    assert one.processor_seconds == {name: 2 * seconds for name, seconds in HOST.items()}
    assert one.rate == 2 * 8.75e12 / (3.25 + 4.0 + 1.5)
    assert one.optimizer_rate == 2 * 3e12 / 1.5


def test_rates_are_shown_as_shares_of_what_they_are_held_against():
    stage = StageCost("attack", False, 11.0, 1.0, 0.5, 2.0, trainings_of("attack", on_a_device()), None)
    read = Decoding(images=30, pixels=30 * 2**20, helpers=4, seconds=2.0)
    data = StageCost("data", True, 3.0, 1.0, None, None, (), read)
    fast = Ceiling(MATRIX, CUDA, None, Arithmetic("32-true", tf32=True), 8e12)
    bounds = Bounds(fast, Ceiling(COPY, CUDA, None, None, 16e12), Ceiling(DECODE, "cpu", 4, None, 60.0 * 2**20))
    ceilings = [Ceiling(MATRIX, CUDA, None, Arithmetic("32-true"), 1e12), bounds.matrix, bounds.copy, bounds.decode]
    sheet = profile_sheet("a run", [stage, data], ceilings, bounds)
    _, decoding, trainings, table = sheet.tables
    texts = [cell.text for cell in trainings.groups[0].rows[0]]
    assert texts[2] == "10.0"
    assert texts[4:] == [
        "backward 40%, forward 32%, optimizer 15%, validation 10%, data 2%",
        "waiting 50%, forward 20%, backward 10%, validation 10%, data 5%, optimizer 5%",
        "4000.0 GB/s, 25%",
        "2000.0",
        "25%",
    ]
    assert [cell.text for cell in decoding.groups[0].rows[0]] == ["data", "30", "2.0", "4", "15", "15.7", "25%"]
    beside = {(row[0].text, row[3].text): row[5].text for row in table.groups[0].rows}
    assert beside == {
        ("matrix rate", "32-true"): "–", ("matrix rate", "32-true, TF32"): "trainings",
        ("memory bandwidth", ""): "optimizers", ("decode rate", ""): "reading of images",
    }  # fmt: skip
    (bare,) = [one for one in profile_sheet("a run", [stage], ceilings, Bounds()).tables if "trainings" in one.caption]
    assert [cell.text for cell in bare.groups[0].rows[0]][6:] == ["4000.0 GB/s", "2000.0", "–"]


def test_every_stage_of_a_run_is_told(finished, store):
    stages = profile_of(finished.record, store)
    assert {one.name for one in stages} == {stage.name for stage in finished.record.stages}
    assert [one.seconds for one in stages] == sorted((one.seconds for one in stages), reverse=True)
    by_name = {one.name: one for one in stages}
    assert not by_name["data"].trainings
    (classifier,) = by_name["classifier"].trainings
    assert classifier.training == "guidance classifier"
    assert classifier.rate > 0
    assert classifier.optimizer_rate > 0
    assert min(classifier.parts[name] for name in ("data", "forward", "backward", "optimizer", "validation")) > 0
    assert 0 < classifier.total <= by_name["classifier"].seconds
    assert by_name["classifier"].processor > 0
    titles = [one.training for one in by_name["anonymizer"].trainings]
    assert titles == ["prichexy pretraining", "prichexy against the guidance"]


def test_times_are_no_part_of_what_a_stage_puts_out(finished, store):
    stage = next(one for one in finished.record.stages if one.name == "classifier")
    told = json.loads((store / "classifier" / stage.key / "stage.json").read_text())
    assert told["trainings"]
    assert "stage.json" not in told["files"]
    assert all(
        "seconds" not in row for row in json.loads((store / "classifier" / stage.key / "curves.json").read_text())
    )


def test_a_stage_that_the_store_lost_tells_what_the_run_knows(finished, tmp_path):
    lost = profile_of(finished.record, tmp_path)
    assert {one.name: one.seconds for one in lost} == {one.name: one.seconds for one in finished.record.stages}
    assert all((one.processor, one.device_memory_mib, one.trainings) == (None, None, ()) for one in lost)


def test_a_stage_that_is_another_one_by_now_is_not_told(finished, store, tmp_path):
    record = finished.record
    stage = next(one for one in record.stages if one.name == "classifier")
    kept = tmp_path / "classifier" / stage.key
    shutil.copytree(store / "classifier" / stage.key, kept)
    other = record.model_copy(update={"stages": [stage.model_copy(update={"digest": "0" * 64})]})
    assert profile_of(other, tmp_path)[0].trainings == ()
    assert profile_of(record.model_copy(update={"stages": [stage]}), tmp_path)[0].trainings != ()


@pytest.mark.parametrize("form", [["--json"], ["--format", "json"]])
def test_machines_get_every_row(finished, store, capsys, monkeypatch, form):
    from command_line import call

    assert call(monkeypatch, "profile", str(finished.folder), "--store", str(store), *form) == 0
    rows = json.loads(capsys.readouterr().out)
    assert {row["table"] for row in rows} == {"stages", "trainings", "ceilings"}, "no phantom is read from a file"
    stages = [row for row in rows if row["table"] == "stages"]
    assert len(stages) == len(finished.record.stages)
    (trained,) = [row for row in rows if row["table"] == "trainings" and row["stage"] == "classifier"]
    assert trained["flops_per_second"] > 0
    assert 0 < trained["share_of_matrix_rate"] < 2
    assert trained["share_of_memory_bandwidth"] > 0


def test_people_get_tables(finished, store, capsys, monkeypatch):
    from command_line import call

    assert call(monkeypatch, "profile", str(finished.folder), "--store", str(store)) == 0
    shown = capsys.readouterr().out
    assert "Where the time of prichexy mu=0.05 went" in shown
    assert "memory bandwidth" in shown
    assert "decode rate" not in shown, "nothing is to be held against it"
    assert "anonymizer" in shown
