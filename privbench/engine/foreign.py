"""Modules of plugins that another process would not find by their names: they travel with their source."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

_TYPED = "__main__"


@dataclass(frozen=True)
class ForeignModule:
    """A module as this process loaded it from a file."""

    name: str
    file: str
    source: bytes


@dataclass(frozen=True)
class Foreign:
    """What another process needs to find the classes of plugins: where this one looks, and what no import finds."""

    paths: tuple[str, ...] = ()
    modules: tuple[ForeignModule, ...] = ()


def foreign_to_others(classes: Iterable[type]) -> Foreign:
    """What others need for classes and their bases; the modules of plugin files, which no import finds, with them.

    What a script defines itself travels by value, as cloudpickle does it.
    """
    modules = {one.__module__: None for plugin in classes for one in reversed(plugin.__mro__)}
    found = []
    for name in modules:
        file = getattr(sys.modules.get(name), "__file__", None)
        if name != _TYPED and file is not None and not _is_found(name):
            found.append(ForeignModule(name, file, Path(file).read_bytes()))
    return Foreign(tuple(sys.path), tuple(found))


def adopt(foreign: Foreign) -> None:
    """Makes this process find the same: looks in the same folders, and has the modules under their names."""
    sys.path += [path for path in foreign.paths if path not in sys.path]
    for one in foreign.modules:
        if one.name in sys.modules:
            continue
        module = ModuleType(one.name)
        module.__file__ = one.file
        sys.modules[one.name] = module
        exec(compile(one.source, one.file, "exec"), vars(module))


def _is_found(name: str) -> bool:
    """Whether an import statement finds the module, and not only who has loaded it from a file."""
    loaded = sys.modules.pop(name)
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):
        return False
    finally:
        sys.modules[name] = loaded
