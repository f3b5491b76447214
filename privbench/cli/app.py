"""All commands."""

from __future__ import annotations

from typing import Annotated

import typer

from . import (
    anonymize,
    audit,
    baseline,
    budget,
    check,
    check_plugin,
    compare,
    data,
    leaderboard,
    listing,
    new,
    plan,
    profile,
    report,
    run,
    selftest,
    share,
    site,
    submit,
    sweep,
    utility,
    verify,
)
from .arguments import PLUGIN_CONTEXT
from .options import AnonymizerCommand

app = typer.Typer(
    name="privbench",
    help="Tells how much privacy a chest-radiograph anonymizer really buys, and how much diagnostic utility it costs.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


def _show_version(asked: bool) -> None:
    if asked:
        from .. import __version__

        typer.echo(f"privbench {__version__}")
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit."),
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    pass


app.command(name="run", cls=AnonymizerCommand, context_settings=PLUGIN_CONTEXT, epilog=run.EPILOG)(run.command)
app.command(name="anonymize", cls=AnonymizerCommand, context_settings=PLUGIN_CONTEXT, epilog=anonymize.EPILOG)(
    anonymize.command
)
app.command(name="selftest", cls=AnonymizerCommand, context_settings=PLUGIN_CONTEXT, epilog=selftest.EPILOG)(
    selftest.command
)
app.command(name="audit", epilog=audit.EPILOG)(audit.command)
planning = typer.Typer(help=plan.HELP, no_args_is_help=True)
app.add_typer(planning, name="plan")
planning.command(name="run", cls=AnonymizerCommand, context_settings=PLUGIN_CONTEXT)(plan.only_told(run.command))
planning.command(name="selftest", cls=AnonymizerCommand, context_settings=PLUGIN_CONTEXT)(
    plan.only_told(selftest.command)
)
planning.command(name="audit")(plan.only_told(audit.command))
planning.command(name="sweep")(plan.only_told(sweep.command))
app.command(name="budget", context_settings=PLUGIN_CONTEXT, epilog=budget.EPILOG)(budget.command)
app.command(name="check-plugin", context_settings=PLUGIN_CONTEXT, epilog=check_plugin.EPILOG)(check_plugin.command)
app.add_typer(data.app, name="data")
app.command(name="new")(new.command)
app.command(name="list")(listing.command)
app.command(name="leaderboard")(leaderboard.command)
app.command(name="utility")(utility.command)
app.command(name="compare")(compare.command)
app.command(name="sweep", epilog=sweep.EPILOG)(sweep.command)
app.command(name="report")(report.command)
app.command(name="profile")(profile.command)
app.command(name="share", epilog=share.EPILOG)(share.command)
app.command(name="submit", epilog=submit.EPILOG)(submit.command)
app.command(name="site", epilog=site.EPILOG)(site.command)
app.command(name="baseline")(baseline.command)
app.command(name="check", epilog=check.EPILOG)(check.command)
app.command(name="verify", epilog=verify.EPILOG)(verify.command)
