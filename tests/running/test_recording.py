"""The record of a run tells what was found, with what, where, and what it cost."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from privbench.engine.manifest import Manifest
from privbench.engine.store import Stage
from privbench.evaluate.run import evaluate, warnings_of
from privbench.plugins.code import plugin_digest
from privbench.protocols.schema import Protocol, without_places
from privbench.record.folder import COPY_SCORES, MEASUREMENTS, UTILITY_SCORES, read_attack_scores
from privbench.record.scores import read_scores
from privbench.running.recording import record_of, split_trainings
from privbench.running.stage_names import DATA, StageName


@pytest.fixture(scope="module")
def figures(finished):
    """The figures of the finished run, from its scores."""
    record = finished.record
    return evaluate(
        read_attack_scores(finished.folder),
        read_scores(finished.folder / UTILITY_SCORES),
        read_scores(finished.folder / MEASUREMENTS),
        read_scores(finished.folder / COPY_SCORES),
        Protocol.model_validate(record.protocol),
        {attack.name: attack.version for attack in record.attacks},
        {task.name: task.version for task in record.utilities},
    ).figures


def stage(folder, key, cached, data="d"):
    """A stage whose digest is that of its only file."""
    manifest = Manifest(
        name="data", version="1", config={}, inputs={"release": "r"}, files={"images.npy": data}, seconds=1.5,
        peak_memory_mib=300,
    )  # fmt: skip
    return Stage(folder, key, manifest, cached, seen=())


@pytest.fixture
def stages(tmp_path):
    """Two stages, one of which was there before."""
    attack = StageName("attack", ("contrastive", "AO"), 0)
    return {DATA: stage(tmp_path, "k1", True), attack: stage(tmp_path, "k2", False)}


def test_the_figures_are_those_of_the_evaluation(pipeline, stages, figures, finished):
    record = record_of(pipeline, stages, figures, [], ["mu"])
    for part in ("worst_case", "attacks", "inferences", "utilities", "measurements", "copies"):
        assert getattr(record, part) == getattr(figures, part) == getattr(finished.record, part)


def test_what_the_stages_told_comes_before_what_the_figures_tell(pipeline, stages, figures):
    record = record_of(pipeline, stages, figures, ["few pairs"], [])
    assert record.warnings == ["few pairs", *warnings_of(figures)]
    assert len(record.warnings) > 1


def test_trainings_that_were_computed_in_parts_are_told(pipeline, stages, figures):
    row = {"stage": "attack siamese AO 0", "training": "siamese", "epoch": 0, "val_loss": 0.5}
    split = split_trainings(
        [row, row | {"training": "other", "at_once": 16}, row | {"training": "other", "at_once": 16}]
    )
    warnings = record_of(pipeline, stages, figures, ["few pairs"], [], split=split).warnings
    assert warnings[0] == "few pairs"
    assert "the training 'other' of the stage attack siamese AO 0 computed its batches 16 rows at once" in warnings[1]
    assert warnings[2:] == warnings_of(figures)


def test_another_precision_is_told(pipeline, stages, figures):
    """Runs in both may stand in one table."""
    mixed = replace(pipeline, precision="bf16-mixed")
    told = record_of(mixed, stages, figures, [], []).warnings
    assert mixed.fingerprint("d") == pipeline.fingerprint("d")
    assert told[0].startswith("computed in bf16-mixed: a difference from runs in 32-true")
    assert told[1:] == warnings_of(figures)


def test_every_stage_is_told_with_its_cost(pipeline, stages, figures):
    told = record_of(pipeline, stages, figures, [], []).stages
    assert [(stage.name, stage.key, stage.cached) for stage in told] == [
        ("data", "k1", True),
        ("attack contrastive AO 0", "k2", False),
    ]
    assert {(stage.seconds, stage.peak_memory_mib) for stage in told} == {(1.5, 300)}
    assert [(stage.digest, stage.inputs) for stage in told] == [(stages[DATA].digest, {"release": "r"})] * 2


def test_the_method_is_told_with_all_parameters_and_those_that_the_user_chose(pipeline, stages, figures):
    told = record_of(pipeline, stages, figures, [], ("mu",)).anonymizer
    assert (told.name, told.version) == ("prichexy", pipeline.anonymizer.version)
    assert told.params == pipeline.anonymizer.params.model_dump(mode="json")
    assert (told.given, told.params["mu"]) == (["mu"], 0.05)
    assert told.deterministic is pipeline.anonymizer.deterministic
    assert told.code == plugin_digest(type(pipeline.anonymizer))


def test_the_run_is_told_by_what_it_was_made_under(pipeline, stages, figures, tmp_path):
    record = record_of(pipeline, stages, figures, [], [])
    assert (record.key, record.terms) == (pipeline.key, pipeline.terms)
    digest = stages[DATA].digest
    assert (record.data_digest, record.fingerprint) == (digest, pipeline.fingerprint(digest))
    others = stages | {DATA: stage(tmp_path, "k1", True, data="e")}
    other = record_of(pipeline, others, figures, [], [])
    assert other.data_digest != digest
    assert other.fingerprint != record.fingerprint
    assert record.protocol == without_places(pipeline.protocol.model_dump(mode="json"))
    assert [record.device[name] for name in ("type", "precision", "threads")] == ["cpu", "32-true", "1"]
    assert record.files == {}, "the folder is sealed later"


def test_the_time_is_told_with_its_zone(pipeline, stages, figures):
    before = datetime.now(UTC).replace(microsecond=0)
    created = datetime.fromisoformat(record_of(pipeline, stages, figures, [], []).created)
    assert created.tzinfo is not None
    assert before <= created <= datetime.now(UTC)
