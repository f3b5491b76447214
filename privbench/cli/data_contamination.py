"""`privbench data contamination`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from .formats import say
from .settings import with_data_setting

if TYPE_CHECKING:
    from ..running.setting import Setting

EPILOG = "Exit status: 0 no test patient was seen, 1 nobody can say, 3 a test patient was seen."
_UNKNOWN, _SEEN = 1, 3


@with_data_setting
def command(
    setting: Setting,
    weights: Annotated[list[Path], typer.Option(help="A file of weights; it may be given more than once.")],
) -> None:
    """Tell whom of a data set's patients weights have seen, split by split."""
    from ..data.ledger import overlap
    from ..learning.weights import ledger_in, weights_digest
    from ..report.tables.weights import overlap_table
    from ..report.terminal import print_table
    from ..running.roster import roster_of

    digests = [weights_digest(file)[:12] for file in weights]
    ledgers = [ledger_in(file) for file in weights]
    roster = roster_of(setting)
    found = [overlap(ledger, roster) for ledger in ledgers]
    for file, digest, one in zip(weights, digests, found, strict=True):
        print_table(overlap_table(f"{file.name} ({digest})", one, roster), Console())
        if one.unknown is not None:
            say(f"Not all is known: {one.unknown}.", "yellow")
    if any(one.seen["test"] for one in found):
        raise typer.Exit(_SEEN)
    if any(one.unknown is not None for one in found):
        raise typer.Exit(_UNKNOWN)
