"""Run records made by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from privbench.estimates import FILE, Estimate
from privbench.evaluate.certificate import worst_case
from privbench.protocol import load_protocol
from privbench.ranking import Entry
from privbench.results import (
    AnonymizerRecord,
    AttackResult,
    Certificate,
    Counts,
    Interval,
    RunRecord,
    UtilityResult,
    Verdict,
    VerificationResult,
)
from privbench.scenarios import SCENARIOS, Scenario


def around(value: float) -> Interval:
    """An interval of ± 0.05."""
    return Interval(low=value - 0.05, high=value + 0.05, confidence=0.95, method="by hand", resamples=1000)


def attack(
    name: str,
    scenario: Scenario,
    verification: float,
    *,
    validation: float | None = None,
    verdict: Verdict | None = "certified",
    seeds: int = 1,
) -> AttackResult:
    """An attack with that AUC on test pairs and, unless told another, on validation pairs."""
    threat = SCENARIOS[scenario]
    certificate = None
    if verdict is not None:
        certificate = Certificate(
            verdict=verdict, reason="by hand", control_auc=0.95, control_interval=around(0.95), floor=0.85,
            correlation=0.7, train_auc=0.99, validation_auc=0.95, saturation=0.95, seeds=1,
        )  # fmt: skip
    return AttackResult(
        name=name,
        plugin=name,
        version="1",
        scenario=scenario,
        train=threat.train,
        test=threat.test,
        verification_auc=verification,
        interval=around(verification),
        patient_interval=around(verification),
        image_wise_interval=around(verification),
        seed_std=0.01 if seeds > 1 else None,
        seed_aucs=[verification] * seeds,
        train_auc=0.99,
        fit_auc=0.9,
        validation_auc=verification if validation is None else validation,
        verification=VerificationResult(equal_error_rate=0.1, match_rates=[], cllr=0.5, min_cllr=0.4, linkability=0.3),
        retrieval=None,
        measures={},
        certificate=certificate,
        counts=Counts(patients=10, images=20, pairs=40, mated=20, effective_patients=8.0),
    )


def record(
    name: str,
    verification: float,
    classification: float,
    *,
    fingerprint: str = "0" * 64,
    verdict: Verdict = "certified",
    warnings: Sequence[str] = (),
    params: Mapping[str, Any] | None = None,
) -> RunRecord:
    """A record with the given figures and intervals of ± 0.05; the paper's attack stands at chance."""
    attacks = [attack("siamese", "paper", 0.5), attack("contrastive", "informed", verification, verdict=verdict)]
    protocol = load_protocol("quick").model_dump(mode="json")
    return RunRecord(
        key=name,
        created="2026-01-01T00:00:00+00:00",
        protocol=protocol,
        fingerprint=fingerprint,
        data_digest="d",
        terms={"protocol": protocol, "fingerprint": fingerprint},
        anonymizer=AnonymizerRecord(
            name=name,
            version="1",
            deterministic=True,
            params=dict(params or {}),
            given=["b"] if params else [],
            code="c",
        ),
        worst_case=worst_case(attacks),
        attacks=attacks,
        inferences=[],
        utility=UtilityResult(
            name="classification",
            version="1",
            mean_auc=classification,
            interval=around(classification),
            image_wise_interval=around(classification),
            findings=[],
            left_out=[],
            counts=Counts(patients=10, images=20, effective_patients=8.0),
        ),
        warnings=list(warnings),
        stages=[],
        versions={},
        device={},
        git=None,
        files={FILE: "f"},
    )


def estimate(
    value: float, draws: np.ndarray, *, effective: float = 100.0, training_error: float | None = None
) -> Estimate:
    """An estimate with those resampled deviations. Shape: draws (B,)."""
    # Patients whose jackknife has the spread of the draws, and moves as they do.
    jackknife = value + draws * (np.std(draws) / max(np.sqrt(np.square(draws - draws.mean()).sum()), 1e-12))
    return Estimate(value, value + draws, jackknife, effective, training_error=training_error, freedom=9.0)


def entry(
    name: str,
    verification: float,
    classification: float,
    *,
    rng: np.random.Generator,
    spread: float = 0.01,
    **told: Any,
) -> Entry:
    """A run as it enters a table; its patients and those of other entries are drawn apart."""
    draws = rng.normal(0, spread, (2, 500))
    run = record(name, verification, classification, **told)
    return Entry(run, estimate(verification, draws[0]), estimate(classification, draws[1]), Path(name))
