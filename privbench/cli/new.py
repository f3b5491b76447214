"""`privbench new`."""

from __future__ import annotations

import keyword
from importlib import resources
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from ..base.errors import PrivbenchError, nearest
from . import completion

_CHECKS = {
    "anonymizer": "privbench run --plugin {file} --anonymizer {name}",
    "attack": "privbench run --plugin {file} --set attacks.{name}.scenarios='[\"informed\"]'",
    "utility": "privbench run --plugin {file} --set utilities.{name}.modes='[\"frozen\"]'",
    "dataset": "privbench run --plugin {file} --dataset {name} --data-root FOLDER",
}


def command(
    kind: Annotated[
        str, typer.Argument(help="anonymizer, attack, utility or dataset.", autocompletion=completion.kinds)
    ],
    name: Annotated[str, typer.Argument(help="What it is called, such as my_method: a name of Python.")],
) -> None:
    """Write a plugin that works, NAME.py, and its test, test_NAME.py, into this folder."""
    from ..plugins.registry import Registry

    if kind not in _CHECKS:
        raise PrivbenchError(f"There is no kind {kind!r} of plugins: {nearest(kind, _CHECKS)}")
    if not name.isidentifier() or keyword.iskeyword(name) or name.startswith("_"):
        raise PrivbenchError(f"{name!r} is no name that Python can import: use letters, digits and '_', as my_method.")
    plugin, test = Path(f"{name}.py"), Path(f"test_{name}.py")
    if taken := next((file for file in (plugin, test) if file.exists()), None):
        raise PrivbenchError(f"There is a file {taken} already: choose another name, or move it away.")
    called = name.replace("_", "-").lower()
    if called in Registry().names(kind) or find_spec(name) is not None:
        raise PrivbenchError(f"The name {name!r} is taken by a plugin or module that is installed: choose another.")
    tested = "dataset_test" if kind == "dataset" else "learner_test"
    plugin.write_text(_text(kind, {f"my-{kind}": called, f"My{kind.capitalize()}": _class(name)}), encoding="utf-8")
    test.write_text(_text(tested, {"my_plugin": name}), encoding="utf-8")
    root = " --data-root FOLDER" if kind == "dataset" else ""
    typer.echo(
        f"Wrote {plugin} and {test}. Then:\n"
        f"  pytest {test}\n"
        f"  privbench check-plugin {called} --plugin {plugin}{root}\n"
        f"  {_CHECKS[kind].format(file=plugin, name=called)}"
    )


def _text(template: str, names: dict[str, str]) -> str:
    text = (resources.files("privbench.cli.templates") / f"{template}.py").read_text(encoding="utf-8")
    for one, other in names.items():
        text = text.replace(one, other)
    return text


def _class(name: str) -> str:
    return "".join(part[:1].upper() + part[1:] for part in name.split("_"))
