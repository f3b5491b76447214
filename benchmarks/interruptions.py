"""Stops runs at random moments, begins them again, and looks whether anything is lost or left behind.

    python benchmarks/interruptions.py PROTOCOL.toml --kills 20 --interrupts 20

Every round has a store and a run folder of its own. It is stopped once, by SIGKILL or by SIGINT to its group, and the
same command is given again. Each stop must leave no process, an interrupt no hidden file either; the second command
must end well, leave neither locks nor unfinished folders, and give the scores of an undisturbed run to the bit.
"""

from __future__ import annotations

import argparse
import filecmp
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path

_MARK = "PRIVBENCH_INTERRUPTIONS"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("protocol", type=Path, help="one that runs in seconds")
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--interrupts", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    told = parser.parse_args()
    moments = random.Random(told.seed)
    with tempfile.TemporaryDirectory() as scratch:
        undisturbed, begun = Path(scratch) / "undisturbed", time.monotonic()
        assert _start(told.protocol, undisturbed, "none").wait() == 0
        lasted, failures = time.monotonic() - begun, 0
        rounds = [signal.SIGKILL] * told.kills + [signal.SIGINT] * told.interrupts
        for number, kind in enumerate(rounds):
            moment = moments.uniform(0.03, 0.97)
            wrong = _stopped_once(told.protocol, Path(scratch) / str(number), kind, moment * lasted, undisturbed)
            failures += bool(wrong)
            print(f"{kind.name} at {moment:.0%} of {lasted:.0f} s: {'; '.join(wrong) or 'well'}", flush=True)
    print(f"{len(rounds) - failures} of {len(rounds)} rounds went well")
    sys.exit(bool(failures))


def _start(protocol: Path, folder: Path, mark: str) -> subprocess.Popen[bytes]:
    folder.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "privbench", "run", "--protocol", str(protocol.resolve())]
    command += ["--store", "store", "--out", "out", "--jobs", "2", "--quiet"]
    environment = os.environ | {_MARK: mark}
    with (folder / "printed.txt").open("wb") as printed:
        return subprocess.Popen(
            command, cwd=folder, env=environment, stdout=printed, stderr=printed, start_new_session=True
        )


def _stopped_once(protocol: Path, folder: Path, kind: signal.Signals, after: float, undisturbed: Path) -> list[str]:
    """Everything that went wrong in a round."""
    mark, wrong = str(uuid.uuid4()), []
    run = _start(protocol, folder, mark)
    time.sleep(after)
    ended_before = run.poll() is not None
    if not ended_before:
        os.kill(run.pid, kind) if kind == signal.SIGKILL else os.killpg(run.pid, kind)
    status = run.wait()
    time.sleep(1)  # what a killed process leaves behind may take that long to see it
    if left := _alive(mark):
        wrong.append(f"{left} processes are left")
    lines = (folder / "printed.txt").read_text().splitlines()
    if kind == signal.SIGINT and not ended_before and status != 0:  # once the result is printed it changes nothing
        if (status, len(lines)) != (130, 1):
            wrong.append(f"status {status} and {len(lines)} lines, the last {lines[-1:]}")
        wrong += _hidden(folder)
    if (again := _start(protocol, folder, mark).wait()) != 0:
        return [*wrong, f"the second command ended with {again}: {(folder / 'printed.txt').read_text()[-500:]}"]
    wrong += _hidden(folder)
    scores = [path.relative_to(undisturbed) for path in (undisturbed / "out" / "scores").iterdir()]
    wrong += [f"other {path}" for path in scores if not filecmp.cmp(undisturbed / path, folder / path, shallow=False)]
    return wrong


def _alive(mark: str) -> int:
    """The processes that come of a command, those included that lost their parent."""
    return sum(_has_mark(path, mark) for path in Path("/proc").glob("[0-9]*/environ"))


def _has_mark(environment: Path, mark: str) -> bool:
    try:
        return f"{_MARK}={mark}".encode() in environment.read_bytes().split(b"\0")
    except OSError:  # it has ended while we looked
        return False


def _hidden(folder: Path) -> list[str]:
    """Locks and unfinished folders that are left, wherever they lie."""
    hidden = (".lock", ".privbench-lock", ".privbench-unfinished", ".privbench-replaced")
    found = [path for path in folder.rglob("*") if path.suffix in hidden]
    found += (folder / "store" / "unfinished").glob("*")
    return [f"{len(found)} such as {min(found).relative_to(folder)} are left"] if found else []


if __name__ == "__main__":
    main()
