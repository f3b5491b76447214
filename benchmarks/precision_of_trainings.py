"""AUCs of the same trainings in bf16 and fp32: several seeds, on phantoms that were not trained on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from own_trainings import Way, context
from scipy import stats

from privbench.base.progress import Progress
from privbench.data.gallery import KnownGallery
from privbench.data.splits import Split
from privbench.datasets.phantom.dataset import PhantomDataset
from privbench.learning.device import deterministic
from privbench.learning.embedder import Pixels, embed, fit_embedder, similarity_of_pairs
from privbench.learning.recipes import EmbedderRecipe
from privbench.metrics.roc import auc
from privbench.plugins.interfaces import DataRequest
from privbench.protocols.schema import PairsSection
from privbench.running.loading import read_splits, write_data
from privbench.running.pairing import with_pairs

SEEDS = 5
_CONFIDENCE = 0.95


@dataclass(frozen=True)
class Difference:
    """AUCs of one precision less those of another one, seed by seed: their mean, and Student's interval for it."""

    mean: float
    low: float
    high: float

    @property
    def holds_zero(self) -> bool:
        return self.low <= 0 <= self.high


def difference(ours: Sequence[float], theirs: Sequence[float]) -> Difference:
    """Of paired figures, of which there are two and more."""
    apart = np.subtract(ours, theirs)
    half = stats.t.ppf((1 + _CONFIDENCE) / 2, len(apart) - 1) * apart.std(ddof=1) / len(apart) ** 0.5
    return Difference(float(apart.mean()), float(apart.mean() - half), float(apart.mean() + half))


def phantoms(patients: int, size: int) -> dict[str, Split]:
    """Splits of that many phantoms, half of whom are trained on."""
    phantom = PhantomDataset(patients=patients, test_share=0.4)
    with TemporaryDirectory() as folder:
        write_data(phantom, DataRequest(size, 0, None, 1, Progress(quiet=True)), 0.15, Path(folder), lambda table: None)
        pairs = PairsSection(guidance=20, train=200, val=200, test=2000, cap=10)
        splits = with_pairs(read_splits(Path(folder), phantom.findings), pairs, 0)
        return {name: Split(np.array(one.images), one.table, one.findings, one.pairs) for name, one in splits.items()}


def auc_of(splits: dict[str, Split], recipe: EmbedderRecipe, way: Way, device: str, seed: int) -> float:
    """With which an embedder of that seed tells mated test pairs of originals."""
    known = {name: KnownGallery(s.images, s.images, pairs=s.pairs, table=s.table) for name, s in splits.items()}
    ctx, test = context(device, way, seed), known["test"]
    with deterministic():
        network = fit_embedder(known["train"], known["val"], recipe, ctx, "embedder")
        points = embed(network, Pixels(test.references, ctx.device), ctx)
    return auc(test.pairs.mated, similarity_of_pairs(points, points, test.pairs.probe, test.pairs.reference))
