"""Run records, and the scores behind them, made by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from privbench.data.splits import SPLITS
from privbench.evaluate.certificate import worst_case
from privbench.judging.gate import JudgedFigure, Outcome
from privbench.judging.ranking import Entry
from privbench.metrics.intervals import clopper_pearson
from privbench.protocols.scenarios import SCENARIOS, Scenario
from privbench.protocols.schema import load_protocol
from privbench.record.attack import AttackFigure, AttackResult, Certificate, ImageMatch, RecipeVerdict, Verdict
from privbench.record.estimates import FILE, Estimate
from privbench.record.names import ALWAYS_FOUND, AUC, HIT_WORST, PRECISION, SINGLED_OUT
from privbench.record.names import worst_case as worst_case_of
from privbench.record.risk import ImagesRate, RiskFigure, RiskResult
from privbench.record.run import AnonymizerRecord, ReleasedRecord, RunRecord
from privbench.record.unpaired import WHY_UNPAIRED, CopiedPatients, DrawnCopies, MemoryFigure, UnpairedResult
from privbench.record.utility import Change, FindingResult, GapResult, GroupResult, MeasurementResult, UtilityResult
from privbench.record.values import Counts, Interval
from privbench.record.weights import TakenRecord, WeightsRecord


def around(value: float) -> Interval:
    """An interval of ± 0.05."""
    return Interval(low=value - 0.05, high=value + 0.05, confidence=0.95, method="by hand", resamples=1000)


def attack(
    name: str,
    scenario: Scenario,
    verification: float,
    *,
    validation: float | None = None,
    verdict: RecipeVerdict | None = "certified",
    seeds: int = 1,
    train: float = 0.99,
    control: float = 0.95,
    match: ImageMatch | None = None,
) -> AttackResult:
    """An attack with that AUC on test pairs and, unless told another, on validation pairs.

    It fits training pairs, and links originals, as told.
    """
    threat = SCENARIOS[scenario]
    certificate = None
    if verdict is not None:
        certificate = Certificate(
            verdict=verdict, reason="by hand", control_auc=control, control_interval=around(control), floor=0.85,
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
        train_auc=train,
        fit_auc=verification,
        validation_auc=verification if validation is None else validation,
        figures=[
            AttackFigure(name="equal error rate", of="verification", unit="", more_is_private=True, value=0.1),
            AttackFigure(name="Cllr", of="verification", unit="bits", more_is_private=True, value=0.5),
        ],
        retrieval=None,
        match=match,
        risk=None,
        measures={},
        certificate=certificate,
        counts=Counts(patients=10, images=20, pairs=40, mated=20, effective_patients=8.0),
    )


def own_image_match(rate: float, images: int = 400) -> ImageMatch:
    """The match of that many releases of as many patients, with its exact interval."""
    low, high = clopper_pearson(rate, images, 0.95)
    interval = Interval(low=low, high=high, confidence=0.95, method="by hand", resamples=0)
    return ImageMatch(rate=rate, interval=interval, candidates=images, images=images)


def risk(
    singled_out: float | None = 0.2,
    precision: float | None = 0.95,
    always_found: float = 0.1,
    hit_worst: float = 0.4,
    *,
    patients: int = 60,
    alone: int = 0,
) -> RiskResult:
    """The risk of patients who have two or more images, of whom a quarter of the images are found."""
    values = {SINGLED_OUT: singled_out, PRECISION: precision, ALWAYS_FOUND: always_found, HIT_WORST: hit_worst}
    bins = ((2, 3, 0.1), (3, 6, 0.25), (11, None, 0.6))
    return RiskResult(
        patients=patients,
        alone=alone,
        precision=0.95,
        guess=0.004,
        figures=[
            RiskFigure(name=name, more_is_private=False, value=value, interval=None if value is None else inside(value))
            for name, value in values.items()
        ],
        by_images=[
            ImagesRate(low=low, high=high, patients=20, rank_1=rate, interval=inside(rate)) for low, high, rate in bins
        ],
    )


def inside(share: float) -> Interval:
    """An interval of ± 0.05, as far as shares go."""
    return around(share).model_copy(update={"low": max(0.0, share - 0.05), "high": min(1.0, share + 0.05)})


def with_risk(run: RunRecord, found: RiskResult | None) -> RunRecord:
    """The run whose worst-case attack does that to patients."""
    attacks = [
        one.model_copy(update={"risk": found}) if one.label == run.worst_case.label else one for one in run.attacks
    ]
    return run.model_copy(update={"attacks": attacks})


def finding(name: str, auc: float | None, **told: Any) -> FindingResult:
    """A finding with that AUC, twenty positives and negatives, and nothing else that is not told."""
    values = dict.fromkeys(FindingResult.model_fields) | {"positives": 20, "negatives": 20} | told
    return FindingResult.model_validate(values | {"name": name, "auc": auc, "interval": auc and around(auc)})


def utility(mean_auc: float, findings: Sequence[FindingResult] = (), **told: Any) -> UtilityResult:
    """The paper's task with that mean AUC, and nothing else that is not told."""
    values = {
        "name": "classification",
        "task": "classification",
        "version": "1",
        "mode": "frozen",
        "train": "O",
        "test": "A",
        "mean_auc": mean_auc,
        "interval": around(mean_auc),
        "image_wise_interval": around(mean_auc),
        "seed_std": None,
        "seed_aucs": [mean_auc],
        "mean_over": [one.name for one in findings],
        "few": [],
        "left_out": [],
        "findings": list(findings),
        "groups": [],
        "gaps": [],
        "counts": Counts(patients=10, images=20, effective_patients=8.0),
        "original": None,
        "change": None,
        "lost": [],
    }
    return UtilityResult.model_validate(values | told)


def change(value: float, p_value: float | None = None) -> Change:
    """A change with an interval of ± 0.05."""
    return Change(value=value, interval=around(value), p_value=p_value)


def group(attribute: str, value: str, mean_auc: float | None) -> GroupResult:
    """A group of twenty images with that mean AUC."""
    return GroupResult(
        attribute=attribute,
        value=value,
        counts=Counts(patients=10, images=20, effective_patients=8.0),
        mean_auc=mean_auc,
        interval=None if mean_auc is None else around(mean_auc),
        findings=[],
    )


def gap(attribute: str, low: str, high: str, found: float, original: float, *, widened: bool | None) -> GapResult:
    """A gap between two groups, and that of the control."""
    return GapResult(
        attribute=attribute,
        findings=["Effusion"],
        gap=found,
        low=low,
        high=high,
        interval=around(found),
        original=original,
        change=change(found - original),
        widened=widened,
    )


def measurement(measure: str, value: float, **told: Any) -> MeasurementResult:
    """A task's measurement of released images, with nothing else that is not told."""
    values = {
        "name": "quality",
        "task": "quality",
        "version": "1",
        "mode": "frozen",
        "measure": measure,
        "unit": "",
        "more_is_better": True,
        "value": value,
        "interval": around(value),
        "lowest": value - 0.1,
        "highest": value + 0.1,
        "original": None,
        "change": None,
        "counts": Counts(patients=10, images=20, effective_patients=8.0),
    }
    return MeasurementResult.model_validate(values | told)


def with_modes(run: RunRecord, transfer: float = 0.812) -> RunRecord:
    """The run with its task in two modes, with a lost finding, a widened gap, groups, and measurements of two tasks."""
    findings = [
        finding("Effusion", 0.7, change=change(-0.2, 0.0004), sensitivity=0.4, specificity=0.93),
        finding("Pleural_Thickening", 0.6, positives=9, change=change(0.01, 0.8)),
        FindingResult.model_validate(
            dict.fromkeys(FindingResult.model_fields) | {"name": "Hernia", "positives": 0, "negatives": 20}
        ),
    ]
    retrained = utility(
        transfer,
        findings[:2],
        mode="retrained-transfer",
        train="A",
        test="O",
        original=0.893,
        change=change(transfer - 0.893),
        lost=["Effusion"],
        groups=[group("sex", "F", 0.6), group("sex", "M", 0.8), group("age", "60+", None)],
        gaps=[gap("sex", "F", "M", 0.2, 0.05, widened=True)],
    )
    first = run.utility.model_copy(update={"findings": findings, "original": 0.893, "change": change(0.0)})
    measurements = [
        measurement("SSIM", 0.9),
        measurement("PSNR", 31.5, unit="dB"),
        measurement("sharpness", 0.77, more_is_better=None),
        measurement(
            "Dice of the lungs", 0.8, name="segmentation", task="segmentation", original=0.9, change=change(-0.1)
        ),
    ]
    return run.model_copy(update={"utilities": [first, retrained], "measurements": measurements})


def weights(test: int, unknown: str | None = None, of: str = "anonymizer prichexy") -> WeightsRecord:
    """Weights that saw all training and validation patients, and so many of the 18 test patients."""
    return WeightsRecord(
        of=of,
        digest="ab" * 32,
        taken=TakenRecord(format="torch", taken=90, fresh=["model.fc.weight"], left=[]),
        seen={"train": 30, "val": 5, "test": test},
        patients={"train": 30, "val": 5, "test": 18},
        unknown=unknown,
    )


def record(
    name: str,
    verification: float,
    classification: float,
    *,
    fingerprint: str = "0" * 64,
    verdict: Verdict = "certified",
    warnings: Sequence[str] = (),
    weights: Sequence[WeightsRecord] = (),
    params: Mapping[str, Any] | None = None,
) -> RunRecord:
    """A record with the given figures and intervals of ± 0.05; the paper's attack stands at chance."""
    if verdict == "open":
        informed = attack("contrastive", "informed", verification, train=0.7, match=own_image_match(0.4))
    elif verdict == "certified":
        # Where something is left, but less than the recipe finds on originals, nothing would be proven.
        control = verification if 0.6 < verification < 0.78 else 0.95
        informed = attack("contrastive", "informed", verification, control=control, match=own_image_match(0.0025))
    else:
        informed = attack("contrastive", "informed", verification, verdict=verdict)
    attacks = [attack("siamese", "paper", 0.5), informed]
    protocol = load_protocol("quick").model_dump(mode="json")
    return RunRecord(
        key=name,
        created="2026-01-01T00:00:00+00:00",
        protocol=protocol,
        fingerprint=fingerprint,
        data_digest="d",
        public=True,
        terms={"protocol": protocol, "fingerprint": fingerprint},
        anonymizer=AnonymizerRecord(
            name=name,
            version="1",
            deterministic=True,
            params=dict(params or {}),
            given=["b"] if params else [],
            code="c",
        ),
        unjudged=None,
        released={name: ReleasedRecord(images=9, released=9) for name in SPLITS},
        worst_case=worst_case(attacks),
        attacks=attacks,
        inferences=[],
        utilities=[utility(classification)],
        measurements=[],
        copies=None,
        unpaired=None,
        weights=list(weights),
        warnings=list(warnings),
        stages=[],
        versions={},
        device={},
        git=None,
        files={FILE: "f"},
    )


def judged_figure(verdict: Outcome, message: str) -> JudgedFigure:
    """What the gate says of a worst-case AUC that rose by 0.1."""
    return JudgedFigure(
        run="mine", figure=worst_case_of(AUC), verdict=verdict, before=0.7, after=0.8, change=0.1, interval=None,
        tolerance=0.02, p_value=0.001, detectable=0.05, message=message,
    )  # fmt: skip


def memory(value: float | None, control: float | None = 0.5, *, reach: float = 0.05) -> MemoryFigure:
    """A figure of memory and its control arm, with intervals of ± 0.05, and a change of that reach."""
    change = None
    if value is not None and control is not None:
        ends = around(value - control).model_copy(
            update={"low": value - control - reach, "high": value - control + reach}
        )
        change = Change(value=value - control, interval=ends, p_value=0.01)
    return MemoryFigure(
        judged=True,
        value=value,
        interval=None if value is None else around(value),
        members=30,
        outsiders=20,
        control=control,
        control_interval=None if control is None else around(control),
        change=change,
    )


def copied_patients(members: int = 0, outsiders: int = 0, p_value: float = 1.0) -> CopiedPatients:
    """Of 40 and 20 patients so many are copied."""
    return CopiedPatients(members=40, members_copied=members, outsiders=20, outsiders_copied=outsiders, p_value=p_value)


def drawn_copies(share: float = 0.0, exact: float = 0.0) -> DrawnCopies:
    """Copies among 200 released images, with their exact interval, beside originals of which none is so alike."""
    low, high = clopper_pearson(share, 200, 0.95)
    return DrawnCopies(
        images=200, pictures=200, originals=300, original_patients=60, different=0.6, threshold=0.66, share=share,
        interval=Interval(low=low, high=high, confidence=0.95, method="by hand", resamples=0), exact=exact,
        certain=exact, training=share, test=0.0, test_low=0.0, test_certain=0.0, control=0.0, control_high=0.03,
        patients_shown=round(share * 40), of_patients=copied_patients(),
    )  # fmt: skip


def unpaired(
    name: str,
    copies: DrawnCopies | None = None,
    memorization: MemoryFigure | None = None,
    membership: MemoryFigure | None = None,
    *,
    useful: float | None = 0.7,
    assumed: bool = False,
) -> RunRecord:
    """The run of a release whose images are of no one original; without findings where it is not `useful`."""
    paired = record(name, 0.5, 0.5)
    found = UnpairedResult(
        images=200,
        labelled=0 if useful is None else 150,
        learnt_from=["train"],
        assumed=assumed,
        test_named=True,
        linkage="not attacked",
        copies=copies or drawn_copies(),
        memorization=memorization or memory(0.5),
        membership=membership or memory(0.5),
    )
    read = [] if useful is None else [utility(useful, mode="retrained-transfer", train="A", test="O", original=0.8)]
    told = {"worst_case": None, "attacks": [], "released": {}, "utilities": read, "unpaired": found, "files": {}}
    told["unjudged"] = WHY_UNPAIRED
    return RunRecord.model_validate(dict(paired) | told | {"fingerprint": "u" * 64})


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


def readings(
    mode: str,
    labels: np.ndarray,
    scores: np.ndarray,
    classes: Sequence[str],
    table: pd.DataFrame,
    *,
    task: str = "classification",
    split: str = "test",
) -> pd.DataFrame:
    """Utility scores of every training, one row a known label.

    Shape: labels (N, C), NaN where unknown; scores (S, N, C); table: N rows with the columns of an image.
    """
    image, column = np.nonzero(~np.isnan(labels))
    parts = [
        table.iloc[image][["image", "patient", "sex", "age", "view"]].assign(
            task=task,
            mode=mode,
            seed=seed,
            split=split,
            **{"class": np.asarray(classes)[column], "label": labels[image, column].astype(np.uint8)},
            score=one[image, column],
        )
        for seed, one in enumerate(scores)
    ]
    return pd.concat(parts, ignore_index=True)


def image_table(images: int, patients: int) -> pd.DataFrame:
    """Images of patients who take turns: odd ones are men, the ages of all run from 20 to 79."""
    number = np.arange(images)
    patient = number % patients
    return pd.DataFrame(
        {
            "image": [f"{one:05d}.png" for one in number],
            "patient": [f"{one:03}" for one in patient],
            "sex": np.where(patient % 2, "M", "F"),
            "age": 20 + number % 60,
            "view": "PA",
        }
    )


def log_odds(labels: np.ndarray, rng: np.random.Generator, seeds: int = 1, strength: float = 1.5) -> np.ndarray:
    """What trainings say of images: the label, where it is known, below noise. Shape: (seeds, N, C)."""
    return strength * np.nan_to_num(labels) + rng.normal(0, 1, (seeds, *labels.shape))
