"""The record of a run tells what was found, with what, where, and what it cost."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from privbench.engine.manifest import Manifest
from privbench.engine.store import Stage
from privbench.evaluate.run import evaluate, warnings_of
from privbench.plugins.code import plugin_digest
from privbench.protocols.schema import Protocol, without_places
from privbench.record.folder import MEASUREMENTS, UTILITY_SCORES, read_attack_scores
from privbench.record.scores import read_scores
from privbench.running.pipeline import Made
from privbench.running.recording import record_of
from privbench.running.stage_names import DATA, StageName


@pytest.fixture(scope="module")
def evaluation(finished):
    """The figures of the finished run, from its scores."""
    record = finished.record
    return evaluate(
        read_attack_scores(finished.folder),
        read_scores(finished.folder / UTILITY_SCORES),
        read_scores(finished.folder / MEASUREMENTS),
        Protocol.model_validate(record.protocol),
        {attack.name: attack.version for attack in record.attacks},
        {task.name: task.version for task in record.utilities},
    )


@pytest.fixture
def made(tmp_path):
    """Two stages, one of which was there before."""
    manifest = Manifest(
        name="data", version="1", config={}, inputs={"release": "r"}, files={}, seconds=1.5, peak_memory_mib=300
    )
    stages = {
        DATA: Stage(tmp_path, "k1", manifest, cached=True),
        StageName("attack", ("contrastive", "AO"), 0): Stage(tmp_path, "k2", manifest, cached=False),
    }
    return Made(
        attacks=None, readings=None, measurements=None, examples=tmp_path, anonymizer_state=tmp_path,
        data_digest="d" * 64, stages=stages, curves=(), warnings=("few pairs",),
    )  # fmt: skip


def test_the_figures_are_those_of_the_evaluation(pipeline, made, evaluation, finished):
    record = record_of(pipeline, made, evaluation, ["mu"])
    for part in ("worst_case", "attacks", "inferences", "utilities", "measurements"):
        assert getattr(record, part) == getattr(evaluation, part) == getattr(finished.record, part)


def test_what_the_stages_told_comes_before_what_the_figures_tell(pipeline, made, evaluation):
    record = record_of(pipeline, made, evaluation, [])
    assert record.warnings == ["few pairs", *warnings_of(evaluation)]
    assert len(record.warnings) > 1


def test_every_stage_is_told_with_its_cost(pipeline, made, evaluation):
    stages = record_of(pipeline, made, evaluation, []).stages
    assert [(stage.name, stage.key, stage.cached) for stage in stages] == [
        ("data", "k1", True),
        ("attack contrastive AO 0", "k2", False),
    ]
    assert {(stage.seconds, stage.peak_memory_mib) for stage in stages} == {(1.5, 300)}


def test_the_method_is_told_with_all_parameters_and_those_that_the_user_chose(pipeline, made, evaluation):
    told = record_of(pipeline, made, evaluation, ("mu",)).anonymizer
    assert (told.name, told.version) == ("prichexy", pipeline.anonymizer.version)
    assert told.params == pipeline.anonymizer.params.model_dump(mode="json")
    assert (told.given, told.params["mu"]) == (["mu"], 0.05)
    assert told.deterministic is pipeline.anonymizer.deterministic
    assert told.code == plugin_digest(type(pipeline.anonymizer))


def test_the_run_is_told_by_what_it_was_made_under(pipeline, made, evaluation):
    record = record_of(pipeline, made, evaluation, [])
    assert (record.key, record.terms) == (pipeline.key, pipeline.terms)
    assert record.data_digest == "d" * 64
    assert record.fingerprint == pipeline.fingerprint("d" * 64)
    other = record_of(pipeline, replace(made, data_digest="e" * 64), evaluation, [])
    assert other.fingerprint != record.fingerprint
    assert record.protocol == without_places(pipeline.protocol.model_dump(mode="json"))
    assert (record.device["type"], record.device["precision"]) == ("cpu", "32-true")
    assert record.files == {}, "the folder is sealed later"


def test_the_time_is_told_with_its_zone(pipeline, made, evaluation):
    before = datetime.now(UTC).replace(microsecond=0)
    created = datetime.fromisoformat(record_of(pipeline, made, evaluation, []).created)
    assert created.tzinfo is not None
    assert before <= created <= datetime.now(UTC)
