"""What tells one plugin's work from another's: what it says of itself, and its code."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any
from uuid import uuid4

from ..base.code import Code, modules_of, reached_from, source_digest
from ..base.files import digest_of
from .interfaces import Plugin


def identity(plugin: Plugin) -> dict[str, Any]:
    """Name, version, parameters and inputs."""
    return {
        "plugin": plugin.name,
        "version": plugin.version,
        "params": plugin.params.model_dump(mode="json"),
        "inputs": plugin.inputs(),
    }


def stated(plugin: Plugin) -> dict[str, Any]:
    """The identity as fingerprints hold it: foreign plugins count with their source, ours with their version."""
    return identity(plugin) if is_own(type(plugin)) else identity(plugin) | {"code": plugin_digest(type(plugin))}


def is_own(plugin: type[Plugin]) -> bool:
    """Whether the plugin comes with privbench, whose versions are kept by hand."""
    return plugin.__module__.startswith("privbench.")


@cache
def plugin_digest(plugin: type[Plugin]) -> str:
    """SHA-256 of the source of the plugin and of its bases, as it was when the plugin was registered.

    Of foreign ones alone, without what they import; of ours with it. A class without source (typed into a prompt) gets
    a token that never recurs in its place.
    """
    modules = modules_of(plugin.__mro__)
    try:
        return reached_from(modules).digest if is_own(plugin) else source_digest(modules)
    except ModuleNotFoundError:
        return uuid4().hex


@cache
def plugin_code(plugin: type[Plugin]) -> Code:
    """The code that the plugin and its bases can reach, as it was when the plugin was registered."""
    modules = modules_of(plugin.__mro__)
    try:
        return reached_from(modules)
    except ModuleNotFoundError:
        code = reached_from(module for module in modules if module.startswith("privbench."))
        return Code(code.modules, code.digest + plugin_digest(plugin), code.libraries)


def code_of(modules: Iterable[str], plugins: Iterable[type[Plugin]]) -> Code:
    """The code that those modules and plugins can reach together."""
    codes = [reached_from(modules), *map(plugin_code, plugins)]
    return Code(
        modules=tuple(sorted({module for code in codes for module in code.modules})),
        digest=digest_of(sorted({code.digest for code in codes})),
        libraries={name: version for code in codes for name, version in code.libraries.items()},
    )
