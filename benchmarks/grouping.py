"""What k-Same costs: seconds of one thread and memory, for so many patients of one image each.

    python benchmarks/grouping.py k-same-eigen --patients 200 400 --side 256

Images are random, which costs what radiographs cost. Memory is the most that the process held beyond what it held when
the images were there.
"""

from __future__ import annotations

import argparse
import resource
import time

import numpy as np
import pandas as pd
import torch

from privbench.learning.context import Pixels
from privbench.plugins.interfaces import SetAnonymizer
from privbench.plugins.registry import Registry


def cost(method: SetAnonymizer, patients: int, side: int) -> tuple[float, float]:
    """Seconds of the process, and MiB."""
    images = np.random.default_rng(0).integers(0, 256, (patients, 1, side, side), np.uint8)
    table = pd.DataFrame({"patient": [f"{number:06}" for number in range(patients)]})
    before, begun = _most_mib(), time.process_time()
    for _ in method.anonymize_set(Pixels(images, torch.device("cpu")), table, torch.Generator()):
        pass
    return time.process_time() - begun, _most_mib() - before


def _most_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("method", choices=["k-same-pixel", "k-same-eigen"])
    parser.add_argument("--patients", type=int, nargs="+", default=[200], help="in ascending order")
    parser.add_argument("--side", type=int, default=256)
    parser.add_argument("--k", type=int, default=5)
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    registry = Registry()
    print("| method | patients | seconds | MiB |\n| --- | --- | --- | --- |")
    for patients in chosen.patients:
        method = registry.create(SetAnonymizer, chosen.method, {"k": chosen.k})
        seconds, mib = cost(method, patients, chosen.side)
        print(f"| `{chosen.method}` | {patients:,} | {seconds:.1f} | {mib:,.0f} |")


if __name__ == "__main__":
    main()
