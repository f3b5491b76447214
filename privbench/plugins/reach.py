"""The code that a plugin can reach by its import statements, and modules that it loads in another way."""

from __future__ import annotations

import sys
import sysconfig
from collections.abc import Collection, Iterable
from functools import cache
from pathlib import Path
from uuid import uuid4

from ..base.code import Code, is_library, is_ours, modules_of, reached_from
from ..base.errors import PrivbenchError


@cache
def plugin_code(plugin: type) -> Code:
    """The code that the plugin and its bases can reach, as it was when the plugin was registered.

    A class without source (typed into a prompt) gets a token that never recurs in its place.
    """
    mro = plugin.__mro__
    modules = {one.__module__ for one in mro if hasattr(one, "terms")} | modules_of(mro)  # those with terms are plugins
    try:
        return reached_from(modules)
    except ModuleNotFoundError:
        code, token = reached_from(filter(is_ours, modules)), uuid4().hex
        return Code(code.modules, code.digest + token, token, code.libraries)


def check_loaded(plugins: Iterable[type], who: str, before: Collection[str]) -> None:
    """Raises PrivbenchError where a module was loaded since that none of the plugins' import statements leads to.

    Such a module may decide what comes out, and no cache key would see a change of it.

    Args:
        plugins: the plugin whose code ran, first, and those that it hands work to.
        who: how messages call it.
        before: the names of the modules that were loaded before it ran.
    """
    if not (new := [name for name in tuple(sys.modules) if name not in before]):
        return
    known = {module for plugin in plugins for module in plugin_code(plugin).modules}
    main = sys.modules.get("__main__")  # which gets a second name as soon as multiprocessing is imported
    for name in new:
        module = sys.modules.get(name)
        file = getattr(module, "__file__", None)
        if file is None or module is main or name in known or is_ours(name) or is_library(name):
            continue
        if is_installed(Path(file)):
            continue
        raise PrivbenchError(
            f"The {who} loads {name} ({file}) in a way that its source does not tell, so no cache key would see a "
            "change of it: import it by a statement that works when the plugin is loaded."
        )


def is_installed(file: Path) -> bool:
    """Whether a file belongs to Python or to its installed libraries, of this environment or of one below it."""
    if not {"site-packages", "dist-packages"}.isdisjoint(file.parts):
        return True
    return any(file.is_relative_to(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib"))
