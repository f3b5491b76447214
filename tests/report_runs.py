"""Run folders made by hand, as small as a report can be made of."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from records import around, estimate, finding, record, risk
from safetensors.numpy import save

from privbench.base.files import sha256
from privbench.record.attack import RetrievalResult
from privbench.record.estimates import FILE, write_estimates
from privbench.record.folder import EXAMPLES, LINKAGE_SCORES, RETRIEVAL_SCORES
from privbench.record.names import AUC, worst_case
from privbench.record.run import FILE as RECORD
from privbench.record.run import RunRecord, read_run
from privbench.report.page.build import build_report
from privbench.report.page.runs import BUDGET, CURVES, read_reported

PAIRS, PROBES, STRANGERS = 60, 12, 30


def write_run(
    folder: Path,
    name: str = "a",
    verification: float = 0.8,
    classification: float = 0.7,
    *,
    examples: bool = True,
    deformed: bool = False,
    budget: bool = False,
    findings: bool = True,
    changes: Mapping[str, Any] | None = None,
    **told: Any,
) -> RunRecord:
    """Writes a run folder with that record, and with scores that have nothing to do with its figures."""
    rng = np.random.default_rng(len(name))
    run = record(name, verification, classification, **told)
    attacks = [
        attack.model_copy(update={"retrieval": _retrieval(), "risk": risk()})
        if attack.label == run.worst_case.label
        else attack
        for attack in run.attacks
    ]
    found = [
        finding("Effusion", classification, positives=10, negatives=10),
        finding("Pleural_Thickening", 0.5, positives=9, negatives=11).model_copy(update={"interval": None}),
    ]
    utility = run.utility.model_copy(update={"findings": found if findings else []})
    run = run.model_copy(update={"attacks": attacks, "utilities": [utility], **(changes or {})})
    (folder / "scores").mkdir(parents=True)
    draws = rng.normal(0, 0.02, run.protocol["statistics"]["resamples"])
    write_estimates(
        {
            worst_case(AUC): estimate(verification, draws),
            run.utility_name: estimate(classification, draws[::-1]),
        },
        folder / FILE,
    )
    if FILE in run.files:
        run = run.model_copy(update={"files": run.files | {FILE: sha256(folder / FILE)}})
    (folder / RECORD).write_text(run.model_dump_json(), encoding="utf-8")
    worst = {"attack": run.worst_case.attack, "scenario": run.worst_case.scenario}
    linkage_scores(rng).assign(**worst).to_parquet(folder / LINKAGE_SCORES)
    retrieval_ranks(rng).assign(**worst).to_parquet(folder / RETRIEVAL_SCORES)
    trainings = [("classifier", "guidance"), ("anonymizer", f"training of {name}")]
    pd.DataFrame(
        [
            {"stage": stage, "training": training, "epoch": epoch, "train_loss": 1 / (epoch + 1), "val_loss": 0.9}
            for stage, training in trainings
            for epoch in range(3)
        ]
    ).to_csv(folder / CURVES, index=False)
    if examples:
        write_gallery(folder, deformed=deformed)
    if budget:
        (folder / BUDGET).parent.mkdir()
        (folder / BUDGET).write_text(
            "axis,factor,amount,auc,low,high,unsaturated\npatients,0.5,10,0.6,0.5,0.7,False\n"
            "patients,1.0,20,0.7,0.6,0.8,True\n",
            encoding="utf-8",
        )
    return run


def with_record(folder: Path, out: Path, **update: Any) -> Path:
    """A copy of a run folder with other things said in its record."""
    shutil.copytree(folder, out)
    record = read_run(folder).model_copy(update=update)
    (out / RECORD).write_text(record.model_dump_json())
    return out


def forge(folder: Path, name: str) -> None:
    """Writes the file's new digest into run.json, as a careful forger would."""
    values = json.loads((folder / RECORD).read_bytes())
    values["files"][name] = sha256(folder / name)
    (folder / RECORD).write_text(json.dumps(values), encoding="utf-8")


def report_of(folders: Sequence[Path], out: Path) -> None:
    """Writes the report of those run folders."""
    build_report([read_reported(folder) for folder in folders], out)


def linkage_scores(rng: np.random.Generator) -> pd.DataFrame:
    """Test pairs of an attack, two trainings."""
    mated = np.arange(PAIRS) % 2 == 0
    parts = [
        pd.DataFrame({"seed": seed, "mated": mated, "score": rng.normal(mated.astype(float)).round(1)})
        for seed in range(2)
    ]
    return pd.concat(parts, ignore_index=True).assign(split="test", images="AO")


def retrieval_ranks(rng: np.random.Generator) -> pd.DataFrame:
    """Ranks of an attack, two trainings of two mates a probe."""
    rows = [
        {"seed": seed, "probe": f"p{probe}", "outranked_by": int(rng.integers(0, STRANGERS + 1))}
        for seed in range(2)
        for probe in range(PROBES)
        for _ in range(2)
    ]
    return pd.DataFrame(rows).assign(strangers=STRANGERS)


def write_gallery(folder: Path, *, deformed: bool) -> None:
    """Three examples of 16 x 16 pixels; the first is turned inside out along x where told so."""
    rng = np.random.default_rng(0)
    tensors = {name: rng.integers(0, 256, (3, 1, 16, 16)).astype(np.uint8) for name in ("originals", "released")}
    if deformed:
        displacement = np.zeros((3, 2, 16, 16), np.float32)
        displacement[0, 0] = -2 * np.arange(16)
        tensors["displacement"] = displacement
    (folder / EXAMPLES).write_bytes(save(tensors))


def _retrieval() -> RetrievalResult:
    return RetrievalResult(
        probes=PROBES, gallery=STRANGERS + 2, rank_1=0.25, interval=around(0.25), effective_patients=5.0,
        by_gallery_size=[], by_years=[],
    )  # fmt: skip
