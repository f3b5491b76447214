"""Run records made by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from privbench.protocol import load_protocol
from privbench.results import AnonymizerRecord, AttackResult, Counts, Interval, RunRecord, UtilityResult


def record(
    name: str,
    verification: float,
    classification: float,
    *,
    fingerprint: str = "0" * 64,
    seeds: int = 3,
    warnings: Sequence[str] = (),
    params: Mapping[str, Any] | None = None,
) -> RunRecord:
    """A record with the given figures and intervals of ± 0.05."""

    def around(value: float) -> Interval:
        return Interval(low=value - 0.05, high=value + 0.05, confidence=0.95, method="by hand", resamples=1000)

    protocol = load_protocol("quick").model_dump(mode="json")
    return RunRecord(
        key="k",
        created="2026-01-01T00:00:00+00:00",
        protocol=protocol,
        fingerprint=fingerprint,
        data_digest="d",
        anonymizer=AnonymizerRecord(
            name=name,
            version="1",
            deterministic=True,
            params=dict(params or {}),
            given=["b"] if params else [],
            code="c",
        ),
        attack=AttackResult(
            name="siamese",
            version="1",
            train="AA",
            test="AO",
            verification_auc=verification,
            interval=around(verification),
            seed_std=0.01 if seeds > 1 else None,
            seed_aucs=[verification] * seeds,
            counts=Counts(patients=10, images=20, pairs=40, mated=20),
        ),
        utility=UtilityResult(
            name="classification",
            version="1",
            mean_auc=classification,
            interval=around(classification),
            findings=[],
            left_out=[],
            counts=Counts(patients=10, images=20),
        ),
        warnings=list(warnings),
        stages=[],
        versions={},
        device={},
        git=None,
    )
