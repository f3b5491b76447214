"""How well a recipe of the embedder links original images of patients whom it has not seen, and in what time.

    python benchmarks/reidentification.py ROOT [FIELD=VALUE …]          # by cross-validation over training patients
    python benchmarks/reidentification.py ROOT [FIELD=VALUE …] --test   # once, when a recipe is chosen

ROOT is a folder in ChestX-ray14's layout. Data, split and recipe are those of the protocol quick, changed as
`privbench run --set` does, such as guidance.embedder.epochs=10. The patients of the train and val splits are cut into
folds (4, or --folds=N); each is embedded by a network trained on the other ones, on one thread, as many side by side as
there are cores. With --test the network is trained on the train split and the test images are embedded, alone. Each
row is an AUC and the rank-1 rate; raw pixels, which need no training, stand beside it. The AUC is over all pairs of
different patients and as many of one patient as the protocol's cap allows: a patient of 66 images has 2,145 of them.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from joblib import Parallel, delayed
from rich.console import Console

from privbench.base.progress import Progress
from privbench.data.gallery import Gallery, KnownGallery
from privbench.data.pairs import draw_pairs
from privbench.learning.context import Context, Pixels
from privbench.learning.device import create_fabric, deterministic
from privbench.learning.embedder import embed, fit_embedder
from privbench.metrics.retrieval import cumulative_match, rank_mates
from privbench.metrics.roc import auc
from privbench.plugins.interfaces import DataRequest, Dataset, LinkageAttack
from privbench.plugins.registry import Registry
from privbench.protocols.schema import load_protocol
from privbench.running.loading import read_splits, write_data

Figures = tuple[float, float]


def main() -> None:
    words = sys.argv[1:]
    options = [word for word in words if word.startswith("--")]
    root, *overrides = [word for word in words if word not in options]
    protocol = load_protocol("quick", ["data.dataset=chestxray14", "data.params={}", *overrides])
    dataset = Registry().create(Dataset, protocol.data.dataset, {})
    with tempfile.TemporaryDirectory() as name:
        request = DataRequest(protocol.data.size, protocol.seed, Path(root), 2, Progress(Console(), quiet=True))
        write_data(dataset, request, protocol.data.validation, Path(name), lambda table: None)
        splits = read_splits(Path(name), dataset.findings)
        images = {split: np.array(part.images) for split, part in splits.items()}
        patients = {split: np.asarray(part.patients) for split, part in splits.items()}
    print("from, images, seconds, AUC and rank-1 of the embedder, of raw pixels")
    if "--test" in options:
        cut = [(images["train"], patients["train"], images["test"], patients["test"])]
    else:
        folds = int(next((word.split("=")[1] for word in options if word.startswith("--folds=")), "4"))
        known, whose = (np.concatenate([part["train"], part["val"]]) for part in (images, patients))
        names = np.random.default_rng(protocol.seed).permutation(np.unique(whose))
        held_out = [np.isin(whose, names[fold::folds]) for fold in range(folds)]
        cut = [(known[~out], whose[~out], known[out], whose[out]) for out in held_out]
    jobs = Parallel(n_jobs=-1, return_as="generator")(delayed(_figures)(*part, protocol) for part in cut)
    rows = []
    for part, (seconds, embedder, pixels) in zip(cut, jobs, strict=True):
        rows.append((*embedder, *pixels, seconds))
        print(f"{len(part[0])}, {len(part[2])}, {seconds:.0f}, {_told(embedder)}, {_told(pixels)}", flush=True)
    if len(rows) > 1:
        mean, error = np.mean(rows, 0), np.std(rows, 0, ddof=1) / np.sqrt(len(rows))
        print(f"mean: {mean[4]:.0f} s, {_told(mean[:2])} (standard errors {_told(error[:2])}), {_told(mean[2:4])}")


def _figures(images, patients, unseen, whose, protocol) -> tuple[float, Figures, Figures]:  # type: ignore[no-untyped-def]
    torch.set_num_threads(protocol.threads)
    ctx = Context(create_fabric("cpu", "32-true"), protocol.seed, "embedder", Progress(Console(), quiet=True))
    # What training is shown of the held-out side would be a leak, so validation sees training images alone.
    pairs = draw_pairs(patients, 200, protocol.pairs.cap, np.random.default_rng(0), "training")
    known = KnownGallery(images, images, pairs=pairs, table=pd.DataFrame({"patient": patients}))
    start = time.perf_counter()
    with deterministic():
        embedder = fit_embedder(known, known, protocol.guidance.embedder, ctx, "embedder")
        seconds = time.perf_counter() - start
        points = embed(embedder, Pixels(unseen, ctx.device), ctx)
    pixels = Registry().create(LinkageAttack, "correlation", {})
    raw = pixels.similarity_matrix(Gallery(unseen, unseen), ctx)
    return seconds, *(_links(one, whose, protocol.pairs.cap) for one in ((points @ points.T).numpy(), raw))


def _links(similarity: np.ndarray, patients: np.ndarray, cap: int | None) -> Figures:
    drawn = draw_pairs(patients, len(patients) ** 2, cap, np.random.default_rng(0), "held-out")
    first, second = np.triu_indices(len(patients), 1)
    others = patients[first] != patients[second]
    mates = similarity[drawn.probe, drawn.reference][drawn.mated]
    strangers = similarity[first, second][others]
    told = auc(np.arange(len(mates) + len(strangers)) < len(mates), np.concatenate([mates, strangers]))
    return told, cumulative_match(rank_mates(similarity, patients, patients, np.random.default_rng(0)), 1)


def _told(figures: Figures) -> str:
    return ", ".join(f"{figure:.3f}" for figure in figures)


if __name__ == "__main__":
    main()
