"""`privbench budget`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from ..base.errors import PrivbenchError, nearest
from . import arguments, completion
from .session import session

EPILOG = (
    "Where files lie is in no record: a parameter of the anonymizer that told so is given again, such as "
    "--weights-file PATH, and one of the protocol with --set."
)

_MARKER = "privbench-budget.json"


def command(
    context: typer.Context,
    run: Annotated[Path, typer.Argument(help="A run folder.")],
    attack: Annotated[
        str | None,
        typer.Option(help="The attack's name in the protocol; else the worst case.", autocompletion=completion.attacks),
    ] = None,
    scenario: Annotated[str | None, typer.Option(help="Its scenario; else the worst case's.")] = None,
    data_root: arguments.DataRoot = None,
    set_: arguments.Changes = None,
    plugin: arguments.Plugins = None,
    out: Annotated[Path | None, typer.Option(help="Where table and plot go; else budget/ in the run folder.")] = None,
    store: arguments.Store = None,
    device: Annotated[str | None, typer.Option(help="auto, cpu, cuda or mps; else the run's.")] = None,
    executor: arguments.Executor = None,
    jobs: arguments.Jobs = None,
    address: arguments.Address = None,
    allow_contamination: arguments.AllowContamination = False,
) -> None:
    """Attack a run again with fewer patients, fewer images, and less or more training."""
    from ..api import engine_for
    from ..base.progress import Progress
    from ..engine.executors.choice import Means
    from ..judging.budget import budget_curve, unsaturated
    from ..plugins.interfaces import Anonymizer
    from ..plugins.registry import Registry
    from ..protocols.scenarios import SCENARIOS
    from ..protocols.schema import recorded_protocol
    from ..record.run import read_run
    from ..report.marked import marked_folder
    from ..report.plots.budget_curves import write_budget
    from ..report.tables.budget import budget_frame, budget_table
    from ..report.terminal import print_table
    from ..running.setting import Setting
    from .options import given_params

    record = read_run(run)
    console = Console(stderr=True)
    registry = Registry(plugin or [])
    worst, method = record.judged, record.anonymizer
    label, wanted = attack or worst.attack, scenario or worst.scenario
    chosen = next((name for name in SCENARIOS if name == wanted), None)
    if chosen is None:
        raise PrivbenchError(f"There is no scenario {wanted!r}: {nearest(wanted, SCENARIOS)}")
    if method.deterministic is None:
        raise PrivbenchError(
            f"The run of {record.label} judged a release that was made elsewhere, and no record tells where that lies: "
            "ask for budgets of a method that privbench runs."
        )
    protocol = recorded_protocol(record.protocol, set_ or [], f"the protocol of {run}")
    given = given_params(context, registry.get("anonymizer", method.name).Params, method.name)
    params = protocol.anonymizers.get(method.name, {}) | method.params | given
    if lost := [f"--{name.replace('_', '-')}" for name in method.given if name not in params]:
        raise PrivbenchError(
            f"The run of {record.label} was given {', '.join(lost)}, and no record tells where that lies: "
            "give it again."
        )
    progress = Progress(console)
    folder = out or run / "budget"
    setting = Setting(
        data_root=data_root,
        store=store,
        device=device or record.device["type"],
        precision=record.device["precision"],
        means=Means(executor, jobs, address),
        registry=registry,
        allow_contamination=allow_contamination,
    )
    with session(console), marked_folder(folder, _MARKER, "budget") as part:
        pipeline = setting.pipeline(protocol, registry.create(Anonymizer, method.name, params))
        with engine_for(pipeline, setting, progress) as engine:
            points = budget_curve(pipeline, engine, record, label, chosen)
        frame, title = budget_frame(points, unsaturated(points)), f"{record.label}, {label} ({chosen})"
        frame.to_csv(part / "budget.csv", index=False)
        write_budget(frame, title, part / "budget.png")
    output = Console()
    print_table(budget_table(frame, title), output)
    output.print(f"{folder}", highlight=False, markup=False, soft_wrap=True)
