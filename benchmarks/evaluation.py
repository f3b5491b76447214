"""What the evaluation of an attack costs, in seconds of one processor and in memory, and how both grow.

    python benchmarks/evaluation.py pairs --pairs 5000 --images 1000 --size 256
    python benchmarks/evaluation.py growth --size 128 --plot docs/images/evaluation.png
    python benchmarks/evaluation.py gallery --images 25596
    python benchmarks/evaluation.py repeats --images 78484 --pairs 10000 --batch 32
    python benchmarks/evaluation.py epochs --epochs 12
    python benchmarks/evaluation.py sweep --runs 6
    python benchmarks/evaluation.py registration --size 256 --images 200

`pairs` scores verification pairs as a run does, each image embedded once, and by the network's own pass over both sides
of each pair, in turn, so many rounds, of which the best counts. `growth` scores a tenth to all of the pairs, and of the
images, each time the other held fixed, fits lines and draws them. `gallery` ranks and searches as many points of 64
numbers as there are images, in parts as a run does, and tells the time and the most memory, and what a probe takes
where scores are equal and so have to be sorted; patients have as many images as in ChestX-ray14, by and large.
`repeats` tells how often an image stands twice in a training batch of pairs. `epochs` trains a verifier, and tells the
memory after each epoch; `sweep` makes runs of a small protocol in one process, and tells it after each run.
`registration` learns where an anonymizer moved each pixel. All compute with one thread.
"""

from __future__ import annotations

import argparse
import gc
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from matplotlib.figure import Figure
from privbench.attacks.embedding import ComparedAsPoints
from privbench.attacks.registration import register

import privbench
from privbench.base.progress import Progress
from privbench.data.gallery import Gallery, KnownGallery
from privbench.data.pairs import draw_pairs
from privbench.engine.meter import Meter
from privbench.learning.context import Context, Pixels
from privbench.learning.device import create_fabric, deterministic
from privbench.learning.networks import Verifier
from privbench.learning.recipes import VerifierRecipe
from privbench.learning.training import adam, train
from privbench.learning.updating import Update
from privbench.learning.verifier import score_pairs
from privbench.metrics.identification import search_gallery
from privbench.metrics.retrieval import rank_mates
from privbench.running.attack_stages import SIMILARITIES

_BATCH = 64  # pairs of the plain way
_PAIRS = 5000  # where the images grow
_FEATURES = 64
_SORTED = 500  # probes that are ranked by sorting
_PROTOCOL = """
extends = "quick"
name = "small"
[data]
size = 32
params = { patients = 120, test_share = 0.3 }
[pairs]
guidance = 200
train = 200
val = 60
test = 100
[guidance.verifier]
epochs = 1
[guidance.embedder]
epochs = 1
steps = 4
[attacks.siamese.params]
epochs = 1
"""
_LEFT_OUT = ("attacks.distillation", "utilities.segmentation", "utilities.saliency", "utilities.quality")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    options = {
        "pairs": {"pairs": 5000, "images": 1000, "size": 256, "rounds": 2},
        "growth": {"pairs": 400000, "images": 1000, "size": 128, "rounds": 3},
        "gallery": {"images": 25596},
        "repeats": {"images": 78484, "pairs": 10000, "batch": 32, "cap": 0},
        "epochs": {"epochs": 12, "images": 2000, "size": 64},
        "sweep": {"runs": 6},
        "registration": {"images": 200, "size": 256},
    }
    for name, numbers in options.items():
        command = commands.add_parser(name)
        for option, default in numbers.items():
            command.add_argument(f"--{option}", type=int, default=default)
        if name in ("pairs", "growth", "epochs"):
            command.add_argument("--backbone", default="test_resnet", help="a timm model name")
        if name == "growth":
            command.add_argument("--plot", type=Path, required=True)
    told = parser.parse_args()
    torch.set_num_threads(1)
    with deterministic():
        {
            "pairs": _pairs, "growth": _growth, "gallery": _gallery, "repeats": _repeats, "epochs": _epochs,
            "sweep": _sweep, "registration": _registration,
        }[told.command](told)  # fmt: skip


def _surroundings() -> Context:
    return Context(create_fabric("cpu", "32-true"), 0, "evaluation", Progress(quiet=True))


def _images(count: int, size: int) -> np.ndarray:
    """Noise: what a network sees changes nothing of what it costs. Shape: (count, 1, size, size), uint8."""
    return np.random.default_rng(0).integers(0, 256, (count, 1, size, size), np.uint8)


def _verifier(backbone: str) -> Verifier:
    torch.manual_seed(0)
    recipe = VerifierRecipe(backbone=backbone, epochs=1, batch_size=32, learning_rate=1e-3)
    return Verifier(recipe, recipe.features).eval()


def _listed(pairs: int, images: int) -> tuple[np.ndarray, np.ndarray]:
    """Pairs in which each of the images stands, as near as may be, equally often. Shape: two times (pairs,), int."""
    rng = np.random.default_rng(1)
    probe, reference = (rng.permutation(np.arange(pairs) % images) for _ in range(2))
    return probe, reference


@torch.no_grad()
def _both_sides(verifier: Verifier, images: np.ndarray, probe: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """The plain way. Shape: (n,), float64."""
    pixels, parts = Pixels(images, torch.device("cpu")), []
    for rows in np.split(np.arange(len(probe)), range(_BATCH, len(probe), _BATCH)):
        first, second = (pixels[torch.from_numpy(side[rows])] for side in (probe, reference))
        parts.append(verifier(first, second).double())
    return torch.cat(parts).numpy()


def _seconds(work: Callable[[], object]) -> float:
    """Of the processor: the clock would count whoever computes beside it."""
    begun = time.process_time()
    work()
    return time.process_time() - begun


def _pairs(told: argparse.Namespace) -> None:
    ctx, verifier, images = _surroundings(), _verifier(told.backbone), _images(told.images, told.size)
    probe, reference = _listed(told.pairs, told.images)
    gallery, scores = Gallery(images, images), dict[str, np.ndarray]()

    def once() -> None:
        scores["once"] = score_pairs(verifier, gallery, probe, reference, ctx)

    def both() -> None:
        scores["both"] = _both_sides(verifier, images, probe, reference)

    best = {"each image once": np.inf, "both sides of each pair": np.inf}
    for _ in range(told.rounds):
        for name, work in zip(best, (once, both), strict=True):
            best[name] = min(best[name], _seconds(work))
    for name, seconds in best.items():
        print(f"{name}: {seconds:.1f} s, {best['both sides of each pair'] / seconds:.1f} times as fast")
    print(f"scores differ by {np.abs(scores['once'] - scores['both']).max():.1e} at the most")


def _growth(told: argparse.Namespace) -> None:
    ctx, verifier = _surroundings(), _verifier(told.backbone)
    images = _images(told.images, told.size)
    shares = np.linspace(0.1, 1, 10)
    many_pairs, many_images = ((shares * most).astype(int) for most in (told.pairs, told.images))

    def seconds(pairs: int, count: int) -> float:
        probe, reference = _listed(pairs, count)
        some = images[:count]
        gallery = Gallery(some, some)
        return min(_seconds(lambda: score_pairs(verifier, gallery, probe, reference, ctx)) for _ in range(told.rounds))

    few = told.images // 10
    # Of few images, so that what pairs cost is seen beside them.
    series = {
        f"pairs, {few} images": [(count, seconds(count, few)) for count in many_pairs],
        f"images, {_PAIRS} pairs": [(count, seconds(_PAIRS, count)) for count in many_images],
    }
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    for axes, (name, points) in zip(figure.subplots(1, 2), series.items(), strict=True):
        counts, taken = map(np.array, zip(*points, strict=True))
        slope, start = np.polyfit(counts, taken, 1)
        residual = taken - (slope * counts + start)
        explained = 1 - (residual**2).sum() / ((taken - taken.mean()) ** 2).sum()
        print(
            f"{name}: {taken[0]:.3f} to {taken[-1]:.3f} s; {1e3 * slope:.4f} ms each; a line explains {explained:.4f}"
        )
        axes.plot(counts, taken, "o", color="tab:blue")
        axes.plot(counts, slope * counts + start, color="tab:grey", linewidth=1)
        axes.set(xlabel=name, ylabel="seconds of a processor", ylim=(0, None), xlim=(0, None))
        axes.locator_params(axis="x", nbins=5)
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(told.plot, dpi=110)


class _Points(ComparedAsPoints):
    """Images that are their own points."""

    def points(self, gallery: Gallery, ctx: Context) -> tuple[torch.Tensor, torch.Tensor]:
        one = torch.from_numpy(gallery.probes)
        return one, one


def _patients(images: int) -> np.ndarray:
    """Most have few images and some have many, as in ChestX-ray14. Shape: (images,), int."""
    sizes = np.minimum(1 + (2 * np.random.default_rng(3).pareto(1.1, images)).astype(int), 184)
    return np.repeat(np.arange(images), sizes)[:images]


def _repeats(told: argparse.Namespace) -> None:
    pairs = draw_pairs(_patients(told.images), told.pairs, told.cap or None, np.random.default_rng(0), "train")
    order = np.random.default_rng(1).permutation(len(pairs))
    whole = order[: len(order) // told.batch * told.batch].reshape(-1, told.batch)
    seen = np.concatenate([pairs.probe[whole], pairs.reference[whole]], 1)
    share = 1 - np.mean([len(np.unique(batch)) for batch in seen]) / seen.shape[1]
    print(f"{len(pairs)} pairs of {told.images} images, {told.batch} a batch: {100 * share:.2f} % of the images of a "
          "batch stand there before")  # fmt: skip


def _gallery(told: argparse.Namespace) -> None:
    rng = np.random.default_rng(0)
    patients = _patients(told.images)
    centres = rng.normal(size=(patients.max() + 1, _FEATURES))[patients]
    points = (centres + rng.normal(size=centres.shape)).astype(np.float32)
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    before = _resident()
    similarity_of = _Points().similarity_by_rows(Gallery(points, points), _surroundings())
    ties, drawn = np.random.default_rng(1), np.random.default_rng(2)
    spent = {"similarities": 0.0, "ranks": 0.0, "searches": 0.0}
    ranks, searches = [], []
    parts = -(-(told.images**2) // SIMILARITIES)
    with Meter() as meter:
        for rows in np.array_split(np.arange(told.images), parts):
            begun = time.process_time()
            similarity = similarity_of(rows)
            after = time.process_time()
            ranks.append(rank_mates(similarity, patients, patients, ties, None, rows))
            ranked = time.process_time()
            searches.append(search_gallery(similarity, patients, drawn, None, rows))
            ended = time.process_time()
            for name, seconds in zip(spent, (after - begun, ranked - after, ended - ranked), strict=True):
                spent[name] += seconds
    print(f"{told.images} images of {patients.max() + 1} patients, {parts} parts; {sum(map(len, ranks))} ranks")
    print(", ".join(f"{name} {seconds:.1f} s" for name, seconds in spent.items()))
    rows = np.arange(min(_SORTED, told.images))
    tied = similarity_of(rows).round(2)  # few different scores: every probe has equal ones
    seconds = _seconds(lambda: rank_mates(tied, patients, patients, ties, None, rows))
    print(f"a probe is ranked in {1e3 * spent['ranks'] / told.images:.2f} ms by counting, and in "
          f"{1e3 * seconds / len(rows):.2f} ms where scores are equal, by sorting")  # fmt: skip
    whole = told.images**2 * 4 / 2**20
    print(f"{meter.peak_memory_mib - before:.0f} MiB beyond the points; all similarities would take {whole:.0f}, and "
          f"{2 * whole:.0f} as float64")  # fmt: skip


def _resident() -> float:
    """What the process holds now, in MiB, once what is left of before is gone."""
    gc.collect()
    line = next(one for one in Path("/proc/self/status").read_text().splitlines() if one.startswith("VmRSS:"))
    return int(line.split()[1]) / 1024


def _epochs(told: argparse.Namespace) -> None:
    ctx, images = _surroundings(), _images(told.images, told.size)
    patients = np.arange(told.images) // 4
    pairs = draw_pairs(patients, 2 * told.images, 6, np.random.default_rng(0), "train")
    known = KnownGallery(images, images, pairs=pairs, table=pd.DataFrame({"patient": patients}))
    recipe = VerifierRecipe(
        backbone=told.backbone, epochs=told.epochs, batch_size=32, learning_rate=1e-3, keep="last", input_size=32
    )
    verifier = Verifier(recipe, recipe.features)
    update = Update(verifier, ctx, *adam(verifier, recipe, len(pairs)), title="verifier")
    pixels = Pixels(images, ctx.device)
    probe, reference = (torch.from_numpy(side) for side in (pairs.probe, pairs.reference))
    mated = torch.from_numpy(pairs.mated).float()

    def step(first: torch.Tensor, second: torch.Tensor, truth: torch.Tensor) -> dict[str, torch.Tensor]:
        entropy = torch.nn.functional.binary_cross_entropy_with_logits
        return {"loss": update((first, second), lambda logits: entropy(logits, truth))}

    def validate() -> dict[str, torch.Tensor]:
        score_pairs(verifier, known, pairs.probe[:500], pairs.reference[:500], ctx)
        print(f"epoch {1 + len(ctx.curves)}: {_resident():.0f} MiB", flush=True)
        return {"loss": torch.zeros(())}

    def load(rows: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return pixels[probe[rows]], pixels[reference[rows]], mated[rows]

    train(verifier, count=len(pairs), recipe=recipe, step=step, validate=validate, ctx=ctx, title="v", load=load)


def _sweep(told: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory() as place:
        protocol = Path(place) / "small.toml"
        protocol.write_text(_PROTOCOL, encoding="utf-8")
        without = [f"{name}=none" for name in _LEFT_OUT]
        for number in range(told.runs):
            privbench.run(
                "dp-pix", params={"b": 4, "epsilon": 2.0 + number}, protocol=str(protocol), store=f"{place}/store",
                out=f"{place}/{number}", device="cpu", executor="serial", overrides=without,
            )  # fmt: skip
            print(f"run {number + 1}: {_resident():.0f} MiB", flush=True)


def _registration(told: argparse.Namespace) -> None:
    images = _images(told.images, told.size)
    before = _resident()
    with Meter() as meter:
        seconds = _seconds(
            lambda: register(images[..., ::-1].copy(), images, np.random.default_rng(0), torch.device("cpu"))
        )
    more = meter.peak_memory_mib - before
    print(f"{told.images} images of {told.size} pixels: {seconds:.0f} s, {more:.0f} MiB beyond the images")


if __name__ == "__main__":
    main()
