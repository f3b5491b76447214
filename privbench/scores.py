"""Score files: the record that every metric is derived from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from .data.splits import Split
from .errors import PrivbenchError

ATTACK_COLUMNS = ["probe", "reference", "probe_patient", "reference_patient", "mated", "seed", "score"]
UTILITY_COLUMNS = ["image", "patient", "class", "label", "score"]


def attack_scores(test: Split, scores: np.ndarray, seed: int) -> pd.DataFrame:
    """One row a test pair. Shape: scores (len(test.pairs),), larger means more alike."""
    images, patients, pairs = test.table["image"].to_numpy(), test.patients, test.pairs
    return pd.DataFrame(
        {
            "probe": images[pairs.probe],
            "reference": images[pairs.reference],
            "probe_patient": patients[pairs.probe],
            "reference_patient": patients[pairs.reference],
            "mated": pairs.mated,
            "seed": seed,
            "score": _checked(scores, (len(pairs),), "attack"),
        },
        columns=ATTACK_COLUMNS,
    )


def utility_scores(test: Split, scores: np.ndarray) -> pd.DataFrame:
    """One row an image and finding. Shape: scores (N, findings), larger means more likely present."""
    count = len(test.findings)
    return pd.DataFrame(
        {
            "image": test.table["image"].repeat(count).to_numpy(),
            "patient": test.patients.repeat(count),
            "class": np.tile(test.findings, len(test.table)),
            "label": test.labels.astype(np.uint8).ravel(),
            "score": _checked(scores, test.labels.shape, "utility task").ravel(),
        },
        columns=UTILITY_COLUMNS,
    )


def _checked(scores: np.ndarray, shape: tuple[int, ...], who: str) -> np.ndarray:
    """The scores, once it is sure that none is missing: a score that is no number would pass for a private one."""
    values = np.asarray(scores, np.float64)
    if values.shape != shape or not np.isfinite(values).all():
        raise PrivbenchError(
            f"The {who} returned scores of shape {values.shape}, {np.count_nonzero(~np.isfinite(values))} of them no "
            f"numbers, where {shape} finite ones belong: mend the plugin, or lower its learning rate."
        )
    return values


def write_scores(scores: pd.DataFrame, path: Path) -> None:
    """Writes a score file (Parquet)."""
    scores.to_parquet(path, index=False)


def read_scores(path: Path) -> pd.DataFrame:
    """Reads a score file (Parquet)."""
    return pd.read_parquet(path)
