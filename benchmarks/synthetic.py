"""Whom releases of known generators are said to remember, over phantoms: those that draw afresh come to 0.5.

    python benchmarks/synthetic.py --phantoms 12

Each phantom's patients are parted at random into those whom a generator learns from and test patients. `fresh` releases
other phantom patients; `blends` mixes each of these, by two fifths, with a training image; `copies` releases training
images. Told are the memorization of each, as `privbench audit --unpaired` has it, and the standard error of the mean.
"""

from __future__ import annotations

import argparse

import numpy as np
import pandas as pd
import torch

from privbench.base.progress import Progress
from privbench.datasets.phantom.dataset import PhantomDataset
from privbench.interfaces import DataRequest
from privbench.metrics.copies import describe, nearest
from privbench.metrics.memorization import share_of_members, strata_of

TEST_SHARE = 0.3
BLEND = 0.6
"""Of a blend that is the training image's."""


def phantom(seed: int, patients: int, size: int) -> tuple[np.ndarray, pd.DataFrame]:
    """All images of a phantom and their table."""
    dataset = PhantomDataset(patients=patients, test_share=TEST_SHARE)
    request = DataRequest(size, seed, None, 1, Progress(quiet=True))
    table = dataset.table(request)
    return np.concatenate([chunk.images for chunk in dataset.read(table, request)]), table


def memorization(drawn: np.ndarray, originals: np.ndarray, table: pd.DataFrame) -> float:
    """How often drawn images are nearest to patients who are not in the test, per patient; 0.5 is chance."""
    cpu = torch.device("cpu")
    found = nearest(describe(drawn, cpu), describe(originals, cpu)).rows
    patients = table.groupby("patient").agg(images=("image", "size"), split=("split", "first"))
    near = patients.index.map(table["patient"].iloc[found].value_counts()).fillna(0).to_numpy(float)
    members, number = (patients["split"] != "test").to_numpy(), len(patients)
    stratum = strata_of(patients["images"].to_numpy())
    statistic = share_of_members(near, np.ones(number), members, stratum, np.arange(number))
    return float(statistic(np.ones((number, 1)))[0])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--phantoms", type=int, default=12)
    parser.add_argument("--patients", type=int, default=100)
    parser.add_argument("--size", type=int, default=32)
    told = parser.parse_args()
    values: dict[str, list[float]] = {"fresh": [], "blends": [], "copies": []}
    for seed in range(told.phantoms):
        originals, table = phantom(seed, told.patients, told.size)
        fresh, _ = phantom(1000 + seed, told.patients, told.size)
        train = np.flatnonzero(table["split"] != "test")
        copies = originals[np.random.default_rng(seed).choice(train, len(fresh))]
        blends = np.rint(BLEND * copies + (1 - BLEND) * fresh).astype(np.uint8)
        for name, drawn in (("fresh", fresh), ("blends", blends), ("copies", copies)):
            values[name].append(memorization(drawn, originals, table))
    for name, found in values.items():
        error = np.std(found, ddof=1) / np.sqrt(len(found))
        print(f"{name}: mean {np.mean(found):.3f} ± {error:.3f}, from {min(found):.3f} to {max(found):.3f}")


if __name__ == "__main__":
    main()
