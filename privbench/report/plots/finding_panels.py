"""Utility by finding: a small plot a finding, a line a run."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import FigureBase

from ...record.utility import FindingResult
from .style import GUESS, Series, shortened

COLUMNS = 3
_LINE = 0.105  # inches a run
_FRAME = 0.34  # inches a panel, for its title


def height_of(findings: int, runs: int) -> float:
    """The height in inches that the plots need."""
    return -(-findings // COLUMNS) * (_FRAME + _LINE * (runs + 0.6)) + 0.45


def names_of_findings(runs: Sequence[Sequence[FindingResult]]) -> list[str]:
    """The findings that have an AUC in any of the runs, in the order in which they come."""
    return list(dict.fromkeys(finding.name for run in runs for finding in run if finding.auc is not None))


def draw_findings(
    figure: FigureBase, series: Sequence[Series], runs: Sequence[Sequence[FindingResult]], names: Sequence[str]
) -> None:
    """One panel for each of the names; points are AUCs, bars their intervals where there are any."""
    lines = -(-len(names) // COLUMNS)
    panels = figure.subplots(lines, COLUMNS, sharex=True, squeeze=False).ravel()
    for place, (axes, name) in enumerate(zip(panels, names, strict=False)):
        for row, (one, findings) in enumerate(zip(series, runs, strict=True)):
            for finding in (f for f in findings if f.name == name and f.auc is not None):
                if finding.interval is not None:
                    axes.plot([finding.interval.low, finding.interval.high], [row, row], color=one.color, linewidth=1)
                axes.plot(
                    [finding.auc], [row], linestyle="", gid=f"{one.mark}-{place}", **one.point | {"markersize": 4}
                )
        axes.axvline(0.5, **GUESS)
        axes.set_title(shortened(name, 24).replace("_", " "), fontsize=8, loc="left", pad=3)
        axes.set(ylim=(len(series) - 0.4, -0.6), xlim=(-0.06, 1.06), yticks=[])
        axes.set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
        axes.spines["left"].set_visible(False)
        axes.tick_params(labelsize=7.5, labelbottom=place + COLUMNS >= len(names))
    for axes in panels[len(names) :]:
        axes.set_visible(False)
    figure.supxlabel("AUC of the classifier (more useful →)", fontsize=9)
