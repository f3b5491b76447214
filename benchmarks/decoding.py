"""How fast radiographs are decoded, in how much memory, and what a kill costs.

    python benchmarks/decoding.py speed /data/nih/images --size 256
    python benchmarks/decoding.py many --images 112120 --scratch /tmp/many

`speed` decodes every PNG of a folder by plain Pillow (open, convert, resize) in one thread, and as a run does with one
and two helpers, in turn, and prints images a second of the clock and of the processors, the best of all rounds. `many`
makes so many different images of 64 pixels in a folder, decodes them as a run does, kills that by SIGKILL at half,
begins it again, and prints how much memory it took over time, and how many images the second one read.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from privbench.base.progress import Progress
from privbench.data.decoded import DecodedImages, opened
from privbench.datasets.radiographs import read_chunks
from privbench.datasets.table import TableDataset
from privbench.plugins.interfaces import DataRequest
from privbench.running.decoding import Kept
from privbench.running.loading import write_data

SIDE = 64
_EVERY = 20  # chunks between two looks at the memory


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    speed = commands.add_parser("speed")
    speed.add_argument("folder", type=Path)
    speed.add_argument("--size", type=int, default=256)
    speed.add_argument("--rounds", type=int, default=5)
    for name in ("many", "child"):
        many = commands.add_parser(name)
        many.add_argument("--images", type=int, default=112_120)
        many.add_argument("--scratch", type=Path, required=True)
        many.add_argument("--helpers", type=int, default=2)
        many.add_argument("--die-at", type=int, default=0)
    told = parser.parse_args()
    if told.command == "speed":
        _compare(sorted(told.folder.glob("*.png")), told.size, told.rounds)
    elif told.command == "child":
        _decode(told.scratch, told.helpers, told.die_at)
    else:
        _kill_at_half(told.scratch, told.images, told.helpers)


def _compare(files: list[Path], size: int, rounds: int) -> None:
    def pillow() -> None:
        for file in files:
            np.asarray(Image.open(file).convert("L").resize((size, size), Image.Resampling.BILINEAR))

    def ours(helpers: int) -> Callable[[], None]:
        request = DataRequest(size, 0, None, helpers, Progress(quiet=True))
        return lambda: deque(read_chunks(files, None, 8, request), maxlen=0) and None

    ways = {"plain Pillow": pillow, "one helper": ours(1), "two helpers": ours(2)}
    best: dict[str, list[float]] = {name: [np.inf, np.inf] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            clock, processors = time.perf_counter(), time.process_time()
            way()
            taken = time.perf_counter() - clock, time.process_time() - processors
            best[name] = list(map(min, best[name], taken))
    for name, (clock, processors) in best.items():
        print(f"{name}: {len(files) / clock:.1f} images/s, {len(files) / processors:.1f} a second of processors")


def _kill_at_half(scratch: Path, images: int, helpers: int) -> None:
    if not (scratch / "data" / "labels.csv").exists():
        _make(scratch / "data", images)
    for die_at in (images // 2, 0):
        line = [sys.executable, __file__, "child", "--scratch", scratch, "--helpers", helpers, "--die-at", die_at]
        begun = time.perf_counter()
        status = subprocess.run(list(map(str, line)), check=False).returncode
        assert status == (-signal.SIGKILL if die_at else 0), status
        print(f"ended with {status} after {time.perf_counter() - begun:.0f} s", flush=True)


def _make(folder: Path, images: int) -> None:
    """Smooth pictures, of which no two are equal, in folders of a thousand; three a patient."""
    names = [f"{number // 1000:03}/{number:06}.png" for number in range(images)]
    for name in names[::1000]:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(2) as pool:
        for _ in pool.map(_draw, [folder / name for name in names], range(images), chunksize=1000):
            pass
    numbers = np.arange(images)
    table = pd.DataFrame({"image": names, "patient": numbers // 3, "Mass": numbers % 2, "Edema": numbers % 5 == 0})
    table.astype({"Edema": int}).to_csv(folder / "labels.csv", index=False)


def _draw(path: Path, seed: int) -> None:
    coarse = np.random.default_rng(seed).integers(0, 256, (7, 7), np.uint8)
    Image.fromarray(coarse).resize((SIDE, SIDE), Image.Resampling.BICUBIC).save(path, compress_level=1)


def _decode(scratch: Path, helpers: int, die_at: int) -> None:
    """Writes the data, tells what it takes, and kills itself once so many images are on disk."""
    folder, done = scratch / "stage", 0
    append = DecodedImages.append

    def told(self: DecodedImages, arrays: dict[str, np.ndarray], marks: list[str]) -> None:
        nonlocal done
        append(self, arrays, marks)
        done += len(marks)
        if done // len(marks) % _EVERY == 0 or len(marks) < 256:
            print(f"{done} images decoded, {_memory()}", flush=True)
        if 0 < die_at <= done:
            os.kill(os.getpid(), signal.SIGKILL)

    DecodedImages.append = told  # type: ignore[method-assign, assignment]
    folder.mkdir(exist_ok=True)
    request = DataRequest(SIDE, 0, scratch / "data", helpers, Progress(quiet=True), lambda notice: None)
    with opened(scratch / "store" / "decoded" / "key") as decoded:
        write_data(TableDataset(), request, 0.1, folder, lambda table: None, Kept(decoded, "", "data/none"))
    print(f"written: {_memory()}", flush=True)


def _memory() -> str:
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    lines = dict(line.split(":", 1) for line in status.splitlines() if line.startswith(("RssAnon", "RssFile")))
    return ", ".join(f"{name} {int(text.split()[0]) / 1024:.0f} MiB" for name, text in lines.items())


if __name__ == "__main__":
    main()
