"""The code of plugins: what tells one plugin's work from another's beside its terms."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..base.code import Code, is_ours, reached_from
from ..base.files import digest_of
from .interfaces import Plugin
from .reach import plugin_code


def stated(plugin: Plugin) -> dict[str, Any]:
    """The terms as fingerprints hold them: foreign plugins count with their source, ours with their version."""
    return plugin.terms() if is_own(type(plugin)) else plugin.terms() | {"code": plugin_digest(type(plugin))}


def is_own(plugin: type[Plugin]) -> bool:
    """Whether the plugin comes with privbench, whose versions are kept by hand."""
    return is_ours(plugin.__module__)


def plugin_digest(plugin: type[Plugin]) -> str:
    """SHA-256 of the source that the plugin can reach, as it was when the plugin was registered.

    Of a foreign one without ours. A class without source (typed into a prompt) gets a token that never recurs in its
    place.
    """
    code = plugin_code(plugin)
    return code.digest if is_own(plugin) else code.foreign


def code_of(modules: Iterable[str], plugins: Iterable[type[Plugin]]) -> Code:
    """The code that those modules and plugins can reach together."""
    codes = [reached_from(modules), *map(plugin_code, plugins)]
    return Code(
        modules=tuple(sorted({module for code in codes for module in code.modules})),
        digest=digest_of(sorted({code.digest for code in codes})),
        foreign=digest_of(sorted({code.foreign for code in codes})),
        libraries={name: version for code in codes for name, version in code.libraries.items()},
    )
