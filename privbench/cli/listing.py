"""`privbench list`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.cells import cell_len
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from ..base.texts import printable
from . import arguments

if TYPE_CHECKING:
    from ..plugins.registry import Registered
    from ..protocols.schema import Protocol
    from ..sweeps.schema import Sweep

_FRAME, _TEXT = 8, 24  # columns between what stands side by side, and the fewest that a help text is read in


class What(StrEnum):
    all = "all"
    anonymizers = "anonymizers"
    attacks = "attacks"
    utilities = "utilities"
    datasets = "datasets"
    protocols = "protocols"
    sweeps = "sweeps"


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
    """Show anonymizers, attacks, utilities, data sets, protocols and sweeps, what they take, and what is broken."""
    from ..plugins.registry import Registry
    from ..protocols.schema import builtin_protocols, load_protocol
    from ..sweeps.schema import builtin_sweeps, load_sweep

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
            _show_protocol(console, load_protocol(name), asked=what is What.protocols)
    if what in (What.all, What.sweeps):
        console.print("[bold]sweeps[/]")
        for name in builtin_sweeps():
            _show_sweep(console, load_sweep(name), rows=what is What.sweeps)


def _show_sweep(console: Console, sweep: Sweep, rows: bool) -> None:
    """Name and description, and every method with its parameters where they are asked for."""
    console.print(f"  [cyan]{sweep.name}[/] ({len(sweep.rows)} runs): {escape(sweep.description)}", highlight=False)
    if not rows:
        console.print("    [dim]`privbench list sweeps` shows them[/]", highlight=False)
        return
    told = [(row.anonymizer, " ".join(f"--{name} {value}" for name, value in row.params.items())) for row in sweep.rows]
    _show_rows(console, [(name, params, "") for name, params in told])


def _show_rows(console: Console, rows: Sequence[tuple[str, str, str]]) -> None:
    """Options with their defaults and what they mean, beside one another; where that is too narrow, below."""
    if not rows:
        return
    widths = [max(cell_len(row[place]) for row in rows) for place in range(2)]
    if console.width < sum(widths) + _FRAME + _TEXT * any(row[2] for row in rows):
        for option, default, text in rows:
            console.print(Padding(Text.assemble(option, "  ", (default, "dim"), overflow="fold"), (0, 0, 0, 4)))
            console.print(Padding(Text(text), (0, 0, 0, 6)) if text else "", end="")
        return
    grid = Table.grid(padding=(0, 2))
    for option, default, text in rows:
        grid.add_row("  ", Text(option, no_wrap=True), Text(default, "dim", no_wrap=True), Text(text))
    console.print(grid)


def _show_protocol(console: Console, protocol: Protocol, asked: bool) -> None:
    """Name and description, and every field as `--set` takes it where they are asked for."""
    console.print(
        f"  [cyan]{protocol.name}[/] (version {protocol.version}): {escape(protocol.description)}", highlight=False
    )
    if not asked:
        console.print("    [dim]`privbench list protocols` shows the fields that --set changes[/]", highlight=False)
        return
    fields = _flat(protocol.model_dump(mode="json", exclude={"name", "version", "description"}))
    _show_rows(console, [(f"--set {path}", str(value), "") for path, value in fields])


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
        console.print(f"  [red]{escape(printable(reason))}[/]", highlight=False)
        return
    summary = (entry.plugin.__doc__ or "").strip().partition("\n")[0]
    console.print(f"  [cyan]{escape(printable(entry.name))}[/]: {escape(printable(summary))}", highlight=False)
    rows = describe_params(entry.plugin.Params, prefix)
    if issubclass(entry.plugin, UtilityTask):
        modes = (", ".join(modes) for modes in (UtilitySection().modes, entry.plugin.modes))
        rows.insert(0, ("--set utilities.NAME.modes", next(modes), f"makes sense in {next(modes)}"))
    _show_rows(console, rows)
