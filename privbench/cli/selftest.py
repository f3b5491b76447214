"""`privbench selftest`."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from . import arguments
from .planning import plan_all
from .session import session

EPILOG = (
    "Exit status: 0 all sorted rightly by a certified attack, 1 not. "
    "An anonymizer's own parameters are options too, such as --mu 0.005."
)


def command(
    context: typer.Context,
    anonymizer: Annotated[str | None, typer.Option(help="Another anonymizer, to see where it falls.")] = None,
    attack: Annotated[str | None, typer.Option(help="This attack, informed, in place of the protocol's.")] = None,
    trap: Annotated[list[str] | None, typer.Option(help="Only these, such as trap-inversion.")] = None,
    protocol: arguments.Protocol = "quick",
    dataset: arguments.Dataset = None,
    data_root: arguments.DataRoot = None,
    set_: arguments.Changes = None,
    plugin: arguments.Plugins = None,
    out: Annotated[Path, typer.Option(help="Where the run folders go.")] = Path("runs/selftest"),
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace other runs in --out.")] = False,
    store: arguments.Store = None,
    device: arguments.Device = "auto",
    workers: arguments.Workers = None,
) -> None:
    """Attack anonymizers that only hide identity, and ones that remove it: are they told apart, and what they cost?"""
    from ..api import plan
    from ..base.errors import PrivbenchError, nearest
    from ..judging.selftest import judge, useful
    from ..plugins.interfaces import Anonymizer
    from ..plugins.registry import Registry
    from ..protocols.schema import load_protocol
    from ..report.tables.selftest import selftest_sheet
    from ..report.terminal import print_sheets
    from .options import given_params

    console = Console(stderr=True)
    registry = Registry(plugin or [])
    overrides = [*(set_ or []), *(_alone(attack, list(load_protocol(protocol, set_ or []).attacks)) if attack else [])]
    known = {instance.name: (instance, truth) for instance, truth in judge.traps(load_protocol(protocol, overrides))}
    for name in trap or []:
        if name not in known:
            raise PrivbenchError(f"There is no trap {name!r}: {nearest(name, known)}")
    tested: list[tuple[str | Anonymizer, dict[str, Any], str | None]] = [
        ("identity", {}, None),
        *((instance, {}, truth) for name, (instance, truth) in known.items() if not trap or name in trap),
    ]
    params: dict[str, Any] = {}
    if anonymizer is not None:
        params = given_params(context, registry.get("anonymizer", anonymizer).Params, anonymizer)
        tested.append((anonymizer, params, None))
    elif context.args:
        raise PrivbenchError(f"There is no option {context.args[0]} of privbench selftest: see --help.")

    plans = plan_all(
        partial(
            plan,
            method,
            params=params,
            protocol=protocol,
            overrides=overrides,
            dataset=dataset,
            data_root=data_root,
            store=store,
            out=out / (method if isinstance(method, str) else method.name),
            overwrite=overwrite,
            device=device,
            workers=workers or arguments.cores(),
            registry=registry,
            console=console,
            quiet=False,
        )
        for method, params, _ in tested
    )
    with session(console):
        ran = [(planned.carry_out().record, truth) for planned, (_, _, truth) in zip(plans, tested, strict=True)]
    (identity, _), *records = ran
    sorting = [judge.judge(record, identity, truth) for record, truth in records]
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
