"""`privbench data`: what is asked of a data set, or said of it, before any run."""

from __future__ import annotations

import typer

from . import data_check, data_contamination, data_trained_on

app = typer.Typer(help="Ask what there is to know of a data set before a run.", no_args_is_help=True)
app.command(name="check", epilog=data_check.EPILOG)(data_check.command)
app.command(name="contamination", epilog=data_contamination.EPILOG)(data_contamination.command)
app.command(name="trained-on")(data_trained_on.command)
