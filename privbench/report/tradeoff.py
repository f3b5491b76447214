"""The privacy–utility plot (PriCheXy-Net paper, Fig. 2), with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backend_bases import FigureCanvasBase
from matplotlib.figure import Figure

from ..base.errors import PrivbenchError
from ..judging.ranking import Board, Standing, on_front
from ..record.values import Interval
from .leaderboard import NEVER_ON_FRONT

# Distinct in colour, in grey and in shape.
_MARKERS = "osD^vP*X<>"


def draw_tradeoff(boards: Sequence[Board], path: Path) -> None:
    """Draws a panel for each fingerprint; better methods lie towards the top right. The ending names the format."""
    known = FigureCanvasBase.get_supported_filetypes()
    if path.suffix.removeprefix(".") not in known:
        raise PrivbenchError(
            f"{path} is no picture that can be drawn: end its name in one of {', '.join(sorted(known))}."
        )
    figure = Figure(figsize=(7.6, 5.0 * len(boards)), layout="constrained")
    panels = figure.subplots(len(boards), 1, squeeze=False)[:, 0]
    for axis, board in zip(panels, boards, strict=True):
        _panel(axis, board.standings)
        first = board.records[0]
        data = first.protocol["data"]
        told_apart = f" ({board.fingerprint[:12]})" if len(boards) > 1 else ""
        axis.set_title(f"{data['dataset']} {data['size']} px, {first.protocol['name']}{told_apart}", fontsize=10)
    figure.savefig(path, dpi=130)


def front_line(standings: Sequence[Standing]) -> tuple[list[float], list[float]]:
    """The Pareto front as steps: utility and the worst-case AUC of the runs on it, certified ones alone."""
    ranked = [one.entry.record for one in standings if one.on_front is not None]
    attacked = np.array([run.worst_case.verification_auc for run in ranked])
    useful = np.array([run.utility.mean_auc for run in ranked])
    kept = on_front(attacked, useful)
    front = sorted(zip(useful[kept].tolist(), attacked[kept].tolist(), strict=True))
    steps = [point for now, after in pairwise(front) for point in (now, (now[0], after[1]))] + front[-1:]
    return [x for x, _ in steps], [y for _, y in steps]


def _panel(axis: Axes, standings: Sequence[Standing]) -> None:
    runs = [one.entry.record for one in standings]
    axis.plot(*front_line(standings), color="0.55", linewidth=1.2, zorder=1, label="Pareto front")
    for number, (run, standing) in enumerate(zip(runs, standings, strict=True)):
        utility, privacy = run.utility, run.worst_case
        never = standing.on_front is not None and standing.on_front <= NEVER_ON_FRONT
        axis.errorbar(
            utility.mean_auc,
            privacy.verification_auc,
            xerr=_arms(utility.mean_auc, utility.interval),
            yerr=_arms(privacy.verification_auc, privacy.interval),
            fmt=_MARKERS[number % len(_MARKERS)],
            color=f"C{number % 10}",
            # Hollow, because its place says nothing: the attack behind it is not proven to be trained.
            markerfacecolor=f"C{number % 10}" if run.certified else "none",
            alpha=0.55 if never else 1.0,
            capsize=2.5,
            elinewidth=1,
            markersize=7,
            label=run.label if run.certified else f"{run.label} (attack {run.worst_case.verdict})",
        )
    axis.axhline(0.5, color="0.6", linewidth=0.8, linestyle=":")
    axis.axvline(0.5, color="0.6", linewidth=0.8, linestyle=":")
    axis.set_ylim(1.0, min(0.45, *(run.worst_case.interval.low - 0.02 for run in runs)))  # upwards is more private
    axis.set_xlim(min(0.45, *(run.utility.interval.low - 0.02 for run in runs)), 1.0)
    axis.set_xlabel(f"utility: mean AUC, {runs[0].utility.label} →")
    axis.set_ylabel("privacy: worst-case verification AUC (axis inverted) →")
    axis.grid(alpha=0.25)
    axis.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), fontsize="small", frameon=False)


def _arms(value: float, interval: Interval) -> list[list[float]]:
    """The lengths of the error bars; a percentile interval need not hold the estimate, a bar cannot be negative."""
    return [[max(0.0, value - interval.low)], [max(0.0, interval.high - value)]]
