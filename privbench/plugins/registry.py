"""Finds plugins: built-in and installed ones by entry point, others from a file or from Python."""

from __future__ import annotations

import importlib.util
import inspect
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

from ..base.errors import PrivbenchError, nearest
from .code import is_own
from .declarations import check_plugin
from .guard import passes, place_of
from .interfaces import Plugin
from .reach import check_loaded

Created = TypeVar("Created", bound=Plugin)

GROUPS = {
    "anonymizer": "privbench.anonymizers",
    "attack": "privbench.attacks",
    "utility": "privbench.utilities",
    "dataset": "privbench.datasets",
}


@dataclass(frozen=True)
class Registered:
    """A registered name: where it comes from, and the class or the reason why there is none."""

    kind: str
    name: str
    origin: str
    plugin: type[Plugin] | None
    broken: str | None = None


class Registry:
    """All plugins by kind and name. Entry points are imported when they are asked for, and not before."""

    def __init__(self, files: Iterable[Path] = ()) -> None:
        """Entry points, and the plugins of those Python files."""
        self._installed: dict[tuple[str, str], list[EntryPoint]] = defaultdict(list)
        for kind, group in GROUPS.items():
            # One distribution may be found twice (its checkout and its installation); that is no collision.
            for value in sorted({(e.name, e.value): e for e in entry_points(group=group)}.items()):
                self._installed[kind, value[1].name].append(value[1])
        self._handed_over: dict[tuple[str, str], type[Plugin]] = {}
        self._files: set[Path] = set()
        for file in files:
            self.add_file(file)

    def names(self, kind: str) -> list[str]:
        """The registered names of a kind, broken ones too."""
        return sorted({name for k, name in (*self._installed, *self._handed_over) if k == kind})

    def entry(self, kind: str, name: str) -> Registered:
        """The entry under a name. Raises PrivbenchError, with the nearest names, where there is none."""
        if (plugin := self._handed_over.get((kind, name))) is not None:
            return Registered(kind, name, f"{plugin.__module__}:{plugin.__qualname__}", plugin)
        claims = self._installed.get((kind, name), [])
        if not claims:
            raise PrivbenchError(f"There is no {kind} {name!r}: {nearest(name, self.names(kind))}")
        origin = " and ".join(claim.value for claim in claims)
        if len(claims) > 1:
            return Registered(kind, name, origin, None, "the name is claimed twice; uninstall or rename one")
        loaded = frozenset(sys.modules)
        try:
            plugin = claims[0].load()
            check_plugin(kind, plugin, name)
            if not is_own(plugin):
                check_loaded([plugin], f"{kind} {name!r}", loaded)
        # A plugin is foreign code: whatever its import raises breaks it, and must not break the others.
        except (Exception, SystemExit) as error:  # noqa: BLE001
            return Registered(kind, name, origin, None, f"{type(error).__name__}: {error}")
        return Registered(kind, name, origin, plugin)

    def entries(self, kind: str) -> list[Registered]:
        """Every entry of a kind, in the order of the names."""
        return [self.entry(kind, name) for name in self.names(kind)]

    def get(self, kind: str, name: str) -> type[Plugin]:
        """The class under a name. Raises PrivbenchError where it is unknown or broken."""
        entry = self.entry(kind, name)
        if entry.plugin is None:
            raise PrivbenchError(f"The {kind} {name!r} ({entry.origin}) cannot be used: {entry.broken}")
        return entry.plugin

    def create(self, base: type[Created], name: str, params: Mapping[str, Any]) -> Created:
        """An instance of the plugin of that kind and name, e.g. `create(Attack, "siamese", {...})`."""
        plugin = self.get(base.kind, name)
        if not issubclass(plugin, base):
            raise PrivbenchError(f"The {base.kind} {name!r} is no {base.__name__}: choose another.")
        return plugin(**params)

    def handed_over(self) -> list[type[Plugin]]:
        """The classes that came from files and from Python."""
        return list(self._handed_over.values())

    def add(self, plugin: type[Plugin]) -> None:
        """Registers a class that was handed over. Raises PrivbenchError where its name is taken."""
        kind = getattr(plugin, "kind", "")
        check_plugin(kind, plugin, getattr(plugin, "name", ""))
        if self._handed_over.get((kind, plugin.name)) is plugin:
            return
        if plugin.name in self.names(kind):
            taken = self.entry(kind, plugin.name).origin
            raise PrivbenchError(f"The {kind} name {plugin.name!r} is taken by {taken}: choose another name.")
        self._handed_over[kind, plugin.name] = plugin

    def add_file(self, path: Path) -> None:
        """Registers every plugin that a Python file defines, once. Raises PrivbenchError where it cannot."""
        if not path.is_file():
            raise PrivbenchError(f"There is no plugin file {path}: check the path of --plugin.")
        if (whole := path.resolve()) in self._files:
            return
        loaded = frozenset(sys.modules)
        module = _imported(path)
        plugins = [
            value
            for value in vars(module).values()
            if inspect.isclass(value)
            and issubclass(value, Plugin)
            and value.__module__ == module.__name__
            and not (inspect.isabstract(value) and getattr(value, "name", None) is None)  # a base of others
        ]
        if not plugins:
            raise PrivbenchError(
                f"Plugin file {path} defines no Anonymizer, Attack, UtilityTask or Dataset with a name: write one."
            )
        for plugin in plugins:
            try:
                self.add(plugin)
                check_loaded([plugin], f"{plugin.kind} {plugin.name!r}", loaded)
            except PrivbenchError as error:
                raise PrivbenchError(f"Plugin file {path}: {error}") from error
        self._files.add(whole)


def _imported(path: Path) -> ModuleType:
    """The module of a plugin file. Raises PrivbenchError where it is no Python file, or does not run."""
    module_name = f"privbench_plugin_{path.stem}"
    spec = importlib.util.spec_from_file_location(module_name, path)
    if spec is None or spec.loader is None:
        raise PrivbenchError(f"Plugin file {path} is no Python file: its name must end in .py.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[module_name] = module
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        if passes(error):
            raise
        where = place_of(error, module_name)
        told = f"{type(error).__name__}: {error}" + (f", at {where}" if where else "")
        raise PrivbenchError(f"Plugin file {path} does not run ({told}): mend it.") from error
    return module
