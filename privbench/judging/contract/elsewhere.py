"""A plugin in a process of its own, imported anew: what it kept anywhere but in its state is not there."""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
from pydantic import BaseModel
from pydantic_core import to_jsonable_python
from torch import Tensor

from ...base.code import is_library, is_ours
from ...learning.device import create_fabric, deterministic
from ...learning.recipes import GuidanceRecipe
from ...learning.states import load_state, save_state
from ...plugins.interfaces import Plugin
from ...plugins.reach import is_installed, plugin_code
from .anew import carry_out
from .kinds import promises_of
from .promises import BrokenPromise
from .surroundings import Surroundings, read_surroundings

_GIVEN, _OPENED, _PRINTED = "given.npz", "opened.json", "printed.txt"


class Given(NamedTuple):
    """What a plugin gave, by name, and the files that it opened and that are none of its known code."""

    values: dict[str, np.ndarray]
    opened: list[str]


def has_home(plugin: type[Plugin]) -> bool:
    """Whether a class can be imported anew: it stands at the top of a module with a file."""
    module = sys.modules.get(plugin.__module__)
    return "<locals>" not in plugin.__qualname__ and getattr(module, "__file__", None) is not None


def give_elsewhere(plugin: Plugin, state: Mapping[str, Tensor], around: Surroundings, folder: Path) -> Given:
    """Lets a new process import the plugin, load the state and give what `Promises.observe` looks at.

    Args:
        plugin: whose class and parameters it takes.
        state: what was learnt.
        around: what it is shown.
        folder: an empty one, for what the processes exchange.

    Raises:
        BrokenPromise: it failed there.
    """
    cls, splits = type(plugin), around.splits
    job = {
        "module": cls.__module__,
        "file": str(Path(str(sys.modules[cls.__module__].__file__)).resolve()),
        "class": cls.__qualname__,
        "params": _plain(plugin.params),
        "data": str(around.folder),
        "findings": splits["test"].findings,
        "recipe": around.guidance.recipe.model_dump(mode="json"),
        "device": around.fabric.device.type,
        "root": None if around.root is None else str(around.root.resolve()),
        "folder": str(folder),
    }
    save_state(state, folder)
    if carry_out(job):
        printed = (folder / _PRINTED).read_text(encoding="utf-8", errors="replace")
        last = (printed.strip().splitlines() or ["without a word"])[-1]
        raise BrokenPromise(f"in a new process it fails: {last}")
    with np.load(folder / _GIVEN, allow_pickle=False) as values:
        return Given(dict(values), json.loads((folder / _OPENED).read_text(encoding="utf-8")))


def serve() -> None:
    """Does the jobs that come in on standard input, each in a process that is split off, and answers by its status.

    Beside a GPU, and on other systems than Linux, no such process can compute: there it does one job itself, and ends.
    """
    is_library("torch")  # reads which libraries there are, which takes a second, once for all of them
    for line in sys.stdin:
        job = json.loads(line)
        if job["device"] != "cpu" or sys.platform != "linux" or not (child := os.fork()):
            os._exit(_status_of(job))  # at once: to take down all that is loaded takes seconds
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


def _status_of(job: dict[str, Any]) -> int:
    """Does a job; 1 where it fails, and the last line that is printed says why."""
    try:
        _do(job)
    except Exception:  # noqa: BLE001 - foreign code may raise anything
        traceback.print_exc()
        return 1
    return 0


def _do(job: dict[str, Any]) -> None:
    """Leaves in the job's folder what the plugin gave, which files it opened, and all that was printed."""
    folder = Path(job["folder"])
    _move(job, folder / _PRINTED)
    fabric = create_fabric(job["device"], "32-true")
    around = read_surroundings(
        Path(job["data"]), tuple(job["findings"]), GuidanceRecipe.model_validate(job["recipe"]), fabric
    )
    around = around.at(None if job["root"] is None else Path(job["root"]))
    opened: list[str] = []

    def listen(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open" and isinstance(arguments[0], str | bytes | os.PathLike):
            opened.append(os.path.realpath(os.fsdecode(arguments[0])))

    sys.addaudithook(listen)
    with deterministic():
        cls: Any = _module(job["module"], Path(job["file"]))
        for name in job["class"].split("."):
            cls = getattr(cls, name)
        promises = promises_of(cls, lambda: cls(**job["params"]), around)
        values = promises.observe(promises.prepare(load_state(folder)))
    shown = [folder, around.folder, *([] if around.root is None else [around.root])]
    strange = [file for file in dict.fromkeys(opened) if not _known(Path(file), cls, shown)]
    (folder / _OPENED).write_text(json.dumps(strange), encoding="utf-8")
    np.savez(folder / _GIVEN, **values)  # type: ignore[arg-type]


def _move(job: dict[str, Any], printed: Path) -> None:
    """To the folder, the environment and the search path of who asks; what is printed goes to that file."""
    with printed.open("wb") as file:
        for stream in (1, 2):
            os.dup2(file.fileno(), stream)
    os.chdir(job["here"])
    os.environ.clear()
    os.environ.update(job["environment"])
    sys.path[:] = job["path"]


def _module(name: str, file: Path) -> ModuleType:
    """The module of that name, as Python finds it, or of that file, as --plugin loads it."""
    if (name.isidentifier() and name.startswith("privbench_plugin_")) or importlib.util.find_spec(name) is None:
        spec = importlib.util.spec_from_file_location(name, file)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
        return module
    return importlib.import_module(name)


def _known(file: Path, plugin: type[Plugin], shown: list[Path]) -> bool:
    """Whether a file is code that is counted, a library's, the system's, or what the plugin is shown."""
    if is_installed(file) or any(file.is_relative_to(folder.resolve()) for folder in shown):
        return True
    if not file.is_file() or file.parts[1:2] in (("proc",), ("sys",), ("dev",), ("etc",), ("usr",)):
        return True
    counted = {*plugin_code(plugin).modules, *filter(is_ours, sys.modules)}
    sources = {getattr(sys.modules.get(name), "__file__", None) for name in counted} - {None}
    paths = [Path(str(source)).resolve() for source in sources]
    return file in paths or file in [Path(importlib.util.cache_from_source(str(path))) for path in paths]


def _plain(value: Any) -> Any:
    """Parameters as JSON values; those too that records leave out because they tell where something lies."""
    if isinstance(value, BaseModel):
        return {name: _plain(getattr(value, name)) for name in type(value).model_fields}
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return str(value) if isinstance(value, Path) else to_jsonable_python(value)
