"""Modules of plugins that another process would not find by their names: they travel with their source."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from ..base.code import is_library, is_ours

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
        known = name == _TYPED or is_ours(name) or is_library(name)
        if not known and file is not None and not _is_found(name, file):
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
        try:
            exec(compile(one.source, one.file, "exec"), vars(module))
        except BaseException:
            del sys.modules[one.name]
            raise


def _is_found(name: str, file: str) -> bool:
    """Whether an import statement finds the module of that file, and not only who has loaded it from there."""
    loaded = sys.modules.pop(name)
    try:
        spec = importlib.util.find_spec(name)
        return spec is not None and spec.origin == file
    except (ImportError, ValueError):
        return False
    finally:
        sys.modules[name] = loaded
