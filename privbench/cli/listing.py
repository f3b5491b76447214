"""`privbench list`."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from . import arguments

if TYPE_CHECKING:
    from ..plugins.registry import Registered
    from ..protocols.schema import Protocol


class What(StrEnum):
    all = "all"
    anonymizers = "anonymizers"
    attacks = "attacks"
    utilities = "utilities"
    datasets = "datasets"
    protocols = "protocols"


# The kind of plugin, and how its parameters are written on the command line of `privbench run`.
_KINDS = {
    What.anonymizers: ("anonymizer", "--"),
    What.attacks: ("attack", "--set attacks.NAME.params."),
    What.utilities: ("utility", "--set utilities.NAME.params."),
    What.datasets: ("dataset", "--set data.params."),
}


def command(
    what: Annotated[What, typer.Argument(help="What to show.")] = What.all,
    plugin: arguments.Plugins = None,
) -> None:
    """Show anonymizers, attacks, utilities, data sets and protocols, with their parameters, and what is broken."""
    from ..plugins.registry import Registry
    from ..protocols.schema import builtin_protocols, load_protocol

    console = Console()
    registry = Registry(plugin or [])
    for title, (kind, prefix) in _KINDS.items():
        if what in (What.all, title):
            console.print(f"[bold]{title}[/]")
            for entry in registry.entries(kind):
                _show_entry(console, entry, prefix)
    if what in (What.all, What.protocols):
        console.print("[bold]protocols[/]")
        for name in builtin_protocols():
            _show_protocol(console, load_protocol(name), fields=what is What.protocols)


def _show_protocol(console: Console, protocol: Protocol, fields: bool) -> None:
    """Name and description, and every field as `--set` takes it where they are asked for."""
    console.print(
        f"  [cyan]{protocol.name}[/] (version {protocol.version}): {escape(protocol.description)}", highlight=False
    )
    if not fields:
        console.print("    [dim]`privbench list protocols` shows the fields that --set changes[/]", highlight=False)
        return
    grid = Table.grid(padding=(0, 2))
    for path, value in _flat(protocol.model_dump(mode="json", exclude={"name", "version", "description"})):
        grid.add_row("   ", f"--set {path}", f"[dim]{escape(str(value))}[/]")
    console.print(grid)


def _flat(values: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Nested values by dotted path."""
    for key, value in values.items():
        if isinstance(value, dict) and value:
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield prefix + key, value


def _show_entry(console: Console, entry: Registered, prefix: str) -> None:
    from ..plugins.interfaces import UtilityTask
    from ..protocols.schema import UtilitySection
    from .options import describe_params

    if entry.plugin is None:
        reason = f"{entry.name} is broken ({entry.origin}): {entry.broken}"
        console.print(f"  [red]{escape(reason)}[/]", highlight=False)
        return
    summary = (entry.plugin.__doc__ or "").strip().partition("\n")[0]
    console.print(f"  [cyan]{escape(entry.name)}[/]: {escape(summary)}", highlight=False)
    rows = describe_params(entry.plugin.Params, prefix)
    if issubclass(entry.plugin, UtilityTask):
        modes = (", ".join(modes) for modes in (UtilitySection().modes, entry.plugin.modes))
        rows.insert(0, ("--set utilities.NAME.modes", next(modes), f"makes sense in {next(modes)}"))
    grid = Table.grid(padding=(0, 2))
    for option, default, text in rows:
        grid.add_row("   ", option, f"[dim]{escape(default)}[/]", escape(text))
    if grid.row_count:
        console.print(grid)
