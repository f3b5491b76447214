"""A virtual environment that holds a wheel, and of all else no more than what the wheel says that it needs."""

from __future__ import annotations

import subprocess
import sys
import venv
from collections import Counter
from collections.abc import Iterable, Iterator
from importlib.metadata import Distribution, distribution, distributions
from pathlib import Path, PurePath

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name


def installed_alone(wheel: Path, folder: Path) -> Path:
    """An environment with that wheel, as pip installs it, and what it declares; returns the folder of its commands.

    The libraries are links to this environment's own. To have pip install them takes more than a minute and 5 GB, and
    no other libraries would be there then: what nobody declares is missing here, too. What links cannot tell is
    whether the oldest versions that are declared suffice, which pip, installing the newest, does not tell either.
    """
    venv.create(folder, with_pip=False, symlinks=True)
    pip = [sys.executable, "-m", "pip", "--quiet", "--python", str(folder / "bin" / "python")]
    subprocess.run([*pip, "install", "--no-deps", "--no-index", str(wheel)], check=True)
    (site,) = folder.glob("lib/python*/site-packages")
    (info,) = site.glob("privbench-*.dist-info")
    link(Distribution.at(info).requires or [], site)
    subprocess.run([*pip, "check"], check=True)
    return folder / "bin"


def link(requirements: Iterable[str], site: Path) -> None:
    """Links distributions, and all that they need, into a folder of packages, as far as they are not there."""
    owners = Counter(top for one in distributions() for top in _tops(one))
    for one in needed(requirements):
        for top in _tops(one):
            whole = Path(str(one.locate_file(top)))
            if owners[top] == 1 or not whole.is_dir():
                _link(whole, site / top)
                continue
            for file in _files(one):  # a folder that several distributions share
                if file.parts[0] == top:
                    _link(Path(str(one.locate_file(file))), site / file)


def needed(requirements: Iterable[str]) -> Iterator[Distribution]:
    """What these requirements name, and all that it needs itself on this machine, each once."""
    waiting = [(Requirement(one), "") for one in requirements]
    seen: set[tuple[str, str]] = set()
    found: set[str] = set()
    while waiting:
        one, extra_of_parent = waiting.pop()
        if one.marker is not None and not one.marker.evaluate({"extra": extra_of_parent}):
            continue
        name = canonicalize_name(one.name)
        if name not in found:
            found.add(name)
            yield distribution(name)
        for extra in {"", *one.extras}:
            if (name, extra) not in seen:
                seen.add((name, extra))
                waiting += [(Requirement(text), extra) for text in distribution(name).requires or []]


def _files(one: Distribution) -> list[PurePath]:
    """What a distribution put beside others, without the commands in another folder."""
    return [file for file in one.files or [] if ".." not in file.parts]


def _tops(one: Distribution) -> set[str]:
    return {file.parts[0] for file in _files(one)}


def _link(there: Path, here: Path) -> None:
    here.parent.mkdir(parents=True, exist_ok=True)
    if not here.exists():
        here.symlink_to(there)
