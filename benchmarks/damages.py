"""Damages a store at random, runs the same command again, and looks whether it is noticed and changes no figure.

    python benchmarks/damages.py PROTOCOL.toml --rounds 30

Every round has a copy of the store of an undisturbed run, in which one stage is damaged: bits of a file are flipped, it
is cut off, exchanged with that of another stage or another run, filled with zeros or lost, or another stage lies under
its name. The damage has to be told, `verify` has to see it before, and scores and estimates of the run that follows
have to be those of the undisturbed run to the bit.
"""

from __future__ import annotations

import argparse
import filecmp
import logging
import random
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import privbench
from privbench.judging.verify import verify_run
from privbench.record.run import read_run

Damage = Callable[[Path, random.Random, list[Path]], bool]
"""Changes a stage's folder, with the help of others; False where this one cannot be changed so."""


def flip_bits(stage: Path, draw: random.Random, others: list[Path]) -> bool:
    file = _file(stage, draw)
    content = bytearray(file.read_bytes())
    for _ in range(draw.choice((1, 1, 8))):
        content[draw.randrange(len(content))] ^= 1 << draw.randrange(8)
    file.write_bytes(content)
    return True


def cut_off(stage: Path, draw: random.Random, others: list[Path]) -> bool:
    file = _file(stage, draw)
    file.write_bytes(file.read_bytes()[: draw.randrange(file.stat().st_size)])
    return True


def fill_with_zeros(stage: Path, draw: random.Random, others: list[Path]) -> bool:
    """Behind what may be a header, as a release that shows nothing."""
    file = _file(stage, draw)
    content = file.read_bytes()
    zeros = content[:128] + bytes(max(0, len(content) - 128))
    file.write_bytes(zeros)
    return zeros != content


def exchange_file(stage: Path, draw: random.Random, others: list[Path]) -> bool:
    file = _file(stage, draw)
    found = [other / file.name for other in others if (other / file.name).is_file()]
    found = [one for one in found if one.read_bytes() != file.read_bytes()]
    if found:
        shutil.copyfile(draw.choice(found), file)
    return bool(found)


def exchange_stage(stage: Path, draw: random.Random, others: list[Path]) -> bool:
    alike = [other for other in others if other.parent.name == stage.parent.name]
    if alike:
        shutil.rmtree(stage)
        shutil.copytree(draw.choice(alike), stage)
    return bool(alike)


def lose_file(stage: Path, draw: random.Random, others: list[Path]) -> bool:
    _file(stage, draw).unlink()
    return True


DAMAGES: tuple[Damage, ...] = (flip_bits, flip_bits, cut_off, fill_with_zeros, exchange_file, exchange_stage, lose_file)


def _file(stage: Path, draw: random.Random) -> Path:
    return draw.choice(sorted(file for file in stage.iterdir() if file.is_file() and file.stat().st_size))


class _Heard(logging.Handler):
    """What was warned of."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.told: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.told.append(record.getMessage())


def damage_once(made: Path, protocol: Path, folder: Path, draw: random.Random) -> tuple[str, list[str]]:
    """What was done to which stage, and everything that went wrong after it."""
    store = folder / "store"
    shutil.copytree(made / "store", store)
    undisturbed = made / "run"
    stages = read_run(undisturbed).stages
    while True:
        stage = draw.choice(stages)
        place = store / stage.name.partition(" ")[0] / stage.key
        others = sorted(path.parent for path in store.glob("*/*/stage.json") if path.parent != place)
        damage = draw.choice(DAMAGES)
        if damage(place, draw, others):
            break
    wrong = [] if any("in the store" in one for one in verify_run(undisturbed, store)) else ["verify saw nothing"]
    heard, log = _Heard(), logging.getLogger("privbench")
    log.addHandler(heard)
    try:
        run = privbench.run("prichexy", params={"mu": 0.05}, protocol=str(protocol), store=store, out=folder / "run")
    finally:
        log.removeHandler(heard)
    if not any("is not what was written" in one for one in heard.told):
        wrong.append("it was not told")
    kept = [path.relative_to(undisturbed) for path in (undisturbed / "scores").iterdir()]
    for name in (*kept, Path("estimates.safetensors"), Path("gallery.safetensors"), Path("anonymizer.safetensors")):
        if not filecmp.cmp(undisturbed / name, run.folder / name, shallow=False):
            wrong.append(f"other {name}")
    return f"{damage.__name__.replace('_', ' ')} in {stage.name}", wrong


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("protocol", type=Path, help="one that runs in seconds")
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--seed", type=int, default=0)
    told = parser.parse_args()
    draw, failures = random.Random(told.seed), 0
    with tempfile.TemporaryDirectory() as scratch:
        made = Path(scratch) / "made"
        for out, seed in (("run", 0), ("another", 1)):  # the other run's stages lie in the same store
            privbench.run(
                "prichexy", params={"mu": 0.05}, protocol=str(told.protocol), seed=seed, store=made / "store",
                out=made / out,
            )  # fmt: skip
        for number in range(told.rounds):
            folder = Path(scratch) / str(number)
            done, wrong = damage_once(made, told.protocol, folder, draw)
            failures += bool(wrong)
            print(f"{done}: {'; '.join(wrong) or 'noticed, and every figure the same'}", flush=True)
            shutil.rmtree(folder)
    print(f"{told.rounds - failures} of {told.rounds} damages were noticed and changed no figure")
    sys.exit(bool(failures))


if __name__ == "__main__":
    main()
