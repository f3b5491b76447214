"""`privbench check`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from . import arguments
from .formats import say

EPILOG = "Exit status: 0 pass, 1 regression, 2 cannot judge (other fingerprint, uncertified run, too few patients)."


def command(
    runs: arguments.RunFolders,
    baseline: Annotated[Path, typer.Option(help="The file that privbench baseline wrote.")],
    privacy: Annotated[float, typer.Option(min=0, max=1, help="Tolerated change of the worst-case AUC.")] = 0.02,
    utility: Annotated[float, typer.Option(min=0, max=1, help="Tolerated loss of the headline mean AUC.")] = 0.02,
    rank_1: Annotated[float, typer.Option(min=0, max=1, help="Tolerated change of the rank-1 rate.")] = 0.05,
    match: Annotated[float, typer.Option(min=0, max=1, help="Tolerated change of the own-image match.")] = 0.05,
    copies: Annotated[
        float, typer.Option(min=0, max=1, help="Tolerated rise of the share of copies of other patients' originals.")
    ] = 0.01,
    patients: Annotated[float, typer.Option(min=2, help="Fewest effective patients that can be judged.")] = 20,
    json: Annotated[Path | None, typer.Option(help="Write the judgement as JSON.")] = None,
    junit: Annotated[Path | None, typer.Option(help="Write it as JUnit XML.")] = None,
    summary: Annotated[Path | None, typer.Option(help="Append it as Markdown.", envvar="GITHUB_STEP_SUMMARY")] = None,
    badge: Annotated[Path | None, typer.Option(help="Write a badge, an SVG.")] = None,
    annotate: Annotated[
        bool, typer.Option("--annotate", help="Print annotations of GitHub Actions.", envvar="GITHUB_ACTIONS")
    ] = False,
) -> None:
    """Compare runs with a baseline, and fail where privacy or utility surely changed for the worse."""
    from ..base.errors import PrivbenchError
    from ..base.files import write_text
    from ..judging.baseline import read_baseline
    from ..judging.gate import EXIT_CODES, Judgement, Tolerances, judge_runs
    from ..report import judgement as told
    from ..report.annotations import as_annotations
    from ..report.badge import as_badge

    tolerances = Tolerances(
        privacy=privacy, utility=utility, rank_1=rank_1, match=match, copies=copies, patients=patients
    )
    folders = arguments.run_folders(runs)
    try:
        before = read_baseline(baseline)
    except PrivbenchError as error:  # whoever reads the outputs has to hear of it, too
        judgement = Judgement((), (str(error),), ())
    else:
        judgement = judge_runs(folders, before, tolerances)
    for line, style in told.as_lines(judgement):
        say(line, style)
    for line in as_annotations(judgement, baseline.as_posix()) if annotate else ():
        typer.echo(line)
    if json is not None:
        write_text(json, told.as_json(judgement))
    if junit is not None:
        write_text(junit, told.as_junit(judgement))
    if badge is not None:
        write_text(badge, as_badge(judgement))
    if summary is not None:
        summary.parent.mkdir(parents=True, exist_ok=True)
        with summary.open("a", encoding="utf-8") as file:
            file.write(told.as_markdown(judgement))
    raise typer.Exit(EXIT_CODES[judgement.verdict])
