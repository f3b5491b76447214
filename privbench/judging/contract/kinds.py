"""The promises of each kind of plugin."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...plugins.interfaces import Anonymizer, Attack, Dataset, Plugin, SetAnonymizer, UtilityTask
from .anonymizers import AnonymizerPromises
from .attacks import AttackPromises
from .datasets import DatasetPromises
from .promises import Promises
from .sets import SetPromises
from .surroundings import Surroundings
from .utilities import UtilityPromises

_PROMISES: dict[type[Plugin], type[Promises[Any]]] = {  # the narrower kind first
    SetAnonymizer: SetPromises,
    Anonymizer: AnonymizerPromises,
    Attack: AttackPromises,
    UtilityTask: UtilityPromises,
    Dataset: DatasetPromises,
}


def promises_of(plugin: type[Plugin], create: Callable[[], Plugin], around: Surroundings) -> Promises[Any]:
    """The promises of a class's kind, of what `create` makes of it."""
    return next(promises for kind, promises in _PROMISES.items() if issubclass(plugin, kind))(create, around)
