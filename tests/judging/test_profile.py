"""A run's time is told stage by stage, and within trainings, as the store holds it."""

import json
import shutil

import pytest

from privbench.base.timing import EpochTime
from privbench.judging.profile import profile_of, trainings_of
from privbench.learning.clock import PHASES


def epoch(number: int, **changes) -> EpochTime:
    told = {"training": "siamese", "epoch": number, "steps": 10, "seconds": {"forward": 1.0, "waiting": 2.0}}
    return EpochTime(**(told | changes))


def test_epochs_of_a_training_are_added_up():
    other = epoch(0, training="other", flops=None)
    (one, another) = trainings_of("attack", [epoch(0, flops=3e9), other, epoch(1, flops=3e9)])
    assert (one.stage, one.training, one.steps, another.training, another.steps) == (
        "attack", "siamese", 20, "other", 10,
    )  # fmt: skip
    assert one.seconds == dict.fromkeys(PHASES, 0.0) | {"forward": 2.0, "waiting": 4.0}
    assert one.total == 6.0
    assert one.rate == 6e9 / 2.0, "what waits computes nothing"
    assert another.rate is None


def test_of_a_device_its_own_clock_counts_but_for_the_waiting():
    (one,) = trainings_of("attack", [epoch(0, device_seconds={"forward": 5.0, "waiting": 0.1})])
    assert (one.seconds["forward"], one.seconds["waiting"]) == (5.0, 2.0)


def test_every_stage_of_a_run_is_told(finished, store):
    stages = profile_of(finished.record, store)
    assert {one.name for one in stages} == {stage.name for stage in finished.record.stages}
    assert [one.seconds for one in stages] == sorted((one.seconds for one in stages), reverse=True)
    by_name = {one.name: one for one in stages}
    assert not by_name["data"].trainings
    (classifier,) = by_name["classifier"].trainings
    assert classifier.training == "guidance classifier"
    assert classifier.rate > 0
    assert min(classifier.seconds[name] for name in ("data", "forward", "backward", "optimizer", "validation")) > 0
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
    assert {row["table"] for row in rows} == {"stages", "trainings", "ceilings"}
    stages = [row for row in rows if row["table"] == "stages"]
    assert len(stages) == len(finished.record.stages)
    (trained,) = [row for row in rows if row["table"] == "trainings" and row["stage"] == "classifier"]
    assert trained["flops_per_second"] > 0
    assert 0 < trained["share_of_matrix_rate"] < 2


def test_people_get_tables(finished, store, capsys, monkeypatch):
    from command_line import call

    assert call(monkeypatch, "profile", str(finished.folder), "--store", str(store)) == 0
    shown = capsys.readouterr().out
    assert "Where the time of prichexy mu=0.05 went" in shown
    assert "decode rate" in shown
    assert "anonymizer" in shown
