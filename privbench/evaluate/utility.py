"""What the release is still good for: how well every task reads findings in every mode, against originals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from ..base.errors import PrivbenchError
from ..metrics.intervals import holm
from ..protocols.kinds import CONTROL
from ..protocols.modes import MODES, Mode
from ..protocols.schema import Protocol
from ..record.estimates import Estimate
from ..record.names import AUC, MEAN_AUC, FigureName, Subject
from ..record.utility import Change, UtilityResult
from ..record.values import Interval
from .groups import Reader, group_results
from .measurements import MeanFigure, counts_of, tells_trainings
from .resampling import Resampling, certain, image_wise_interval


def utility_results(
    scores: pd.DataFrame, protocol: Protocol, versions: Mapping[str, str], resampling: Resampling
) -> tuple[list[UtilityResult], dict[FigureName, Estimate]]:
    """One result a task and mode, in the protocol's order, and the estimates behind them.

    Args:
        scores: one row a task, mode (or CONTROL), seed, split, image and class whose label is known.
        protocol: what they were made under.
        versions: the plugin's version of each task, by its name in the protocol.
        resampling: the draws of the test patients.
    """
    results: list[UtilityResult] = []
    estimates: dict[FigureName, Estimate] = {}
    parts = dict(iter(scores.groupby(["task", "mode"], sort=False)))
    for label, section in protocol.utilities.items():
        original = parts.get((label, CONTROL))
        control = None if original is None else Reader.of(original, resampling)
        for mode in section.modes:
            if (rows := parts.get((label, mode))) is not None:
                reader = Reader.of(rows, resampling)
                result, own = _result(label, mode, reader, control, protocol, versions[label], resampling)
                results.append(result)
                estimates |= {_named(result.label, finding): estimate for finding, estimate in own.items()}
    return results, estimates


def _result(
    label: str,
    mode: Mode,
    reader: Reader,
    control: Reader | None,
    protocol: Protocol,
    version: str,
    resampling: Resampling,
) -> tuple[UtilityResult, dict[str | None, Estimate]]:
    """One task in one mode, and the estimates behind its AUCs by finding; that of the mean is under None."""
    known = {name: finding for name, finding in reader.findings.items() if finding.aucs is not None}
    if not known:
        raise PrivbenchError(
            "No finding is both present and absent among the test images, so utility cannot be judged: "
            "use a test split with ill and healthy patients."
        )
    few = [name for name, finding in known.items() if not finding.frequent]
    mean_over = [name for name in known if name not in few] or list(known)
    figures = _figures(reader, mean_over, resampling)
    originals = {} if control is None else _figures(control, mean_over, resampling)
    changes = {
        name: figure.change(originals[name], mode, protocol.statistics)
        for name, figure in figures.items()
        if name in originals
    }
    of_findings = _corrected({name: changes[name] for name in known if name in changes})
    mean = figures[None]
    aucs = list(mean.trainings.values())
    groups, gaps = group_results(reader, control, mode, protocol, resampling)
    result = UtilityResult(
        name=label,
        task=protocol.utilities[label].task,
        version=version,
        mode=mode,
        train=MODES[mode].train,
        test=MODES[mode].test,
        mean_auc=mean.estimate.value,
        interval=certain(mean.estimate.interval(protocol.statistics)),
        image_wise_interval=_image_wise(reader, mean_over, protocol),
        seed_std=float(np.std(aucs, ddof=1)) if len(aucs) > 1 else None,
        seed_aucs=aucs,
        mean_over=mean_over,
        few=few,
        left_out=[name for name in reader.findings if name not in known],
        findings=[reader.result(name, protocol, resampling, of_findings.get(name)) for name in reader.findings],
        groups=groups,
        gaps=gaps,
        counts=counts_of(reader.rows, resampling)[0],
        original=originals[None].estimate.value if originals else None,
        change=changes.get(None),
        lost=_lost(of_findings, protocol.statistics.confidence)
        if originals and tells_trainings(mode, len(aucs))
        else None,
    )
    return result, {name: figure.estimate for name, figure in figures.items()}


def _named(label: str, finding: str | None) -> FigureName:
    return FigureName(Subject.UTILITY, label, MEAN_AUC if finding is None else AUC, finding)


def _figures(reader: Reader, mean_over: Sequence[str], resampling: Resampling) -> dict[str | None, MeanFigure]:
    """The AUC of every finding, by its name; their mean is under None, and comes first."""
    effective = counts_of(reader.rows, resampling)[1]
    mean = MeanFigure.of(reader.mean_auc(mean_over), reader.seeds, effective)
    return {None: mean} | {
        name: MeanFigure.of(finding.aucs, reader.seeds, finding.effective)
        for name, finding in reader.findings.items()
        if finding.aucs is not None
    }


def _corrected(changes: Mapping[str, Change]) -> dict[str, Change]:
    """With p-values that stand for the number of findings."""
    known = {name: change.p_value for name, change in changes.items() if change.p_value is not None}
    corrected = dict(zip(known, holm(list(known.values())), strict=True))
    return {name: change.model_copy(update={"p_value": corrected.get(name)}) for name, change in changes.items()}


def _lost(changes: Mapping[str, Change], confidence: float) -> list[str]:
    """The findings that are surely read worse than by the control, the worst first."""
    worse = [
        name
        for name, change in changes.items()
        if change.value < 0 and change.p_value is not None and change.p_value < 1 - confidence
    ]
    return sorted(worse, key=lambda name: changes[name].value)


def _image_wise(reader: Reader, names: Sequence[str], protocol: Protocol) -> Interval | None:
    """Of the mean over the findings and trainings; None where a label is unknown, which leaves no images to draw."""
    findings = [reader.findings[name] for name in names]
    if any(len(finding.present) < reader.rows["image"].nunique() for finding in findings):
        return None
    labels = np.stack([finding.present for finding in findings for _ in reader.seeds], axis=1)
    return image_wise_interval(labels, np.concatenate([finding.scores for finding in findings]).T, protocol)
