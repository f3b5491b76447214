"""Stops runs at random moments, begins them again, and looks whether anything is lost or left behind.

    python benchmarks/interruptions.py PROTOCOL.toml --stop interrupt main worker node head --rounds 5

Every round has a store and a run folder of its own, and is disturbed once: by SIGINT to the command's group
(`interrupt`), or by SIGKILL of the command (`main`), of a process of the executor local (`worker`), of a machine of a
Ray cluster (`node`), or of its head (`head`). A run outlives the loss of a worker or of a machine: its stage is made
again, once. Each other stop must leave no process, an interrupt no hidden file either, and the same command is given
again, on a new cluster where the old one lost its head. In the end there is neither lock nor unfinished folder, and the
scores and figures are those of an undisturbed run to the bit.
"""

from __future__ import annotations

import argparse
import filecmp
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

STOPS = ("interrupt", "main", "worker", "node", "head")
_ON_RAY, _OUTLIVED = ("node", "head"), ("worker", "node")
MARK = "PRIVBENCH_INTERRUPTIONS"
_LOCAL = ("--executor", "local", "--jobs", "2")
_AGENTS = (b"ray::DashboardAgent", b"ray::RuntimeEnvAgent")
"""Processes of a machine of Ray, and of no command: they end by themselves some seconds after it is killed."""
_WORKER, _MADE_AGAIN = b"loky.backend.popen_loky", "made again, with nothing beside it"
_FIGURES = ("attacks", "utilities", "measurements", "inferences")
_LONGEST = 400
"""Seconds after which a command is taken to hang."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("protocol", type=Path, help="one that runs in seconds")
    parser.add_argument("--stop", nargs="+", choices=STOPS, default=["interrupt", "main", "worker"])
    parser.add_argument("--rounds", type=int, default=5, help="of each")
    parser.add_argument("--seed", type=int, default=0)
    told = parser.parse_args()
    moments, bad = random.Random(told.seed), 0
    with tempfile.TemporaryDirectory() as scratch:
        undisturbed = Path(scratch) / "undisturbed"
        for stop in told.stop:
            shutil.rmtree(undisturbed, ignore_errors=True)
            lasted = _undisturbed(told.protocol, undisturbed, stop)
            for number in range(told.rounds):
                moment, folder = moments.uniform(0.03, 0.97), Path(scratch) / f"{stop} {number}"
                before, wrong = _disturbed(told.protocol, folder, stop, moment * lasted)
                wrong += _differences(folder, undisturbed)
                bad += bool(wrong)
                late = ", when it had ended" if before else ""
                print(f"{stop} at {moment:.0%} of {lasted:.0f} s{late}: {'; '.join(wrong) or 'well'}", flush=True)
    rounds = len(told.stop) * told.rounds
    print(f"{rounds - bad} of {rounds} rounds went well")
    sys.exit(bool(bad))


def _undisturbed(protocol: Path, folder: Path, stop: str) -> float:
    """Makes the run that the disturbed ones are compared with. Seconds that it takes."""
    with _means(stop, "none") as (means, _):
        begun = time.monotonic()
        assert _start(protocol, folder, "none", means).wait() == 0, _printed(folder)
        return time.monotonic() - begun


def _disturbed(protocol: Path, folder: Path, stop: str, after: float) -> tuple[bool, list[str]]:
    """Disturbs a run after so many seconds, and has it finished.

    Tells whether it had ended before, and everything that went wrong.
    """
    mark, wrong = str(uuid.uuid4()), []
    with _means(stop, mark) as (means, machines):
        run = _start(protocol, folder, mark, means)
        with suppress(subprocess.TimeoutExpired):
            run.wait(after)
        before = run.poll() is not None
        if not before:
            _disturb(run, stop, mark, machines)
        status = _ended(run)
        if machines is None:
            wrong += alive(mark)
        if not before:
            wrong += _told(folder, stop, status)
    wrong += alive(mark)
    if status != 0:
        with _means(stop, mark) as (means, _):
            if (status := _ended(_start(protocol, folder, mark, means))) != 0:
                wrong.append(f"the second command ended with {status}: {_printed(folder)[-500:]}")
    return before, [*wrong, *alive(mark), *_hidden(folder)]


@contextmanager
def _means(stop: str, mark: str) -> Iterator[tuple[tuple[str, ...], Any]]:
    """With what stages are made: how a command is told so; and the cluster, a head and a machine, if there is one."""
    if stop not in _ON_RAY:
        yield _LOCAL, None
        return
    from ray.cluster_utils import Cluster

    os.environ[MARK] = mark  # for all that belongs to the cluster
    machines = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    try:
        machines.add_node(num_cpus=1)
        yield ("--executor", "ray", "--address", machines.address), machines
    finally:
        machines.shutdown()
        del os.environ[MARK]


def _start(protocol: Path, folder: Path, mark: str, means: Sequence[str]) -> subprocess.Popen[bytes]:
    folder.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "privbench", "run", "--protocol", str(protocol.resolve()), *means]
    command += ["--store", "store", "--out", "out", "--quiet"]
    environment = os.environ | {MARK: mark}
    with (folder / "printed.txt").open("wb") as printed:
        return subprocess.Popen(
            command, cwd=folder, env=environment, stdout=printed, stderr=printed, start_new_session=True
        )


def _ended(run: subprocess.Popen[bytes]) -> int | None:
    """Its status; None where it hangs, and is killed."""
    try:
        return run.wait(_LONGEST)
    except subprocess.TimeoutExpired:
        run.kill()
        run.wait()
        return None


def _disturb(run: subprocess.Popen[bytes], stop: str, mark: str, machines: Any) -> None:
    if stop == "interrupt":
        os.killpg(run.pid, signal.SIGINT)
    elif stop == "main":
        run.kill()
    elif stop == "worker":
        while not (workers := _workers(run.pid, mark)) and run.poll() is None:
            time.sleep(0.05)  # it has begun none yet
        if workers:
            os.kill(random.choice(workers), signal.SIGKILL)
    elif stop == "node":
        _kill(machines.list_all_nodes()[-1], "raylet")
    else:
        _kill(machines.head_node, "gcs_server", "raylet")


def _kill(machine: Any, *kinds: str) -> None:
    for kind in kinds:
        machine.all_processes[kind][0].process.kill()


def _workers(pid: int, mark: str) -> list[int]:
    """The processes in which a command has its stages made."""
    return [one for one in _marked(mark) if _parent(one) == pid and _WORKER in _read(one, "cmdline")]


def _told(folder: Path, stop: str, status: int | None) -> list[str]:
    """What is wrong with how a command ended that was disturbed."""
    lines = _printed(folder).splitlines()
    if status is None:
        return [f"it hung for {_LONGEST} s"]
    if stop == "main" or status == 0:  # once the result is printed nothing changes it
        log = folder / "out" / "log.txt"
        again = log.read_text().count(_MADE_AGAIN) if log.exists() else 0
        return [f"{again} stages were made again"] if again > 1 else []
    if stop == "interrupt":
        as_wanted = (status, len(lines)) == (130, 1)
        return _hidden(folder) if as_wanted else [f"status {status}, the last of {len(lines)} lines: {lines[-1:]}"]
    if stop in _OUTLIVED:
        return [f"it ended with {status}: {lines[-3:]}"]
    return []  # without the head Ray itself ends the command


def alive(mark: str) -> list[str]:
    """The processes that come of a command, those included that lost their parent."""
    for _ in range(10):  # what a killed process leaves behind may take a while to see it
        if not (left := _marked(mark)):
            return []
        time.sleep(0.5)
    return [f"{len(left)} processes are left such as {_read(left[0], 'cmdline')[:200]!r}"]


def _marked(mark: str) -> list[int]:
    processes = [int(one.name) for one in Path("/proc").glob("[0-9]*")]
    marked = [one for one in processes if f"{MARK}={mark}".encode() in _read(one, "environ").split(b"\0")]
    return [one for one in marked if not _read(one, "cmdline").startswith(_AGENTS)]


def _read(pid: int, what: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/{what}").read_bytes()
    except OSError:  # it has ended while we looked
        return b""


def _parent(pid: int) -> int:
    """0 where the process has ended."""
    return next((int(line[5:]) for line in _read(pid, "status").splitlines() if line.startswith(b"PPid:")), 0)


def _printed(folder: Path) -> str:
    return (folder / "printed.txt").read_text()


def _hidden(folder: Path) -> list[str]:
    """Locks and unfinished folders that are left, wherever they lie."""
    hidden = (".lock", ".privbench-lock", ".privbench-unfinished", ".privbench-replaced")
    found = [path for path in folder.rglob("*") if path.suffix in hidden]
    found += (folder / "store" / "unfinished").glob("*")
    return [f"{len(found)} such as {min(found).relative_to(folder)} are left"] if found else []


def _differences(folder: Path, undisturbed: Path) -> list[str]:
    """Scores that are not the same to the bit, and figures of run.json that are others."""
    if not (folder / "out" / "run.json").exists():
        return ["there is no run"]
    scores = [path.relative_to(undisturbed) for path in (undisturbed / "out" / "scores").iterdir()]
    wrong = [f"other {path}" for path in scores if not filecmp.cmp(undisturbed / path, folder / path, shallow=False)]
    ours, theirs = (json.loads((one / "out" / "run.json").read_bytes()) for one in (folder, undisturbed))
    return wrong + [f"other {name}" for name in _FIGURES if ours[name] != theirs[name]]


if __name__ == "__main__":
    main()
