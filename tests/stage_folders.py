"""Stages as folders, made by hand: data of grey images, releases of them, guidance that never learnt."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import torch
from contracts import GUIDANCE

from privbench.data.pairs import Pairs
from privbench.data.splits import COLUMNS, SPLITS
from privbench.engine.node import StageName
from privbench.learning.guidance import untrained_guidance
from privbench.learning.states import save_state
from privbench.running.loading import TABLE
from privbench.running.source import Source
from privbench.running.stage_names import CLASSIFIER, DATA, IMAGES_FILE, RELEASE, VERIFIER

FINDINGS = ("Mass", "Edema")
GREY = {"train": 10, "val": 20, "test": 30}
"""Of the originals of each split; the release that has number n is 100 + 50 n brighter."""
COUNTS = {"train": 8, "val": 4, "test": 6}
PAIRS = {name: Pairs(np.array([0, 1]), np.array([1, 2]), np.array([True, False])) for name in SPLITS}
"""Patients have two images each."""


def source(rows: np.ndarray | None = None) -> Source:
    """What reads the folders."""
    return Source(FINDINGS, GUIDANCE, PAIRS, rows)


def stage_folders(root: Path, releases: int = 1) -> dict[StageName, Path]:
    """Data, guidance and that many releases, each in a folder of its own."""
    numbered = [StageName(RELEASE.kind, number=number or None) for number in range(releases)]
    folders = {name: root / str(name) for name in (DATA, CLASSIFIER, VERIFIER, *numbered)}
    for folder in folders.values():
        folder.mkdir(parents=True)
    _table().to_csv(folders[DATA] / TABLE, index=False)
    np.save(folders[DATA] / IMAGES_FILE, _images(0))
    for number, name in enumerate(numbered):
        np.save(folders[name] / IMAGES_FILE, _images(100 + 50 * number))
    guidance = untrained_guidance(GUIDANCE, len(FINDINGS), torch.device("cpu"))
    save_state(guidance.classifier.state_dict(), folders[CLASSIFIER])
    save_state(guidance.verifier.state_dict(), folders[VERIFIER])
    return folders


def _table() -> pd.DataFrame:
    rows = [
        (f"{split}{n}.png", f"{split}{n // 2}", "", n % 2, 50, "F", "PA", split, n % 2, 0)
        for split in SPLITS
        for n in range(COUNTS[split])
    ]
    return pd.DataFrame(rows, columns=[*COLUMNS, *FINDINGS])


def _images(brighter: int) -> np.ndarray:
    return np.concatenate([np.full((COUNTS[split], 1, 32, 32), GREY[split] + brighter, np.uint8) for split in SPLITS])
