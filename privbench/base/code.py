"""The code that a module can reach, found from its import statements: cache keys hang on it."""

from __future__ import annotations

import ast
import hashlib
import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.machinery import ModuleSpec
from importlib.metadata import distribution, packages_distributions
from importlib.util import find_spec
from pathlib import Path

_OWN = "privbench"
_STANDARD = sys.stdlib_module_names
# They check, draw and count; what they do is seen in no result.
_WITHOUT_RESULTS = {"jinja2", "markupsafe", "pydantic", "rich", "typer"}


@dataclass(frozen=True)
class Code:
    """Modules that belong together: digests of their sources, of all and of those outside privbench; and the versions
    of the libraries that they import."""

    modules: tuple[str, ...]
    digest: str
    foreign: str
    libraries: dict[str, str]


def reached_from(modules: Iterable[str]) -> Code:
    """Those modules and all that they import, at whatever depth and wherever the import stands.

    What only type checkers see does not count. A module outside privbench counts with its whole package, or with its
    file; what it imports counts by the version where it is an installed library, and by its source where it is not.

    Raises:
        ModuleNotFoundError: there is no such module, or it has no source.
    """
    sources: dict[str, bytes] = {}
    libraries: dict[str, str] = {}
    wanted = frozenset(modules)
    waiting, seen = sorted(wanted), set()
    while waiting:
        if (module := waiting.pop()) in seen:
            continue
        seen.add(module)
        files = list(_files_of(module))
        if not files and module in wanted:  # what is imported and is not there, its importer does without
            raise ModuleNotFoundError(f"there is no source of {module}", name=module)
        for name, file in files:
            if name in sources:
                continue
            sources[name] = _source(file) if is_ours(name) else file.read_bytes()
            for target in _imports(name, file, sources[name]):
                top = target.partition(".")[0]
                if top in _STANDARD or top in _WITHOUT_RESULTS:
                    continue
                if not is_ours(target) and (installed := _version_of(top)) is not None:
                    libraries[top] = installed
                else:
                    waiting.append(target)
    foreign = {name: source for name, source in sources.items() if not is_ours(name)}
    return Code(tuple(sorted(sources)), _digest(sources), _digest(foreign), dict(sorted(libraries.items())))


def modules_of(classes: Iterable[type]) -> frozenset[str]:
    """The modules in which classes are defined, but for those of Python's own and of installed libraries."""
    modules = {one.__module__ for one in classes}
    return frozenset(module for module in modules if not is_library(module))


def is_library(module: str) -> bool:
    """Whether a module is Python's own, or of a library whose version tells what it does."""
    top = module.partition(".")[0]
    return top in _STANDARD or (not is_ours(module) and _version_of(top) is not None)


def is_ours(module: str) -> bool:
    """Whether a module comes with privbench."""
    return module.partition(".")[0] == _OWN


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
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):  # a template, or compiled: it counts, and what it imports nobody can say
        return ()
    package = module if file.name == "__init__.py" else module.rpartition(".")[0]
    found: list[str] = []
    for node in _statements(tree, for_types):
        if isinstance(node, ast.Import):
            found += [name.name for name in node.names]
            continue
        base = package.rsplit(".", node.level - 1)[0] if node.level else ""
        whole = ".".join(part for part in (base, node.module) if part)
        for name in node.names:
            below = f"{whole}.{name.name}"  # a module of the package, or a name in it
            found.append(whole if is_ours(whole) and not _file_of(below) else below)
    return tuple(dict.fromkeys(found))


def _statements(node: ast.AST, for_types: bool) -> Iterator[ast.Import | ast.ImportFrom]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import | ast.ImportFrom):
            yield child
        elif isinstance(child, ast.If) and _only_for_types(child.test) and not for_types:
            for other in child.orelse:
                yield from _statements(other, for_types)
        else:
            yield from _statements(child, for_types)


def _only_for_types(test: ast.expr) -> bool:
    return ast.unparse(test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING")


def _files_of(module: str) -> Iterator[tuple[str, Path]]:
    """A module of privbench with its file; of a foreign module all files of its package, or its own, if it has any."""
    if is_ours(module):
        if (file := _file_of(module)) is None:
            raise ModuleNotFoundError(f"there is no source of {module}", name=module)
        yield module, file
        return
    if (found := _foreign_file(module)) is None:
        return
    name, own = found
    folder = own.parent
    if not (folder / "__init__.py").is_file():
        yield name, own
        return
    while (folder.parent / "__init__.py").is_file():
        folder = folder.parent
    for file in sorted(folder.rglob("*.py")):
        parts = file.relative_to(folder.parent).with_suffix("").parts
        yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), file


def _foreign_file(target: str) -> tuple[str, Path] | None:
    """The module outside privbench that is imported, with its source: the target, or what holds it as a name.

    None where there is none, or none with a source. Nothing is imported to find out.
    """
    parts = target.split(".")
    for count in range(len(parts), 0, -1):
        name = ".".join(parts[:count])
        file = getattr(sys.modules.get(name), "__file__", None)
        if file is not None and Path(file).is_file():
            return name, Path(file)
        for folder in _folders_of(parts[0]) if count > 1 else ():
            path = folder.joinpath(*parts[1:count])
            for file in (path / "__init__.py", path.with_suffix(".py")):
                if file.is_file():
                    return name, file
    spec = _spec_of(parts[0])
    origin = None if spec is None or spec.origin is None else Path(spec.origin)
    return (parts[0], origin) if origin is not None and origin.is_file() else None


def _folders_of(top: str) -> list[Path]:
    """Where the modules of a package lie, one that has no __init__.py too."""
    spec = _spec_of(top)
    return [] if spec is None else list(map(Path, spec.submodule_search_locations or ()))


def _spec_of(top: str) -> ModuleSpec | None:
    try:
        return find_spec(top)
    except ValueError:  # what was typed into a prompt has none
        return None


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
    """The version of a library's distribution, by its import name, with the commit or digest that it came from.

    None where it is none, or was installed from somebody's folder: there one version is many.
    """
    names = _distributions().get(library)
    if not names:
        return None
    installed = distribution(names[0])
    place = json.loads(installed.read_text("direct_url.json") or "{}")
    if "dir_info" in place:
        return None
    source = place.get("vcs_info", {}).get("commit_id") or place.get("archive_info", {}).get("hash")
    return f"{installed.version} of {source}" if source else installed.version
