"""Checks the promises of a plugin one after the other. A failure says what was seen; none judges how good it is."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from ...base.errors import PrivbenchError
from ...learning.device import create_fabric, deterministic
from ...plugins.interfaces import Dataset, Plugin
from ...plugins.registry import Registry
from ...protocols.schema import load_protocol
from .anew import start
from .elsewhere import Given, give_elsewhere, has_home
from .kinds import promises_of
from .promises import BrokenPromise, LearnerPromises, Promises, close_scores, insist
from .surroundings import Surroundings, surroundings

_UNKNOWN = "no_such_parameter"


@dataclass(frozen=True)
class Check:
    """One promise, and what was seen where it is not kept."""

    promise: str
    failure: str | None


def check(create: Callable[[], Plugin], around: Surroundings, *, elsewhere: bool = True) -> list[Check]:
    """Every promise of a plugin's kind, in order; the first that fails does not end the others.

    Args:
        create: makes a fresh instance with the parameters under test.
        around: what it is checked with.
        elsewhere: check too what needs another process, which takes some seconds; left out for a class that no
            process can import, such as one that was defined in a function.
    """
    plugin = create()
    promises = promises_of(type(plugin), create, around)
    tests = {"unknown parameters are refused": lambda: _refuses_unknown(plugin), **promises.promises()}
    if elsewhere and has_home(type(plugin)):
        start()  # it gets ready while the others are checked
        tests |= _elsewhere(promises)
    return [Check(promise, _failure(test)) for promise, test in tests.items()]


def broken_promises(file: Path, *, root: Path | None = None, **params: Any) -> dict[str, str]:
    """What the plugins of a file promise and do not keep, by promise, each with what was seen: for tests of one's own.

    On the CPU, with forty phantoms; `root` is the folder of a data set. Raises PrivbenchError as `Registry.add_file`.
    """
    registry, protocol = Registry([file]), load_protocol("quick")
    phantom = registry.create(Dataset, "phantom", {"patients": 40})
    fabric, found = create_fabric("cpu", "32-true"), {}
    with deterministic(), surroundings(phantom, protocol.guidance, protocol.data.size, fabric) as around:
        for plugin in registry.handed_over():
            for one in check(partial(plugin, **params), around.at(root)):
                if one.failure is not None:
                    found[f"{plugin.name}: {one.promise}"] = one.failure
    return found


def _elsewhere(promises: Promises[Any]) -> dict[str, Callable[[], None]]:
    """What only another process shows."""

    @cache
    def given() -> Given:
        plugin = promises.ready
        state = plugin.state() if isinstance(promises, LearnerPromises) else {}
        with tempfile.TemporaryDirectory() as folder:
            return give_elsewhere(plugin, state, promises.around, Path(folder))

    def the_same() -> None:
        here, there = promises.observe(promises.ready), given().values
        insist(here.keys() == there.keys(), f"in a new process it gives {sorted(there)} in place of {sorted(here)}")
        for name, values in here.items():
            if values.dtype.kind == "U":
                insist(np.array_equal(values, there[name]), f"in a new process, the {name} differs")
            else:
                known = np.isfinite(values)
                insist(np.array_equal(known, np.isfinite(there[name])), f"in a new process, other {name} are numbers")
                if known.any():
                    close_scores(there[name][known], values[known], f"{name} in a new process")

    def nothing_else() -> None:
        told, opened = promises.create().inputs(), given().opened
        strange = [file for file in opened if file.endswith((".py", ".pyc")) or not told]
        insist(not strange, f"it reads {', '.join(strange[:3])}, which neither its code nor inputs() tells of")

    return {
        "what it learnt does the same in a new process": the_same,
        "it reads no file that its code and inputs() do not tell of": nothing_else,
    }


def _failure(test: Callable[[], None]) -> str | None:
    try:
        test()
    except (BrokenPromise, PrivbenchError) as broken:
        return str(broken)
    except Exception as error:  # noqa: BLE001 - foreign code may raise anything, and the other checks go on
        return f"{type(error).__name__}: {error}"
    return None


def _refuses_unknown(plugin: Plugin) -> None:
    try:
        type(plugin)(**dict(plugin.params), **{_UNKNOWN: 1})
    except PrivbenchError:
        return
    raise BrokenPromise(f"a parameter {_UNKNOWN!r} was accepted: derive Params from privbench.Params")
