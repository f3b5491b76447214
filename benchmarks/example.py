"""The whole manual of the example repository, in an empty one: `python benchmarks/example.py`, some two minutes.

Every command of docs/examples/anonymizer/README.md is given in order, in a copy of that folder and an environment of
its own. Ends with 1 where one ends otherwise than the manual says. With `--write` it makes the example's baseline and
badge anew.
"""

from __future__ import annotations

import argparse
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

EXAMPLE = Path(__file__).parents[1] / "docs" / "examples" / "anonymizer"
REFUSED = "privbench check runs/worse"
"""How the one command begins that has to end with 1."""


def commands() -> list[str]:
    """The commands of the manual, without their comments, in order."""
    text = (EXAMPLE / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```sh\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    return [line.partition("  #")[0].strip() for block in blocks for line in block.splitlines()]


def copy_to(repository: Path) -> None:
    """The files of the example, as somebody copies them into an empty repository."""
    shutil.copytree(EXAMPLE, repository, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info", "build", "runs"))
    subprocess.run(["git", "init", "--quiet", repository], check=True)


def environment(folder: Path, store: Path) -> dict[str, str]:
    """The variables of a new virtual environment that has all libraries of this one, and a `pip` that asks no server.

    What another environment lent to this one comes first: where both have setuptools, it has the newer one.
    """
    venv.create(folder, symlinks=True)
    (site,) = folder.glob("lib/python*/site-packages")
    lent = [path for path in reversed(sys.path) if Path(path).name == "site-packages"]
    (site / "lent.pth").write_text("".join(f"import site; site.addsitedir({path!r})\n" for path in lent))
    for name in ("privbench", "pip"):
        (folder / "bin" / name).write_text(f'#!/bin/sh\nexec "{folder}/bin/python" -m {name} "$@"\n')
        (folder / "bin" / name).chmod(0o755)
    pip = {"NO_INDEX": "1", "NO_DEPS": "1", "NO_BUILD_ISOLATION": "0", "IGNORE_INSTALLED": "1", "QUIET": "1",
           "DISABLE_PIP_VERSION_CHECK": "1"}  # fmt: skip
    return {
        "PATH": f"{folder / 'bin'}:{os.environ['PATH']}",
        "PRIVBENCH_STORE": str(store),
        "OMP_NUM_THREADS": "1",
        "PYTEST_ADDOPTS": "",
    } | {f"PIP_{name}": value for name, value in pip.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="make the example's baseline and badge anew")
    write = parser.parse_args().write
    wrong = 0
    with tempfile.TemporaryDirectory() as place:
        repository = Path(place) / "repository"
        copy_to(repository)
        told = os.environ | environment(Path(place) / "venv", Path(place) / "store")
        lines = commands()
        if write:
            lines.insert(lines.index(next(line for line in lines if line.startswith("privbench check runs/mine"))),
                         "privbench baseline runs/mine -o baseline.json")  # fmt: skip
        for line in lines:
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            print(f"$ {line}", flush=True)
            status = subprocess.run(line, shell=True, cwd=repository, env=told).returncode
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            print(f"-> {status}, {spent:.1f} s of a core", flush=True)
            wrong += status != (1 if line.startswith(REFUSED) else 0)
            if write and line.endswith("--badge badge.svg") and status == 0:
                for name in ("baseline.json", "badge.svg"):
                    shutil.copy(repository / name, EXAMPLE)
    raise SystemExit(f"{wrong} commands ended otherwise than the manual says" if wrong else 0)


if __name__ == "__main__":
    main()
