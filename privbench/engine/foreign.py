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


def foreign_modules(classes: Iterable[type]) -> tuple[ForeignModule, ...]:
    """The modules in which classes and their bases are defined and that no import finds: those of plugin files.

    What a script defines itself travels by value, as cloudpickle does it.
    """
    modules = {one.__module__: None for plugin in classes for one in reversed(plugin.__mro__)}
    found = []
    for name in modules:
        file = getattr(sys.modules.get(name), "__file__", None)
        if name != _TYPED and file is not None and not _is_found(name):
            found.append(ForeignModule(name, file, Path(file).read_bytes()))
    return tuple(found)


def adopt(modules: Iterable[ForeignModule]) -> None:
    """Loads the modules into this process, under their names, unless they are there."""
    for one in modules:
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
