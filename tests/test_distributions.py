"""What is handed out: wheel and sdist hold all they have to and no more, and the wheel works where nothing else is."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
from email.message import Message
from email.parser import BytesParser
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import NamedTuple
from zipfile import ZipFile

import pytest
from conftest import TINY
from environments import installed_alone, link, needed
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import privbench
from privbench.base.code import imports_of
from privbench.base.locks import locked

ROOT = Path(__file__).parents[1]
PACKAGES = {"privbench": "privbench", "anonymizers": "privbench/anonymizers", "attacks": "privbench/attacks"}
NOT_HANDED_OUT = {".ci/run", ".gitignore"}
"""What serves the repository alone."""
SMOKE = ("tests/record/test_history.py", "tests/record/test_manifest.py", "tests/cli/test_completion.py")
"""Of the tests, in the empty environment: records of all schemas, and what entry points and data files tell. They take
nothing of conftest.py, which loads all that computes; the main job does so beside them."""
DISTRIBUTIONS = "from importlib.metadata import distributions; print(*(one.name for one in distributions()))"


class Built(NamedTuple):
    wheel: Path
    sdist: Path


class Empty(NamedTuple):
    """An environment with the wheel and what it needs, and an empty folder to work in."""

    commands: Path
    folder: Path

    def run(self, *command: object) -> str:
        """What a command prints; nothing of this process's surroundings gets through to it."""
        told = {"PATH": f"{self.commands}:/usr/bin:/bin", "HOME": str(self.folder), "COLUMNS": "200"}
        told |= {name: value for name, value in os.environ.items() if name == "OMP_NUM_THREADS"}
        words = [str(self.commands / str(command[0])), *map(str, command[1:])]
        done = subprocess.run(words, cwd=self.folder, env=told, capture_output=True, text=True)
        assert done.returncode == 0, f"{' '.join(words)}\n{done.stdout}\n{done.stderr}"
        return done.stdout


@cache
def tracked() -> frozenset[str]:
    """Every file that git knows, or would if it were added."""
    if not (ROOT / ".git").exists():
        pytest.skip("what belongs to a distribution is told by git")
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    )  # fmt: skip
    return frozenset(name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file())


@pytest.fixture(scope="session")
def built(shared: Path) -> Built:
    """The sdist of the working tree, and the wheel that is built from it, as `python -m build` makes them."""
    source, out = shared / "source", shared / "dist"
    with locked(shared / "dist.lock", "waiting for another process of the tests"):
        if not out.exists():
            for name in tracked():
                (source / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(ROOT / name, source / name)
            part = shared / "dist.part"
            build = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(part), str(source)]
            done = subprocess.run(build, capture_output=True, text=True)
            assert done.returncode == 0, done.stdout + done.stderr
            part.rename(out)
    (wheel,), (sdist,) = out.glob("*.whl"), out.glob("*.tar.gz")
    return Built(wheel, sdist)


@pytest.fixture(scope="module")
def empty(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Empty:
    """The wheel alone. `-n` may make it once a process, which takes four seconds."""
    folder = tmp_path_factory.mktemp("empty")
    (folder / "desk").mkdir()
    return Empty(installed_alone(built.wheel, folder / "environment"), folder / "desk")


def metadata_of(wheel: Path) -> Message:
    with ZipFile(wheel) as archive:
        (name,) = (one for one in archive.namelist() if one.endswith(".dist-info/METADATA"))
        return BytesParser().parsebytes(archive.read(name))


def distributions_of(requirements: list[str]) -> set[str]:
    return {canonicalize_name(Requirement(one).name) for one in requirements}


def test_everything_that_is_imported_is_declared():
    """By itself, and not as something that another library happens to need."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = [one for name in ("dicom", "cluster") for one in project["optional-dependencies"][name]]
    declared = distributions_of([*project["dependencies"], *extras])
    known, undeclared = packages_distributions(), {}
    for place, package in PACKAGES.items():
        for file in (ROOT / place).rglob("*.py"):
            if file.parent.name == "templates":  # what is written by `privbench new` is no part of privbench
                continue
            parts = [package.replace("/", "."), *file.relative_to(ROOT / place).with_suffix("").parts]
            for target in imports_of(".".join(part for part in parts if part != "__init__")):
                top = target.partition(".")[0]
                if top != "privbench" and top not in sys.stdlib_module_names:
                    owners = {canonicalize_name(one) for one in known.get(top, [top])}
                    if not owners & declared:
                        undeclared.setdefault(top, []).append(file.name)
    assert not undeclared


def test_the_version_is_one(built):
    cited = re.search(r"^version: (.*)$", (ROOT / "CITATION.cff").read_text(), re.MULTILINE)
    assert metadata_of(built.wheel)["Version"] == cited[1] == privbench.__version__
    assert set(re.findall(r"privbench-[^/ \n']*\.whl", (ROOT / "docs" / "pypi.md").read_text())) == {built.wheel.name}


def test_the_wheel_holds_every_file_of_every_package(built):
    """A package or data file that pyproject.toml forgets is missed here."""
    expected = {
        name.replace(place, package, 1)
        for name in tracked()
        for place, package in PACKAGES.items()
        if name.startswith(f"{place}/")
    }
    with ZipFile(built.wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert held == expected


def test_the_sdist_holds_what_git_knows(built):
    with tarfile.open(built.sdist) as archive:
        names = [one.name.partition("/")[2] for one in archive.getmembers() if one.isfile()]
    made = {name for name in names if name in ("PKG-INFO", "setup.cfg") or ".egg-info/" in name}
    assert set(names) - made == tracked() - NOT_HANDED_OUT


def test_an_index_shows_the_description_whole(built):
    """It has none of the files that README.md points to."""
    check = [sys.executable, "-m", "twine", "check", "--strict", *map(str, built)]
    done = subprocess.run(check, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    told = metadata_of(built.wheel)
    assert told["Description-Content-Type"] == "text/markdown"
    text = told.get_payload()
    assert "privbench run --anonymizer prichexy" in text
    assert not re.findall(r"\]\((?!https?:)[^)]*\)", text)


@pytest.mark.slow
def test_the_main_job_runs_where_there_is_nothing_but_the_wheel(empty, built):
    held = set(empty.run("python", "-c", DISTRIBUTIONS).split())
    assert held == {"privbench", *(one.name for one in needed(metadata_of(built.wheel).get_all("Requires-Dist")))}
    assert "is broken" not in empty.run("privbench", "list")
    (empty.folder / "tiny.toml").write_text(TINY)
    run = ["privbench", "run", "--protocol", "tiny.toml", "--anonymizer", "prichexy", "--mu", "0.05", "--out", "run"]
    # In one process, which loads all that computes once: that takes longer than this job itself.
    fewer = ["--executor", "serial", "--set", "attacks.siamese=none", "--set", "attacks.contrastive=none"]
    assert "prichexy mu=0.05" in empty.run(*run, *fewer, "--quiet")
    assert "everything holds" in empty.run("privbench", "verify", "run")


@pytest.mark.slow
def test_tests_pass_where_there_is_nothing_but_the_wheel(empty, built):
    """Those of the sdist, beside no module of it but their own."""
    (site,) = empty.commands.parent.glob("lib/python*/site-packages")
    link(["pytest"], site)
    with tarfile.open(built.sdist) as archive:
        archive.extractall(empty.folder / "sdist", filter="data")
    (sdist,) = (empty.folder / "sdist").iterdir()
    for name in ("tests", "benchmarks", "pyproject.toml"):
        (sdist / name).rename(empty.folder / name)
    shutil.rmtree(sdist)
    told = empty.run("python", "-P", "-m", "pytest", "-p", "no:cacheprovider", "--noconftest", *SMOKE)
    assert re.search(r"\d\d passed", told)
