"""How a command's runs are made: all together, or, behind `privbench plan`, only told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextvars import ContextVar
from typing import TYPE_CHECKING

import typer
from rich.console import Console

from ..base.errors import PrivbenchError
from .session import session

if TYPE_CHECKING:
    from ..api import Plan, Run
    from ..running.setting import Setting

ONLY_TOLD: ContextVar[bool] = ContextVar("only_told", default=False)
"""Whether a command is only to tell what it would make."""


def conduct(
    runs: Sequence[Callable[[], Plan]],
    setting: Setting,
    console: Console,
    quiet: bool = False,
    finished: Callable[[Run], None] = lambda done: None,
) -> list[Run]:
    """The finished runs; behind `privbench plan`, tells what has to be made for them and ends the command.

    Args:
        runs: each plans one; what is wrong with any of them is told before the first one begins.
        setting: which they are planned in.
        console: where progress is shown.
        quiet: show none.
        finished: called with each run when its folder is in place.

    Raises:
        PrivbenchError: with a line for each mistake and each folder in the way; or as `carry_out`.
    """
    from ..api import carry_out, outlook
    from ..base.progress import Progress
    from ..report.tables.outlook import outlook_table
    from ..report.terminal import print_table

    plans, wrong = [], []
    for run in runs:
        try:
            plans.append(run())
        except PrivbenchError as error:
            wrong.append(str(error))
    if wrong:
        raise PrivbenchError("\n".join(dict.fromkeys(wrong)))
    if ONLY_TOLD.get():
        print_table(outlook_table(outlook(plans, setting)), Console())
        raise typer.Exit
    with session(console, quiet):
        return carry_out(plans, setting, Progress(console, quiet), finished)
