"""`privbench selftest`."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from . import arguments, completion
from .conduct import conduct
from .settings import with_setting

if TYPE_CHECKING:
    from ..running.setting import Setting

EPILOG = (
    "Exit status: 0 all sorted rightly by a certified attack, 1 not. "
    "An anonymizer's own parameters are options too, such as --mu 0.005."
)


@with_setting
def command(
    context: typer.Context,
    setting: Setting,
    anonymizer: Annotated[
        str | None,
        typer.Option(help="Another anonymizer, to see where it falls.", autocompletion=completion.anonymizers),
    ] = None,
    attack: Annotated[
        str | None,
        typer.Option(help="This attack, informed, in place of the protocol's.", autocompletion=completion.attacks),
    ] = None,
    trap: Annotated[list[str] | None, typer.Option(help="Only these, such as trap-inversion.")] = None,
    draw: Annotated[int, typer.Option(min=0, help="Seeds what the traps do, such as which shuffle it is.")] = 0,
    out: Annotated[Path, typer.Option(help="Where the run folders go.")] = Path("runs/selftest"),
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace other runs in --out.")] = False,
    quiet: arguments.Quiet = False,
) -> None:
    """Attack anonymizers that only hide identity, and ones that remove it: are they told apart, and what they cost?"""
    from ..api import plan
    from ..base.errors import PrivbenchError, nearest
    from ..judging.selftest import catalogue, judge, useful
    from ..plugins.interfaces import Anonymizer
    from ..report.tables.selftest import selftest_sheet
    from ..report.terminal import print_sheets
    from .options import given_params

    if not (data := setting.data(setting.load())[0]).names_patients:
        raise PrivbenchError(
            f"The self-test attacks what hides patients, and the data set {data.name} names none: choose another."
        )
    if attack is not None:
        alone = _alone(attack, list(setting.load().attacks))
        setting = replace(setting, overrides=[*setting.overrides, *alone])
    known = {one.anonymizer.name: one for one in catalogue.traps(setting.load(), draw)}
    for name in trap or []:
        if name not in known:
            raise PrivbenchError(f"There is no trap {name!r}: {nearest(name, known)}")
    tested: list[tuple[str | Anonymizer, dict[str, Any], catalogue.Trap | None]] = [
        ("identity", {}, None),
        *((one.anonymizer, {}, one) for name, one in known.items() if not trap or name in trap),
    ]
    params: dict[str, Any] = {}
    if anonymizer is not None:
        params = given_params(context, setting.registry.get("anonymizer", anonymizer).Params, anonymizer)
        tested.append((anonymizer, params, None))
    elif context.args:
        raise PrivbenchError(f"There is no option {context.args[0]} of privbench selftest: see --help.")

    runs = [
        partial(plan, method, params, setting, out / (method if isinstance(method, str) else method.name), overwrite)
        for method, params, _ in tested
    ]
    finished = conduct(runs, setting, Console(stderr=True), quiet)
    ran = [(run.record, one) for run, (_, _, one) in zip(finished, tested, strict=True)]
    (identity, _), *records = ran
    sorting = [judge.judge(record, identity, one) for record, one in records]
    of_utility = [judged for record, _ in records for judged in useful.judge_utility(record)]
    print_sheets([selftest_sheet(identity, sorting, of_utility)], Console())
    rightly = all(one.sorted for one in sorting) and all(one.sorted for one in of_utility)
    if not (rightly and identity.certified):
        raise typer.Exit(1)


def _alone(attack: str, others: list[str]) -> list[str]:
    """Changes of a protocol that leave that attack alone in it, informed."""
    return [
        f'attacks.{attack}.scenarios=["informed"]',
        *(f"attacks.{label}=none" for label in others if label != attack),
    ]
