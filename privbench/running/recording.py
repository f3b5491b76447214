"""The record of a run: what was found, with what, where, and what it cost."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from ..evaluate.run import Evaluation, warnings_of
from ..plugins.code import plugin_digest
from ..protocols.schema import without_places
from ..record.run import AnonymizerRecord, RunRecord, StageRecord
from . import environment
from .pipeline import Made, Pipeline


def record_of(pipeline: Pipeline, made: Made, evaluation: Evaluation, given: Sequence[str]) -> RunRecord:
    """The record, whose `files` are still to be filled in.

    Args:
        pipeline: what carried out the run.
        made: what it put out.
        evaluation: the figures.
        given: the names of the anonymizer's parameters that the user chose.
    """
    anonymizer = pipeline.anonymizer
    return RunRecord(
        key=pipeline.key,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        protocol=without_places(pipeline.protocol.model_dump(mode="json")),
        fingerprint=pipeline.fingerprint(made.data_digest),
        data_digest=made.data_digest,
        public=pipeline.dataset.public,
        terms=pipeline.terms,
        anonymizer=AnonymizerRecord(
            name=anonymizer.name,
            version=anonymizer.version,
            deterministic=anonymizer.deterministic,
            params=anonymizer.params.model_dump(mode="json"),
            given=list(given),
            code=plugin_digest(type(anonymizer)),
        ),
        worst_case=evaluation.worst_case,
        attacks=evaluation.attacks,
        inferences=evaluation.inferences,
        utilities=evaluation.utilities,
        measurements=evaluation.measurements,
        warnings=[*made.warnings, *warnings_of(evaluation)],
        stages=[
            StageRecord(
                name=str(name),
                key=stage.key,
                digest=stage.digest,
                inputs=stage.manifest.inputs,
                seconds=stage.manifest.seconds,
                peak_memory_mib=stage.manifest.peak_memory_mib,
                cached=stage.cached,
            )
            for name, stage in made.stages.items()
        ],
        versions=environment.versions(),
        device=environment.device(pipeline.fabric, pipeline.precision),
        git=environment.git(),
        files={},
    )
