"""The record of a run: what was found, with what, where, and what it cost."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from ..evaluate.run import warnings_of
from ..plugins.code import plugin_digest
from ..protocols.schema import without_places
from ..record.figures import Figures
from ..record.run import AnonymizerRecord, RunRecord, StageRecord
from . import environment
from .publication import Publication
from .stage_names import DATA, StageName

if TYPE_CHECKING:
    from ..engine.store import Stage
    from ..record.weights import WeightsRecord
    from .pipeline import Pipeline
    from .unpaired_pipeline import UnpairedPipeline


class SplitTraining(NamedTuple):
    """A training of a stage whose batches did not fit the device's memory, and how many rows were computed at once."""

    stage: str
    training: str
    at_once: int


def split_trainings(curves: Iterable[Mapping[str, Any]]) -> list[SplitTraining]:
    """Those that training curves tell of, each once."""
    told = (SplitTraining(row["stage"], row["training"], row["at_once"]) for row in curves if "at_once" in row)
    return list(dict.fromkeys(told))


def _told_of_split(one: SplitTraining) -> str:
    return (
        f"the training {one.training!r} of the stage {one.stage} computed its batches {one.at_once} rows at once, "
        "because they did not fit the device's memory: loss and gradients are those of the whole batch, but batch norm "
        "saw the parts alone"
    )


def _told_of_precision(precision: str) -> list[str]:
    """It is no part of the fingerprint, so runs that were computed otherwise may stand beside one another."""
    if precision == "32-true":
        return []
    return [f"computed in {precision}: a difference from runs in 32-true may be of that, and not of the method"]


def record_of(
    pipeline: Pipeline | UnpairedPipeline,
    stages: Mapping[StageName, Stage],
    figures: Figures,
    warnings: Sequence[str],
    given: Sequence[str],
    weights: Sequence[WeightsRecord] = (),
    publication: Publication | None = None,
    split: Sequence[SplitTraining] = (),
) -> RunRecord:
    """The record, whose `files` are still to be filled in.

    Args:
        pipeline: what decided the run.
        stages: all that were made for it, whatever is read first.
        figures: what its scores say.
        warnings: what was told of the data, and of what was left out.
        given: the names of the anonymizer's parameters that the user chose.
        weights: those that it did not learn itself.
        publication: what of the data is released; None where nobody asked.
        split: trainings whose batches were computed in parts.
    """
    published = publication or Publication()
    anonymizer, data_digest = pipeline.anonymizer, stages[DATA].digest
    return RunRecord(
        key=pipeline.key,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        protocol=without_places(pipeline.protocol.model_dump(mode="json")),
        fingerprint=pipeline.fingerprint(data_digest, published),
        data_digest=data_digest,
        public=pipeline.dataset.public,
        terms=pipeline.terms_of(published),
        anonymizer=AnonymizerRecord(
            name=anonymizer.name,
            version=anonymizer.version,
            deterministic=None if anonymizer.made_elsewhere else anonymizer.deterministic,
            params=anonymizer.params.model_dump(mode="json"),
            given=list(given),
            code=plugin_digest(type(anonymizer)),
        ),
        released=dict(published.released),
        unjudged=pipeline.unjudged,
        **dict(figures),
        weights=list(weights),
        warnings=[
            *warnings,
            *_told_of_precision(pipeline.precision),
            *map(_told_of_split, split),
            *warnings_of(figures),
        ],
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
            for name, stage in stages.items()
        ],
        versions=environment.versions(),
        device=environment.device(
            pipeline.device,
            pipeline.precision,
            pipeline.protocol.threads,
            pipeline.batch,
            pipeline.protocol.tf32,
            pipeline.protocol.compile,
        ),
        git=environment.git(),
        files={},
    )
