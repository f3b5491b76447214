"""Checks the promises of a plugin one after the other. A failure says what was seen; none judges how good it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ...base.errors import PrivbenchError
from ...plugins.interfaces import Anonymizer, Attack, Plugin, UtilityTask
from .anonymizers import AnonymizerPromises
from .attacks import AttackPromises
from .promises import BrokenPromise
from .surroundings import Surroundings
from .utilities import UtilityPromises

_UNKNOWN = "no_such_parameter"


@dataclass(frozen=True)
class Check:
    """One promise, and what was seen where it is not kept."""

    promise: str
    failure: str | None


def check(create: Callable[[], Plugin], around: Surroundings) -> list[Check]:
    """Every promise of a plugin's kind, in order; the first that fails does not end the others.

    Args:
        create: makes a fresh instance with the parameters under test.
        around: what it is checked with.

    Raises:
        PrivbenchError: there are no checks for data sets, which a run checks as it reads them.
    """
    plugin = create()
    promises: dict[str, Callable[[], None]] = {"unknown parameters are refused": lambda: _refuses_unknown(plugin)}
    if isinstance(plugin, Anonymizer):
        promises |= AnonymizerPromises(create, around).promises()
    elif isinstance(plugin, Attack):
        promises |= AttackPromises(create, around).promises()
    elif isinstance(plugin, UtilityTask):
        promises |= UtilityPromises(create, around).promises()
    else:
        raise PrivbenchError(f"A {plugin.kind} has no checks of its own: a run checks its table and images.")
    return [Check(promise, _failure(test)) for promise, test in promises.items()]


def _failure(test: Callable[[], None]) -> str | None:
    try:
        test()
    except BrokenPromise as broken:
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
