"""Fits plugins in stages, which keep what they learnt and nothing else."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from types import FunctionType
from typing import Any

from ..base.errors import PrivbenchError
from ..data.ledger import Ledger
from ..learning.states import save_state
from ..plugins.code import is_own
from ..plugins.interfaces import Anonymizer, Attack, Plugin, UtilityTask

Learner = Anonymizer | Attack | UtilityTask
_CODE = (FunctionType, type, property, cached_property, classmethod, staticmethod)
"""What a class holds beside values; a network is callable and a value all the same."""


def keep_what_is_learnt(
    plugin: Learner, fit: Callable[[Any], None], folder: Path, ledger: Ledger | None = None
) -> None:
    """Fits an instance that is made for it, and writes its state into the folder, with the ledger.

    Whoever works with what was learnt loads it from there: what an instance knows beside its state would be there in
    the run that fitted it, and in no other one under the same key.

    Raises:
        PrivbenchError: it keeps something in its class, where the next run will not find it.
    """
    learner = plugin.anew()
    before = _class_values(type(learner))
    fit(learner)
    after = _class_values(type(learner))
    if changed := sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name)):
        raise PrivbenchError(
            f"The {plugin.kind} {plugin.name!r} changed {changed[0]} of its class in fit(), which no stage keeps: "
            "keep what is learnt in state()."
        )
    save_state(learner.state(), folder, ledger)


def _class_values(plugin: type[Plugin]) -> dict[str, bytes]:
    """What a foreign plugin and its bases hold in their classes, by name."""
    classes = [one for one in plugin.__mro__ if issubclass(one, Plugin) and not is_own(one)]
    return {
        name: _content(value)
        for one in reversed(classes)
        for name, value in vars(one).items()
        if not (name.startswith("__") or name == "_abc_impl" or isinstance(value, _CODE))
    }


def _content(value: Any) -> bytes:
    try:
        return pickle.dumps(value)
    except Exception:  # noqa: BLE001 - foreign objects may raise anything; then by who it is
        return str(id(value)).encode()
