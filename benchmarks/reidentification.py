"""How well `distillation` links original images of patients whom it has not seen, and in what time.

    python benchmarks/reidentification.py ROOT [FIELD=VALUE …]          # by cross-validation over training patients
    python benchmarks/reidentification.py ROOT [FIELD=VALUE …] --test   # once, when a recipe is chosen

ROOT is a folder in ChestX-ray14's layout. Data, split and recipe are those of the protocol quick, changed as
`privbench run --set` does, such as guidance.embedder.epochs=10. The patients of the train and val splits are cut into
folds (4, or --folds=N); each is linked by what was trained on the other ones, on as many threads as the protocol says,
as many side by side as there are cores. With --test the test images are linked, once. Each row is an AUC and the rank-1
rate, of the embedder alone, of the attack, and of raw pixels, which need no training. The AUC is over all pairs of
different patients and as many of one patient as the protocol's cap allows: a patient of 66 images has 2,145 of them.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from joblib import Parallel, delayed
from rich.console import Console

from privbench.base.memory import freed_memory_kept
from privbench.base.progress import Progress
from privbench.data.gallery import Gallery, KnownGallery
from privbench.data.pairs import draw_pairs
from privbench.data.patients import patient_codes
from privbench.data.splits import SPLITS
from privbench.learning.context import Context, Pixels
from privbench.learning.device import create_fabric, deterministic
from privbench.learning.embedder import embed, fit_embedder
from privbench.learning.guidance import untrained_guidance
from privbench.metrics.retrieval import cumulative_match, rank_mates
from privbench.metrics.roc import auc
from privbench.plugins.interfaces import DataRequest, Dataset, LinkageAttack
from privbench.plugins.registry import Registry
from privbench.protocols.schema import Protocol, load_protocol
from privbench.running.loading import read_splits, write_data

Figures = tuple[float, float]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("root", type=Path, metavar="ROOT")
    parser.add_argument("changes", nargs="*", metavar="FIELD=VALUE")
    parser.add_argument("--folds", type=int, default=4)
    parser.add_argument("--test", action="store_true")
    told = parser.parse_args()
    protocol = load_protocol("quick", ["data.dataset=chestxray14", "data.params={}", *told.changes])
    dataset = Registry().create(Dataset, protocol.data.dataset, {})
    with tempfile.TemporaryDirectory() as name:
        request = DataRequest(protocol.data.size, protocol.seed, told.root, 2, Progress(Console(), quiet=True))
        write_data(dataset, request, protocol.data.validation, Path(name), lambda table: None)
        splits = read_splits(Path(name), dataset.findings)
        images = np.concatenate([splits[split].images for split in SPLITS])
        table = pd.concat([splits[split].table for split in SPLITS], ignore_index=True)
    split = np.repeat(SPLITS, [len(splits[name].images) for name in SPLITS])
    patients, rng = table["patient"].to_numpy(), np.random.default_rng(protocol.seed)
    print("from, images, seconds, AUC and rank-1 of the embedder, of distillation, of raw pixels")
    if told.test:
        cut = [tuple(np.flatnonzero(split == name) for name in SPLITS)]
    else:
        names = rng.permutation(np.unique(patients[split != "test"]))
        cut = []
        for fold in range(told.folds):
            rest = np.delete(names, np.s_[fold :: told.folds])
            parts = np.split(rest, [round(len(rest) * (1 - protocol.data.validation))])
            cut.append(tuple(np.flatnonzero(np.isin(patients, part)) for part in (*parts, names[fold :: told.folds])))
    jobs = Parallel(n_jobs=-1, return_as="generator")(delayed(_figures)(images, table, *part, protocol) for part in cut)
    rows = []
    for part, (seconds, *figures) in zip(cut, jobs, strict=True):
        rows.append(np.concatenate([[seconds], *figures]))
        print(f"{len(part[0])}, {len(part[2])}, {seconds:.0f}, {_told(rows[-1][1:])}", flush=True)
    if len(rows) > 1:
        mean, error = np.mean(rows, 0), np.std(rows, 0, ddof=1) / len(rows) ** 0.5
        print(f"mean: {mean[0]:.0f} s, {_told(mean[1:])}\nstandard error: {_told(error[1:])}")


def _figures(
    images: np.ndarray, table: pd.DataFrame, train: np.ndarray, val: np.ndarray, unseen: np.ndarray, protocol: Protocol
) -> tuple[float, Figures, Figures, Figures]:
    torch.set_num_threads(protocol.threads)
    ctx = Context(create_fabric("cpu", "32-true"), protocol.seed, "embedder", Progress(Console(), quiet=True))
    galleries = []
    for rows in (train, val):
        part = table.iloc[rows].reset_index(drop=True)
        pairs = draw_pairs(
            patient_codes(part["patient"]), 1000, protocol.pairs.cap, np.random.default_rng(0), "training"
        )
        galleries.append(KnownGallery(own := images[rows], own, pairs=pairs, table=part))
    assert protocol.guidance.embedder is not None  # quick has one
    with deterministic(), freed_memory_kept():
        start = time.perf_counter()
        embedder = fit_embedder(*galleries, protocol.guidance.embedder, ctx, "embedder")
        untrained = untrained_guidance(protocol.guidance, 1, torch.device("cpu"))
        attack = Registry().create(LinkageAttack, "distillation", protocol.attacks["distillation"].params)
        attack.fit(*galleries, replace(untrained, embedder=embedder), ctx)
        seconds = time.perf_counter() - start
        points = embed(embedder, Pixels(images[unseen], ctx.device), ctx)
        gallery = Gallery(images[unseen], images[unseen])
        similarities = [
            (points @ points.T).numpy(),
            attack.similarity_matrix(gallery, ctx),
            Registry().create(LinkageAttack, "correlation", {}).similarity_matrix(gallery, ctx),
        ]
    whose = patient_codes(table["patient"].iloc[unseen])
    alone, fused, raw = (_links(similarity, whose, protocol.pairs.cap) for similarity in similarities)
    return seconds, alone, fused, raw


def _links(similarity: np.ndarray, patients: np.ndarray, cap: int | None) -> Figures:
    drawn = draw_pairs(patients, len(patients) ** 2, cap, np.random.default_rng(0), "held-out")
    first, second = np.triu_indices(len(patients), 1)
    others = patients[first] != patients[second]
    mates = similarity[drawn.probe, drawn.reference][drawn.mated]
    strangers = similarity[first, second][others]
    told = auc(np.arange(len(mates) + len(strangers)) < len(mates), np.concatenate([mates, strangers]))
    return told, cumulative_match(rank_mates(similarity, patients, patients, np.random.default_rng(0)), 1)


def _told(figures: Iterable[float]) -> str:
    return ", ".join(f"{figure:.3f}" for figure in figures)


if __name__ == "__main__":
    main()
