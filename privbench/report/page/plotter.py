"""The plots of the page: drawn once, as a part of the page and as files for a paper."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
from markupsafe import Markup

from ...judging.ranking import Standing
from ..figures import interval_text
from ..plots import cmc, finding_panels, roc_det
from ..plots.budget_curves import draw_budget
from ..plots.canvas import Canvas, new_canvas, render
from ..plots.curves import are_joined, curves_of
from ..plots.style import Series, plot_style
from ..plots.tradeoff import HEIGHT, draw_tradeoff
from ..plots.training_curves import draw_training
from .runs import ReportedRun, budget_points, linkage_of, ranking_of
from .svg import Mark, inline, swatch

FOLDER = "plots"


@dataclass(frozen=True)
class Plot:
    """A plot on the page; `key` are the swatches and the names of its series, `files` the pictures for a paper."""

    name: str
    title: str
    alt: str
    note: str
    svg: Markup
    files: Mapping[str, str]
    key: Sequence[tuple[Markup, str]] = field(default=())


class Plotter:
    """Draws plots into the folder of a report."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        (folder / FOLDER).mkdir()

    def tradeoff(
        self,
        series: Sequence[Series],
        standings: Sequence[Standing],
        slug: str,
        names: Sequence[str] | None = None,
    ) -> Plot:
        """Privacy against utility of the runs of a board.

        Args:
            series: how they are drawn, and what they are called.
            standings: theirs.
            slug: what the names of the plot's files begin with.
            names: of their methods, where these are not the anonymizers'.
        """
        curves = curves_of(series, standings, names)
        labels = ["" if names is None else one.entry.record.label for one in standings]  # which setting of the method
        called = {
            one.entry.folder: f"{own.name}, {label}" if label else own.name
            for one, own, label in zip(standings, series, labels, strict=True)
        }
        marks = {
            own.mark: Mark(
                own.name,
                f"{label}; {figures_of(one, called)}" if label else figures_of(one, called),
                focusable=True,
                certified=own.certified,
            )
            for own, one, label in zip(series, standings, labels, strict=True)
        }
        with plot_style():
            canvas = new_canvas(HEIGHT, [curve.series for curve in curves])
            draw_tradeoff(canvas.plots.subplots(), curves, standings)
            return self.publish(
                canvas, f"{slug}-tradeoff", "Trade-off",
                alt="One point a run, with intervals: worst-case verification AUC against the mean AUC of findings. "
                "All figures stand in the leaderboard.",
                note="Better methods lie towards the top right. "
                + ("Lines join the settings of a method from weak to strong, in a colour of its own; grey: one other "
                   "run is surely better in both. " if are_joined(curves) else "")
                + "Dashed: the Pareto front of the point estimates of certified runs; dotted: a guess; hollow: not "
                "proven, so its place says nothing.",
                marks=marks,
            )  # fmt: skip

    def verification(self, runs: Sequence[ReportedRun], slug: str) -> list[Plot]:
        """ROC and DET curves of the worst-case attacks."""
        series = [run.series for run in runs]
        curves = [roc_det.false_non_match_rates(linkage_of(run)) for run in runs]
        marks = {run.series.mark: Mark(run.name, f"AUC {run.attack.verification_auc:.3f}") for run in runs}
        alt = (
            "{} of the worst-case attack of each run on test pairs, {}. The figures stand in the table of verification."
        )
        note = "Worst-case attack of each run on test pairs, mean over its trainings; dotted: a guess."
        plots = []
        with plot_style():
            for name, title, draw, axes in (
                ("roc", "ROC", roc_det.draw_roc, "true against false match rate"),
                ("det", "DET", roc_det.draw_det, "false non-match against false match rate on probit scales"),
            ):
                canvas = new_canvas(HEIGHT + 0.4, series, lines=True)
                draw(canvas.plots.subplots(), series, curves)
                told = alt.format(f"{title} curves", axes)
                plots.append(self.publish(canvas, f"{slug}-{name}", f"{title} curves", told, note, marks))
        return plots

    def retrieval(self, runs: Sequence[ReportedRun], slug: str) -> Plot | None:
        """CMC curves of the worst-case attacks; None where none of them ranks a gallery."""
        ranked = [(run, ranks) for run in runs if (ranks := ranking_of(run)) is not None]
        if not ranked:
            return None
        series = [run.series for run, _ in ranked]
        places = [cmc.ranks_of(int(ranks["strangers"].max())) for _, ranks in ranked]
        curves = [(at, cmc.match_rates(ranks, at)) for at, (_, ranks) in zip(places, ranked, strict=True)]
        guess = cmc.guessed_rates(ranked[-1][1], places[-1])
        marks = {
            run.series.mark: Mark(run.name, f"rank 1 {rates[0]:.3f}")
            for (run, _), (_, rates) in zip(ranked, curves, strict=True)
        }
        with plot_style():
            canvas = new_canvas(3.4, series, lines=True)
            cmc.draw_cmc(canvas.plots.subplots(), series, curves, guess)
            return self.publish(
                canvas, f"{slug}-cmc", "CMC curves",
                "Cumulative match curves of the worst-case attack of each run: the share of probes with an image of "
                "the same patient among the k most similar. The figures stand in the table of retrieval.",
                "Every test image against all others, mean over the attack's trainings; dotted: a guess.",
                marks,
            )  # fmt: skip

    def findings(self, runs: Sequence[ReportedRun], names: Sequence[str], slug: str) -> Plot:
        """Utility by finding."""
        series = [run.series for run in runs]
        headlines = [run.record.utilities[0] for run in runs]
        told, label = [one.findings for one in headlines], headlines[0].label
        marks = {
            f"{run.series.mark}-{place}": Mark(run.name, f"{name} {finding.auc:.3f}")
            for place, name in enumerate(names)
            for run, findings in zip(runs, told, strict=True)
            for finding in findings
            if finding.name == name and finding.auc is not None
        }
        with plot_style():
            canvas = new_canvas(finding_panels.height_of(len(names), len(series)), series)
            finding_panels.draw_findings(canvas.plots, series, told, names)
            return self.publish(
                canvas, f"{slug}-findings", f"Utility by finding: {label}",
                f"AUC of each finding and run, {label}, with intervals. The figures stand in the table below.",
                "Runs from top to bottom as in the leaderboard; bars are intervals, missing where too few patients "
                "have the finding; dotted: a guess.",
                marks,
            )  # fmt: skip

    def budget(self, run: ReportedRun) -> Plot | None:
        """Budget curves of a run; None where it has none."""
        frame = budget_points(run)
        if frame is None:
            return None
        with plot_style():
            return self.publish(
                draw_budget(frame), f"{run.slug}-budget", f"Budget of the attacker: {run.name}",
                "Verification AUC against the attacker's means. The figures stand in the table below.",
                "Vertical dotted line: the run's own budget; hollow: the curve was still rising, so a richer attacker "
                "would do better.",
            )  # fmt: skip

    def training(self, curves: pd.DataFrame, name: str, whose: str) -> Plot | None:
        """The training curves of a run, or those that all runs share; None where nothing was trained."""
        if not len(curves):
            return None
        with plot_style():
            return self.publish(
                draw_training(curves),
                f"{name}-training",
                f"Training curves: {whose}",
                "The loss of every training by epoch, on training and on validation images.",
                "Solid and filled: training images; dashed and hollow: validation images.",
                dpi=130,
            )

    def publish(
        self,
        canvas: Canvas,
        name: str,
        title: str,
        alt: str,
        note: str,
        marks: Mapping[str, Mark] | None = None,
        dpi: int = 200,
    ) -> Plot:
        """Writes a figure that was drawn into files of that name, and returns it as a part of the page."""
        files = {kind.upper(): f"{FOLDER}/{name}.{kind}" for kind in ("svg", "png")}
        svg = render(canvas.whole, "svg")
        canvas.whole.set_layout_engine("none")  # laid out by now; once more would take as long again
        (self._folder / files["SVG"]).write_bytes(svg)
        (self._folder / files["PNG"]).write_bytes(render(canvas.whole, "png", dpi))
        key = [(swatch(one, canvas.lines), one.name) for one in canvas.series]
        return Plot(name, title, alt, note, inline(svg, name, canvas.height, alt, marks or {}), files, key)


def figures_of(standing: Standing, called: Mapping[Path, str]) -> str:
    """What is said of a point: its figures with their intervals, and whether they may be believed.

    `called` names the runs of the board by their folders.
    """
    record = standing.entry.record
    worst = record.judged
    parts = [f"privacy {interval_text(worst.verification_auc, worst.interval)} by {worst.label}"]
    parts += [f"utility {interval_text(one.mean_auc, one.interval)}" for one in record.utilities[:1]]
    if standing.on_front is not None:
        parts.append(f"on the Pareto front in {standing.on_front:.0%} of resamples")
    if standing.dominated_by is not None:
        parts.append(f"surely beaten in both by {called[standing.dominated_by.folder]}")
    if not record.certified:
        parts.append(f"not proven: {worst.standing}")
    return "; ".join(parts)
