"""What it takes to undo a release of large images: `python benchmarks/undoing.py --size 256 --images 300`.

Every undo is fitted to so many phantoms and their negatives, and undoes them. Printed are the processor's seconds for
the fit and milliseconds an image, with one thread, and the memory at most.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TypeVar

import numpy as np
import torch
from privbench.attacks.undoing.search import KINDS, originals_of
from privbench.attacks.undoing.undo import OwnPairs

from privbench.datasets.phantom import generate
from privbench.engine.meter import Meter

Made = TypeVar("Made")


def measured(work: Callable[[], Made]) -> tuple[Made, Meter]:
    with Meter() as meter:
        made = work()
    return made, meter


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--images", type=int, default=300)
    parser.add_argument("--undo", nargs="+", choices=list(KINDS), default=list(KINDS))
    told = parser.parse_args()
    torch.set_num_threads(1)
    drawn = generate(patients=told.images, size=told.size, seed=0, workers=1)
    _, first = np.unique(drawn.table["patient"], return_index=True)
    originals = drawn.images[first]
    portraits, meter = measured(lambda: originals_of(originals, np.random.default_rng(0)))
    print(f"the model of originals: {meter.processor_seconds:.1f} s, {meter.peak_memory_mib:.0f} MiB\n")
    print("| undo | fit, s | an image, ms | memory, MiB |\n| --- | --- | --- | --- |")
    examples = OwnPairs(255 - originals, originals, portraits)
    for name in told.undo:
        undo, fit = measured(lambda name=name: KINDS[name].fit(examples, np.random.default_rng(0)))  # type: ignore[misc]
        _, use = measured(lambda undo=undo: undo.images(examples.released))  # type: ignore[misc]
        each = 1000 * use.processor_seconds / len(originals)
        peak = max(fit.peak_memory_mib, use.peak_memory_mib)
        print(f"| {name} | {fit.processor_seconds:.1f} | {each:.1f} | {peak:.0f} |", flush=True)


if __name__ == "__main__":
    main()
