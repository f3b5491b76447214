"""Kills `privbench anonymize` at random moments, begins it again, and looks whether anything is lost or left behind.

    PYTHONPATH=tests python benchmarks/killed_releases.py --scratch /tmp/killed --images 300 --kills 10

The folder holds PNG files of 8 and 16 bits, JPEG, TIFF and DICOM files, below folders of patients; PriCheXy-Net with
random weights moves their pixels, and `--map` tells which became which. SIGKILL ends the command with all its processes
or, every second time, its first process alone, which the others have to notice. Of ten moments, drawn by the seed,
three lie before the first image, three among the images, and four after the last one, while it is written what belongs
to all; each time the same command is given again. Where a kill comes after the release is finished, the next one meets
a new release. In the end, files, manifest and map of each are those of an undisturbed command to the bit, each image
there once; `privbench verify` passes; nothing hidden and no process is left.
"""

from __future__ import annotations

import argparse
import csv
import os
import random
import shutil
import signal
import subprocess
import sys
import time
import uuid
from contextlib import suppress
from pathlib import Path

import numpy as np
from anonymizing import write_weights
from dicoms import write_dicom
from interruptions import MARK, alive
from PIL import Image

_LONGEST = 600
"""Seconds after which a command is taken to hang."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scratch", type=Path, required=True, help="a folder to work in; what lies there is replaced")
    parser.add_argument("--images", type=int, default=300)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    told = parser.parse_args()
    shutil.rmtree(told.scratch, ignore_errors=True)
    source, moments = told.scratch / "in", random.Random(told.seed)
    _draw(source, told.images)
    write_weights(told.scratch / "weights.safetensors")
    whole = _Release(told.scratch, "whole")
    loading, ending = whole.timed(told.images)
    print(f"undisturbed: {loading:.1f} s until the first image, {ending:.2f} s from the last to the end", flush=True)
    releases, wrong = [_Release(told.scratch, "0")], []
    for number in range(told.kills):
        there = releases[-1].count()
        if number >= 0.6 * told.kills:
            images, after = told.images, moments.uniform(0, ending)
        elif number % 2:
            images, after = there + moments.randint(1, max(1, (told.images - there) // 2)), 0.0
        else:
            images, after = 0, moments.uniform(0, loading)
        print(f"kill {number + 1}: {releases[-1].killed(images, after, group=number % 4 < 2)}", flush=True)
        if releases[-1].is_finished():
            wrong += releases[-1].wrong(whole, told.images)
            releases.append(_Release(told.scratch, str(len(releases))))
    wrong += releases[-1].wrong(whole, told.images)
    done = f"{told.kills} kills, {len(releases)} releases of {told.images} images each"
    print(f"{done}: {'; '.join(wrong) or 'all is well'}")
    sys.exit(bool(wrong))


class _Release:
    """A folder that the command fills, with its map; the key is that of all."""

    def __init__(self, scratch: Path, name: str) -> None:
        self._scratch, self.out, self.map = scratch, scratch / name / "out", scratch / name / "map.csv"
        self._mark, self._printed = str(uuid.uuid4()), scratch / f"{name}.txt"

    def start(self) -> subprocess.Popen[bytes]:
        """The command, the same every time."""
        place = self._scratch
        line = [sys.executable, "-m", "privbench", "anonymize", place / "in", self.out, "--anonymizer", "prichexy",
                "--mu", "0.01", "--weights", place / "weights.safetensors", "--size", "64", "--key", place / "key",
                "--map", self.map, "--jobs", "2", "--device", "cpu", "--quiet"]  # fmt: skip
        with self._printed.open("wb") as printed:
            return subprocess.Popen(
                list(map(str, line)), env=os.environ | {MARK: self._mark}, stdout=printed, stderr=printed,
                start_new_session=True,
            )  # fmt: skip

    def timed(self, images: int) -> tuple[float, float]:
        """Fills it undisturbed. Seconds until the first image, and from the last until nothing is hidden any more."""
        command, begun = self.start(), time.monotonic()
        self._wait_for(1, command)
        loaded = time.monotonic()
        self._wait_for(images, command)
        last = time.monotonic()
        while any(self.out.glob(".*")):
            time.sleep(0.001)
        ended = time.monotonic()
        assert command.wait(_LONGEST) == 0, self._printed.read_text()
        return loaded - begun, ended - last

    def killed(self, images: int, after: float, group: bool) -> str:
        """Starts the command, and kills it so many seconds after so many images are there. What lies there then."""
        command = self.start()
        self._wait_for(images, command)
        with suppress(subprocess.TimeoutExpired):
            command.wait(after)
        if command.poll() is not None:
            return f"it had ended with {command.returncode}"
        (os.killpg if group else os.kill)(command.pid, signal.SIGKILL)
        command.wait()
        assert not (left := alive(self._mark)), left
        hidden = sorted(path.name for path in self.out.glob(".*"))
        more = ["manifest.json"] * (self.out / "manifest.json").exists() + ["map.csv"] * self.map.exists()
        return f"{self.count()} images, {', '.join([*hidden, *more]) or 'nothing else'}"

    def count(self) -> int:
        """Images that are there."""
        return sum(path.suffix in (".png", ".tiff", ".dcm") for path in self.out.glob("*"))

    def is_finished(self) -> bool:
        """Whether no further command would go on with it."""
        return (self.out / "manifest.json").exists() and not (self.out / ".privbench-unfinished").exists()

    def wrong(self, whole: _Release, images: int) -> list[str]:
        """Gives the command once more. All by which it differs from the undisturbed one then, or does not hold."""
        command, expected = self.start(), 2 if self.is_finished() else 0
        if command.wait(_LONGEST) != expected:
            return [f"it ended with {command.returncode}: {self._printed.read_text()}"]
        ours, theirs = ({path.name: path.read_bytes() for path in one.out.iterdir()} for one in (self, whole))
        wrong = [f"{name} is another or missing" for name in theirs if ours.get(name) != theirs[name]]
        wrong += [f"{name} is there" for name in ours.keys() - theirs.keys()]
        with self.map.open(newline="") as file:
            rows = list(csv.DictReader(file))
        if self.map.read_bytes() != whole.map.read_bytes():
            wrong.append("the map is another")
        if len({row["original"] for row in rows} & _names(self._scratch / "in")) != images or len(rows) != images:
            wrong.append(f"the map tells of {len(rows)} images")
        if {row["released"] for row in rows} != ours.keys() - {"manifest.json"}:
            wrong.append("the map tells of other files than there are")
        verify = [sys.executable, "-m", "privbench", "verify", str(self.out)]
        verified = subprocess.run(verify, capture_output=True, text=True, check=False)
        if verified.returncode:
            wrong.append(verified.stdout + verified.stderr)
        beside = {path.name for path in self.out.parent.iterdir()} - {"out", "map.csv"}
        return [*wrong, *(f"{name} is left beside it" for name in beside), *alive(self._mark)]

    def _wait_for(self, images: int, command: subprocess.Popen[bytes]) -> None:
        until = time.monotonic() + _LONGEST
        while self.count() < images and command.poll() is None:
            assert time.monotonic() < until, "it hangs"
            time.sleep(0.002)


def _names(source: Path) -> set[str]:
    return {path.relative_to(source).as_posix() for path in source.rglob("*") if path.is_file()}


def _draw(source: Path, images: int) -> None:
    """Pictures of some hundred pixels, of which no two are equal, in the forms that are read."""
    for number in range(images):
        draw = np.random.default_rng(number)
        shape = tuple(draw.integers(300, 600, 2))
        coarse = Image.fromarray(draw.integers(40, 215, (9, 9), np.uint8)).resize(shape[::-1], Image.Resampling.BICUBIC)
        pixels = np.asarray(coarse).astype(int)
        path = source / f"patient{number // 3}" / f"{number:06}"
        path.parent.mkdir(parents=True, exist_ok=True)
        form = number % 5
        if form == 4:
            write_dicom(path.with_suffix(".dcm"), pixels * 16, bits=12, PatientID=str(number // 3))
        elif form == 3:
            Image.fromarray((pixels * 16).astype(np.uint16)).save(path.with_suffix(".png"))
        else:
            coarse.save(path.with_suffix((".png", ".jpg", ".tif")[form]))


if __name__ == "__main__":
    main()
