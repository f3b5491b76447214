"""The code that a module can reach, found from its import statements: cache keys hang on it."""

from __future__ import annotations

import ast
import hashlib
import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import distribution, packages_distributions
from importlib.util import find_spec
from pathlib import Path

_OWN = "privbench"
_STANDARD = sys.stdlib_module_names
# They check, draw, count and lock; what they do is seen in no result.
_WITHOUT_RESULTS = {"filelock", "jinja2", "markupsafe", "pydantic", "rich", "typer"}


@dataclass(frozen=True)
class Code:
    """Modules that belong together: the digest of their sources, and the versions of the libraries that they import."""

    modules: tuple[str, ...]
    digest: str
    libraries: dict[str, str]


def reached_from(modules: Iterable[str]) -> Code:
    """Those modules and all modules of privbench that they import, at whatever depth and wherever the import stands.

    What only type checkers see does not count. A module outside privbench counts with its whole package, or with its
    file; what it imports counts by the version where it is an installed library, and by its source where it is not.

    Raises:
        ModuleNotFoundError: there is no such module, or it has no source.
    """
    sources: dict[str, bytes] = {}
    libraries: dict[str, str] = {}
    waiting = sorted(set(modules))
    while waiting:
        if (module := waiting.pop()) in sources:
            continue
        for name, file in _files_of(module):
            sources[name] = _source(file) if _is_own(name) else file.read_bytes()
            for target in _imports(name, file, sources[name]):
                top = target.partition(".")[0]
                if _is_own(target):
                    waiting.append(target)
                elif top in _STANDARD or top in _WITHOUT_RESULTS or top == name.partition(".")[0]:
                    continue
                elif (installed := _version_of(top)) is not None:
                    libraries[top] = installed
                elif _foreign_file(top) is not None:  # else it is not there, and whoever imports it does without
                    waiting.append(top)
    return Code(tuple(sorted(sources)), _digest(sources), dict(sorted(libraries.items())))


def source_digest(modules: Iterable[str]) -> str:
    """SHA-256 of the foreign modules alone, each with its package or its file. Raises as `reached_from`."""
    foreign = (module for module in modules if not _is_own(module))
    return _digest({name: file.read_bytes() for module in foreign for name, file in _files_of(module)})


def modules_of(classes: Iterable[type]) -> frozenset[str]:
    """The modules in which classes are defined, but for those of Python's own."""
    return frozenset(one.__module__ for one in classes if one.__module__.partition(".")[0] not in _STANDARD)


def imports_of(module: str, *, for_types: bool = False) -> tuple[str, ...]:
    """What a module of privbench imports, in the order of its lines: modules, and packages of which it takes a name.

    Args:
        module: its full name.
        for_types: count what stands below `if TYPE_CHECKING:` too.
    """
    ((_, file),) = _files_of(module)
    return _imports(module, file, _source(file), for_types)


@cache
def _imports(module: str, file: Path, source: bytes, for_types: bool = False) -> tuple[str, ...]:
    package = module if file.name == "__init__.py" else module.rpartition(".")[0]
    found: list[str] = []
    for node in _statements(ast.parse(source), for_types):
        if isinstance(node, ast.Import):
            found += [name.name for name in node.names]
            continue
        base = package.rsplit(".", node.level - 1)[0] if node.level else ""
        whole = ".".join(part for part in (base, node.module) if part)
        for name in node.names:
            below = f"{whole}.{name.name}"
            found.append(below if _is_own(whole) and _file_of(below) else whole)
    return tuple(dict.fromkeys(found))


def _statements(node: ast.AST, for_types: bool) -> Iterator[ast.Import | ast.ImportFrom]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import | ast.ImportFrom):
            yield child
        elif isinstance(child, ast.If) and ast.unparse(child.test).endswith("TYPE_CHECKING") and not for_types:
            for other in child.orelse:
                yield from _statements(other, for_types)
        else:
            yield from _statements(child, for_types)


def _files_of(module: str) -> Iterator[tuple[str, Path]]:
    """A module of privbench with its file; of a foreign module all files of its package, or its own."""
    if _is_own(module):
        if (file := _file_of(module)) is None:
            raise ModuleNotFoundError(f"there is no source of {module}", name=module)
        yield module, file
        return
    if (own := _foreign_file(module)) is None:
        raise ModuleNotFoundError(f"there is no source of {module}", name=module)
    folder = own.parent
    if not (folder / "__init__.py").is_file():
        yield module, own
        return
    while (folder.parent / "__init__.py").is_file():
        folder = folder.parent
    for file in sorted(folder.rglob("*.py")):
        parts = file.relative_to(folder.parent).with_suffix("").parts
        yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), file


def _foreign_file(module: str) -> Path | None:
    """The source of a module outside privbench that was imported, or can be; None where it has none."""
    if (loaded := sys.modules.get(module)) is not None:
        origin = getattr(loaded, "__file__", None)
    else:
        spec = None if "." in module else find_spec(module)  # a dotted name would import its package
        origin = None if spec is None else spec.origin
    return Path(origin) if origin is not None and Path(origin).is_file() else None


@cache
def _file_of(module: str) -> Path | None:
    """The source of a module of privbench, found without importing it; None where there is no such module.

    The folders of plugins lie elsewhere in a checkout, so Python is asked where a room lies.
    """
    room, below = module.split(".")[:2], module.split(".")[2:]
    spec = find_spec(".".join(room))
    if spec is None or spec.origin is None or not below:
        return Path(spec.origin) if spec is not None and spec.origin is not None else None
    if spec.submodule_search_locations is None:
        return None
    path = Path(spec.origin).parent.joinpath(*below)
    return next((file for file in (path / "__init__.py", path.with_suffix(".py")) if file.is_file()), None)


def _is_own(module: str) -> bool:
    return module.partition(".")[0] == _OWN


def _digest(sources: Mapping[str, bytes]) -> str:
    lines = (f"{name} {hashlib.sha256(source).hexdigest()}\n" for name, source in sorted(sources.items()))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


@cache
def _source(file: Path) -> bytes:
    """Of privbench's own files, read once a process: an edit while a run is under way changes no key in its middle."""
    return file.read_bytes()


@cache
def _distributions() -> Mapping[str, Sequence[str]]:
    return packages_distributions()


@cache
def _version_of(library: str) -> str | None:
    """The version of a library's distribution, by its import name.

    None where it is none, or is installed from a folder that can still be edited: its version tells nothing.
    """
    names = _distributions().get(library)
    if not names:
        return None
    installed = distribution(names[0])
    place = json.loads(installed.read_text("direct_url.json") or "{}")
    return None if place.get("dir_info", {}).get("editable") else installed.version
