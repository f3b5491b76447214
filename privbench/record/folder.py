"""What lies in a run folder beside its record, and how it is read."""

from __future__ import annotations

import json
from pathlib import Path

from ..base.files import sha256
from .estimates import FILE as ESTIMATES
from .scores import AttackOrigin, AttackScores, read_scores

LINKAGE_SCORES, RETRIEVAL_SCORES, INFERENCE_SCORES, UTILITY_SCORES, MEASUREMENTS = (
    f"scores/{name}.parquet" for name in ("linkage", "retrieval", "inference", "utility", "measurements")
)
MEASURES = "scores/measures.json"
EXAMPLES = "gallery.safetensors"
ANONYMIZER = "anonymizer.json"
EVERY_RUN_HAS = (
    LINKAGE_SCORES, RETRIEVAL_SCORES, INFERENCE_SCORES, UTILITY_SCORES, MEASUREMENTS, MEASURES, ESTIMATES, EXAMPLES,
    ANONYMIZER, "anonymizer.safetensors", "contact_sheet.png", "training_curves.csv", "training_curves.png",
)  # fmt: skip
"""What the record of a run vouches for with a digest."""


def read_attack_scores(folder: Path) -> AttackScores:
    """The scores of all attacks of a run, from its folder."""
    told = json.loads((folder / MEASURES).read_text(encoding="utf-8"))
    return AttackScores(
        linkage=read_scores(folder / LINKAGE_SCORES),
        retrieval=read_scores(folder / RETRIEVAL_SCORES),
        inference=read_scores(folder / INFERENCE_SCORES),
        measures={AttackOrigin(**entry["origin"]): entry["measures"] for entry in told},
    )


def digests(folder: Path, without: str) -> dict[str, str]:
    """SHA-256 of every file in the folder but the one of that name, by path."""
    files = (file for file in sorted(folder.rglob("*")) if file.is_file() and file.name != without)
    return {file.relative_to(folder).as_posix(): sha256(file) for file in files}
