"""How well classifiers of the plain and the robust recipe read original images, and each of its parts alone.

    python benchmarks/recipes.py --seeds 3 data.params.scanners=3 \\
        'data.params.label_noise={sensitivity = 0.8, specificity = 0.8}'
    python benchmarks/recipes.py --root ROOT --recipe chexnet --recipe robust [FIELD=VALUE …]

Data, split and network are those of the protocol quick, changed as `privbench run --set` does; with --root they are
ChestX-ray14's layout in that folder. Prints a Markdown table: the mean AUC over the findings with at least ten
positives among the test images, its interval over patients and trainings, the paired difference to the first recipe,
and the seconds of a training. No test image is looked at before.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

import privbench  # noqa: F401 - before torch, because it sets how torch's threads wait

# isort: split
import numpy as np
import pandas as pd
import torch

from privbench.base.progress import Progress
from privbench.data.splits import Split
from privbench.evaluate.resampling import Resampling
from privbench.evaluate.utility import utility_results
from privbench.learning.context import Context
from privbench.learning.device import create_fabric, deterministic
from privbench.learning.generators import global_seed
from privbench.learning.guidance import untrained_guidance
from privbench.plugins.interfaces import DataRequest, Dataset
from privbench.plugins.registry import Registry
from privbench.protocols.kinds import CONTROL
from privbench.protocols.schema import Protocol, load_protocol
from privbench.record.names import MEAN_AUC, FigureName, Subject
from privbench.record.scores import TaskOrigin, utility_scores
from privbench.report.figures import interval_text
from privbench.running.loading import read_splits, write_data
from privbench.utilities.classification import Classification
from privbench.utilities.robust import PARTS

_RECIPES = {
    "chexnet": {"recipe": "chexnet"},
    **{part: {"recipe": "robust", "parts": [part]} for part in PARTS},
    "robust": {"recipe": "robust"},
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=Path, help="a folder in ChestX-ray14's layout; else the phantom is drawn")
    parser.add_argument("--seeds", type=int, default=1, help="trainings of each recipe")
    parser.add_argument("--recipe", action="append", choices=_RECIPES, help="only these, the first the one compared to")
    parser.add_argument("--findings", action="store_true", help="each finding's AUC too")
    parser.add_argument("changes", nargs="*", help="of the protocol, such as guidance.classifier.epochs=10")
    arguments = parser.parse_args()
    names = arguments.recipe or list(_RECIPES)
    own = ["data.dataset=chestxray14", "data.params={}"] if arguments.root else []
    sections = [f"utilities.{name}.task=classification" for name in names]
    protocol = load_protocol("quick", [*own, *sections, *arguments.changes])
    with tempfile.TemporaryDirectory() as folder, deterministic():
        splits = _splits(protocol, arguments.root, Path(folder))
        frames, seconds = [], {}
        for name in names:
            for seed in range(arguments.seeds):
                start = time.perf_counter()
                frames += _scores(name, seed, protocol, splits)
                seconds[name] = time.perf_counter() - start
                print(f"{name} {seed}: {seconds[name]:.0f} s", file=sys.stderr)
    scores = pd.concat(frames, ignore_index=True)
    resampling = Resampling.of(protocol, splits["test"].table["patient"].to_numpy())
    results, estimates = utility_results(scores, protocol, dict.fromkeys(protocol.utilities, ""), resampling)
    means = {name: estimates[FigureName(Subject.UTILITY, f"{name} (frozen)", MEAN_AUC)] for name in names}
    print(f"{results[0].counts.images} test images, {len(results[0].mean_over)} findings with ten positives")
    print("\n| recipe | mean AUC | to the first | seconds |\n| --- | --- | --- | --- |")
    for result in results:
        both = means[result.name].minus(means[names[0]])
        interval = both.interval(protocol.statistics)
        change = f"{both.value:+.3f} [{interval.low:+.3f}, {interval.high:+.3f}]" if interval and both.value else "–"
        print(
            f"| {result.name} | {interval_text(result.mean_auc, result.interval)} | {change} "
            f"| {seconds[result.name]:.0f} |"
        )
    if arguments.findings:
        print("\n| finding | positives | " + " | ".join(names) + " |\n" + "| --- " * (len(names) + 2) + "|")
        for row in zip(*(result.findings for result in results), strict=True):
            cells = [
                f"{one.auc:.3f} [{one.interval.low:.3f}, {one.interval.high:.3f}]" if one.interval else "–"
                for one in row
            ]
            print(f"| {row[0].name} | {row[0].positives} | " + " | ".join(cells) + " |")


def _splits(protocol: Protocol, root: Path | None, folder: Path) -> dict[str, Split]:
    dataset = Registry().create(Dataset, protocol.data.dataset, protocol.data.params)
    request = DataRequest(protocol.data.size, protocol.seed, root, 2, Progress(quiet=True))
    write_data(dataset, request, protocol.data.validation, folder, lambda table: None)
    splits = read_splits(folder, dataset.findings)
    return {name: split.with_images(np.array(split.images)) for name, split in splits.items()}


def _scores(name: str, seed: int, protocol: Protocol, splits: dict[str, Split]) -> list[pd.DataFrame]:
    """Trained as a run trains it; the same scores stand for the control, from which nothing is lost."""
    fabric = create_fabric("cpu", "32-true")
    with global_seed(protocol.seed, "guidance"):  # nothing is learnt from it, it only tells the recipe
        guidance = untrained_guidance(protocol.guidance, len(splits["train"].findings), torch.device("cpu"))
    stage = f"task {name} O {seed}"
    ctx = Context(fabric, protocol.seed, stage, Progress(quiet=True))
    task = Classification(**_RECIPES[name])
    with global_seed(protocol.seed, stage):
        task.fit(splits["train"], splits["val"], guidance, ctx)
    read = {split: task.predict(splits[split].images, ctx) for split in ("val", "test")}
    return [
        utility_scores(TaskOrigin(name, mode, seed), split, splits[split], logits)
        for mode in (CONTROL, "frozen")
        for split, logits in read.items()
    ]


if __name__ == "__main__":
    main()
