"""How fast a folder is anonymized at full size, and in how much memory.

    python benchmarks/anonymizing.py speed --scratch /tmp/anonymizing --size 256
    python benchmarks/anonymizing.py memory --scratch /tmp/anonymizing --images 2000

Both draw PNG files of 1024 pixels, and PriCheXy-Net with random weights. `speed` compares `privbench anonymize` with
the loop that one would write by hand: Pillow reads, the network tells the displacement of the small image, which is
scaled up, and Pillow writes. Each takes all cores, in turn, so many rounds, of which the best counts. What is timed is
the whole command, with the loading of torch, which the loop is spared. `memory` prints for each quarter of the images
the most that the command and all its processes held: pages that several share count in each (RSS), or once (PSS). With
`--pictures` they are links to the PNG files of a folder, as often as need be.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from privbench.anonymizers.flow_field import FlowFieldUNet, displacement
from safetensors.torch import save_file
from torch.nn import functional

from privbench.metrics.deformation import moved

SIDE, MU = 1024, 0.01
_EVERY = 1.0  # seconds between two looks at the memory
_QUARTERS = 4


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=["speed", "memory"])
    parser.add_argument("--scratch", type=Path, required=True)
    parser.add_argument("--images", type=int, default=100)
    parser.add_argument("--size", type=int, default=256, help="of the small images that the network knows")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--pictures", type=Path, help="a folder of PNG files, in place of what would be drawn")
    told = parser.parse_args()
    source, weights = told.scratch / f"in-{told.images}", told.scratch / "weights.safetensors"
    if told.pictures is None:
        _draw(source, told.images)
    else:
        _link(source, told.images, sorted(told.pictures.resolve().glob("*.png")))
    network = write_weights(weights)
    out, key = told.scratch / "out", told.scratch / "key"
    line = [sys.executable, "-m", "privbench", "anonymize", source, out, "--anonymizer", "prichexy",
            "--mu", MU, "--weights", weights, "--size", told.size, "--key", key, "--quiet"]  # fmt: skip
    command = list(map(str, line))
    if told.command == "speed":
        _compare(command, source, network, told.size, told.rounds)
    else:
        _watch(command, told.images)


def write_weights(file: Path) -> FlowFieldUNet:
    """PriCheXy-Net with random weights, which the file holds afterwards."""
    network = FlowFieldUNet().eval()
    save_file({name: one.contiguous() for name, one in network.state_dict().items()}, file)
    return network


def _draw(folder: Path, images: int) -> None:
    """Pictures with the noise of radiographs, of which no two are equal; those that are there are taken."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(images):
        path = folder / f"{number:06}.png"
        if not path.exists():
            draw = np.random.default_rng(number)
            coarse = Image.fromarray(draw.integers(40, 215, (9, 9), np.uint8))
            smooth = np.asarray(coarse.resize((SIDE, SIDE), Image.BICUBIC), np.float32)
            noisy = smooth + draw.normal(0, 2, (SIDE, SIDE)).astype(np.float32)
            Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).save(path, compress_level=1)


def _link(folder: Path, images: int, pictures: list[Path]) -> None:
    folder.mkdir(parents=True)
    for number in range(images):
        (folder / f"{number:06}.png").symlink_to(pictures[number % len(pictures)])


def _compare(command: list[str], source: Path, network: FlowFieldUNet, size: int, rounds: int) -> None:
    out, files = Path(command[5]), sorted(source.iterdir())

    def ours() -> None:
        shutil.rmtree(out, ignore_errors=True)
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)

    def by_hand() -> None:
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir()
        for file in files:
            _by_hand(file, out / file.name, network, size)

    best = {"by hand": [np.inf, np.inf], "privbench anonymize": [np.inf, np.inf]}
    for _ in range(rounds):
        for name, way in (("by hand", by_hand), ("privbench anonymize", ours)):
            clock, processors = time.perf_counter(), sum(os.times()[:4])
            way()
            taken = time.perf_counter() - clock, sum(os.times()[:4]) - processors
            best[name] = list(map(min, best[name], taken))
    for name, (clock, processors) in best.items():
        speed, times = len(files) / clock, best["by hand"][0] / clock
        print(f"{name}: {speed:.2f} images/s, {times:.2f} times the loop, {len(files) / processors:.2f} a second of "
              "processors")  # fmt: skip


@torch.no_grad()
def _by_hand(file: Path, target: Path, network: FlowFieldUNet, size: int) -> None:
    with Image.open(file) as image:
        pixels, small = np.array(image, np.float32), np.array(image.resize((size, size), Image.BILINEAR), np.float32)
    field = displacement(network(torch.from_numpy(small)[None, None] / 255), MU)
    large = functional.interpolate(field, (SIDE, SIDE), mode="bilinear") * (SIDE / size)
    released = moved(torch.from_numpy(pixels)[None, None], large)[0, 0].round().numpy().astype(np.uint8)
    Image.fromarray(released).save(target)


def _watch(command: list[str], images: int) -> None:
    out = Path(command[5])
    shutil.rmtree(out, ignore_errors=True)
    begun, most = time.perf_counter(), np.zeros((_QUARTERS, 3))
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        while process.poll() is None:
            time.sleep(_EVERY)
            done = len(list(out.glob("*.png")))
            quarter = min(done * _QUARTERS // images, _QUARTERS - 1)
            most[quarter] = np.maximum(most[quarter], _memory(process.pid))
    print("| images | processes | RSS | PSS |")
    for quarter, (processes, rss, pss) in enumerate(most, start=1):
        print(f"| to {quarter / _QUARTERS:.0%} | {processes:.0f} | {rss:.0f} MiB | {pss:.0f} MiB |")
    print(f"{images / (time.perf_counter() - begun):.2f} images/s; ended with {process.returncode}")


def _memory(process: int) -> tuple[int, float, float]:
    """How many processes there are, itself and all below it, and what they hold, in MiB: RSS and PSS."""
    parents = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended
            status = dict(line.split(":", 1) for line in (folder / "status").read_text().splitlines() if ":" in line)
            parents[int(folder.name)] = int(status["PPid"])
    below = {process}
    while more := {one for one, parent in parents.items() if parent in below} - below:
        below |= more
    held = []
    for one in below:
        with suppress(OSError):
            lines = Path(f"/proc/{one}/smaps_rollup").read_text().splitlines()[1:]
            told = dict(line.split(":", 1) for line in lines)
            held.append([int(told[name].split()[0]) / 1024 for name in ("Rss", "Pss")])
    rss, pss = np.sum(held, axis=0) if held else (0.0, 0.0)
    return len(held), float(rss), float(pss)


if __name__ == "__main__":
    main()
