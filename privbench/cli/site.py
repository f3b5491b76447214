"""`privbench site`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .formats import say

EPILOG = "Exit status: 0 every entry holds, 1 one does not, and the pages are left as they were."


def command(
    leaderboard: Annotated[Path, typer.Argument(help="The folder of the leaderboard.")] = Path("leaderboard"),
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="The pages' folder; else site in that of the leaderboard.")
    ] = None,
) -> None:
    """Verify every entry of a leaderboard anew from its scores, and build the leaderboard's pages."""
    from datetime import UTC, datetime

    from ..judging.submissions import check_submissions
    from ..record.submission import SITE
    from ..report.page.build import PAGE
    from ..report.site.build import build_site

    checked = check_submissions(leaderboard, datetime.now(UTC).date())
    for place, wrong in checked.faults.items():
        say(f"{leaderboard / place}: {wrong[0]}", "bold red")
        for problem in wrong[1:]:
            say(f"  and {problem}")
    if checked.faults:
        say(f"{len(checked.faults)} refused, {len(checked.listed)} hold; no page was written.", "bold red")
        raise typer.Exit(1)
    for one in checked.listed:
        if one.unverified is not None:
            say(f"{leaderboard / one.place}: {one.unverified}", "yellow")
    pages = out or leaderboard / SITE
    for section in build_site(checked.listed, pages):
        say(f"{section.title}, fingerprint {section.fingerprint[:12]}: {section.about}")
    say(f"{pages / PAGE}")
