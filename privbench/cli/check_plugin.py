"""`privbench check-plugin`."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from ..base.errors import PrivbenchError, nearest
from . import arguments, completion

EPILOG = "Exit status: 0 all promises kept, 1 not. The plugin's own parameters are options too, such as --mu 0.005."

COMMAND = "check-plugin"
_SHORT = {"epochs": 1, "pretrain_epochs": 1, "steps": 2, "batch_size": 8}


def command(
    context: typer.Context,
    name: Annotated[
        str,
        typer.Argument(
            help="A registered anonymizer, attack, utility task or data set.", autocompletion=completion.plugins
        ),
    ],
    kind: Annotated[
        str | None, typer.Option(help="Its kind, where two kinds share the name.", autocompletion=completion.kinds)
    ] = None,
    protocol: Annotated[
        str,
        typer.Option(help="Whose parameters it gets where it is given none.", autocompletion=completion.protocols),
    ] = "quick",
    data_root: arguments.DataRoot = None,
    plugin: arguments.Plugins = None,
    device: arguments.Device = "auto",
) -> None:
    """Check what a plugin promises, in seconds: shapes, ranges, determinism, state, no look at test images."""
    from ..judging.contract.anew import start
    from ..plugins.interfaces import Dataset
    from ..plugins.registry import GROUPS, Registry
    from ..protocols.schema import load_protocol
    from .options import given_params, option_names

    registry = Registry(plugin or [])
    chosen_kind = _kind_of(name, kind, {one: registry.names(one) for one in GROUPS})
    chosen = load_protocol(protocol)
    full = load_protocol("full")  # has the built-ins that the protocol leaves out
    attacks = (*chosen.attacks.values(), *full.attacks.values())
    utilities = (*chosen.utilities.values(), *full.utilities.values())
    settings: dict[str, dict[str, Any]] = {
        "anonymizer": chosen.anonymizers.get(name, {}),
        "attack": next((section.params for section in attacks if section.attack == name), {}),
        "utility": next((section.params for section in utilities if section.task == name), {}),
        "dataset": chosen.data.params if chosen.data.dataset == name else {},
    }
    cls = registry.get(chosen_kind, name)
    given = given_params(context, cls.Params, name)
    start()  # it loads what computes, beside this process, which does so now

    from ..judging.contract.checks import Check, check
    from ..judging.contract.surroundings import surroundings
    from ..learning.device import create_fabric, deterministic
    from ..learning.recipes import GuidanceRecipe

    params = _shortened(settings.get(chosen_kind, {}), cls.Params.model_fields) | given
    console = Console()
    recipe = GuidanceRecipe.model_validate(_shortened(chosen.guidance.model_dump(), {}))
    phantom = registry.create(Dataset, "phantom", {"patients": 40})
    with (
        deterministic(),
        surroundings(phantom, recipe, chosen.data.size, create_fabric(device, "32-true")) as around,
    ):
        checks = check(lambda: cls(**params), around.at(data_root))
    clashes = _clashes(context, chosen_kind, option_names(cls.Params))
    checks.append(Check("its parameters hide no option of a command", clashes))
    for one in checks:
        mark = "[green]kept[/]  " if one.failure is None else "[bold red]broken[/]"
        seen = "" if one.failure is None else f": {one.failure}"
        console.print(f"{mark} {escape(one.promise + seen)}", highlight=False)
    if any(one.failure is not None for one in checks):
        raise typer.Exit(1)


def _kind_of(name: str, wanted: str | None, registered: Mapping[str, Sequence[str]]) -> str:
    """The kind of the plugin of that name. Raises PrivbenchError where there is none, or more than one."""
    if wanted is not None and wanted not in registered:
        raise PrivbenchError(f"There is no kind {wanted!r} of plugins: {nearest(wanted, registered)}")
    found = [kind for kind, names in registered.items() if name in names]
    if wanted in found:
        return wanted
    if len(found) == 1 and wanted is None:
        return found[0]
    if found:
        where = " and ".join(f"--kind {one}" for one in found)
        if wanted is None:
            raise PrivbenchError(f"There are several plugins {name!r}: say which, {where}.")
        raise PrivbenchError(f"There is no {wanted} {name!r}; the name belongs to another kind: say {where}.")
    known = registered[wanted] if wanted else [one for names in registered.values() for one in names]
    raise PrivbenchError(f"There is no {wanted or 'plugin'} {name!r}: {nearest(name, known)}")


def _clashes(context: typer.Context, kind: str, parameters: Collection[str]) -> str | None:
    """Which of the parameters are options of a command that takes the plugin's too; None where none is."""
    commands: Mapping[str, Any] = getattr(context.find_root().command, "commands", {})
    for name, command in commands.items():
        if not command.context_settings.get("ignore_unknown_options") or (kind != "anonymizer" and name != COMMAND):
            continue
        for option in sorted({option for one in command.params for option in one.opts} & set(parameters)):
            return f"{option} is an option of privbench {name}: rename the parameter"
    return None


def _shortened(params: dict[str, Any], fields: Any) -> dict[str, Any]:
    """The protocol's parameters with trainings cut to almost nothing: what is checked is not how well they learn."""
    short = {key: _shortened(value, value) if isinstance(value, dict) else value for key, value in params.items()}
    return short | {key: value for key, value in _SHORT.items() if key in fields}
