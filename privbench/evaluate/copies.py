"""Whose radiographs a release publishes, and what it memorized, from the likeness of its images to originals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from ..metrics import bootstrap
from ..metrics.memorization import CERTAIN
from ..protocols.kinds import Kind
from ..protocols.schema import Protocol, StatisticsSection
from ..record import names
from ..record.copies import ControlledRate, CopiesResult, CopyRate
from ..record.estimates import Estimate
from ..record.names import FigureName
from ..record.scores import OTHER_PATIENT, OWN_IMAGE, OWN_PATIENT
from ..record.utility import Change
from .measurements import counts_of
from .resampling import Resampling, estimate_of

_DOUBLED = 0.01
"""The share of originals that may have a copy in the data, as data that are read may: they are left out of account."""
_MARGIN = 0.1
"""Of Fisher's z, by which a copy is more alike to its original than different images are."""
_TIE = 0.002
"""Likeness by which an image's own original may fall short of another one, and still is what it copies."""


class Threshold(NamedTuple):
    """How alike different images are, but for a hundredth, and how alike copies are at least; 0 to 1."""

    different: float
    copies: float


def threshold(likeness: np.ndarray) -> Threshold:
    """From when on an image is a copy, by how alike originals are to the most alike other one. Shape: (n,), 0 to 1.

    More alike, by a margin on the scale on which correlations spread evenly, than the most alike originals but for the
    hundredth that may be copies themselves.
    """
    different = float(np.quantile(likeness, 1 - _DOUBLED, method="lower"))
    copies = np.tanh(np.arctanh(min(different, CERTAIN)) + _MARGIN)
    return Threshold(different, float(min(copies, CERTAIN)))


def copies_result(
    scores: pd.DataFrame, protocol: Protocol, resampling: Resampling
) -> tuple[CopiesResult | None, dict[FigureName, Estimate]]:
    """Whose radiographs the released test images are, and the estimates behind it; None where nobody looked.

    Args:
        scores: of each test image, released and original, the most alike original of each split.
        protocol: what they were made under.
        resampling: the draws of the test patients.
    """
    if scores.empty:
        return None, {}
    scores = scores.sort_values(["image", "split"], kind="stable")
    released, originals = (scores[scores["shown"] == kind] for kind in (Kind.ANONYMIZED, Kind.ORIGINAL))
    nearest, different = _nearest(released), _nearest(originals)
    told = threshold(different["likeness"].to_numpy(float))
    # How alike originals are is told by all of them, and what is alike without a release by those that are released.
    originals, different = (rows[rows["image"].isin(nearest["image"])] for rows in (originals, different))
    from_training = [rows[rows["split"] == "train"] for rows in (released, originals)]
    counts, effective = counts_of(nearest, resampling)
    mean = _Shares(resampling, resampling.rows(nearest["patient"].to_numpy()), effective, told.copies)
    own, own_patient, others = (mean.of(nearest, one) for one in (OWN_IMAGE, OWN_PATIENT, OTHER_PATIENT))
    controls = mean.of(different, OTHER_PATIENT), mean.of(from_training[1], OTHER_PATIENT)
    training = mean.of(from_training[0], OTHER_PATIENT)
    handed_out = nearest[_copied(nearest, told.copies, OTHER_PATIENT)]
    held = released.drop_duplicates("split")
    statistics = protocol.statistics
    result = CopiesResult(
        split="test",
        counts=counts,
        originals=int(held["originals"].sum()),
        original_patients=int(held["original_patients"].sum()),
        different=told.different,
        threshold=told.copies,
        own=CopyRate(**own.told(statistics)),
        own_patient=CopyRate(**own_patient.told(statistics)),
        others=ControlledRate(**others.told(statistics), **others.beside(controls[0], statistics)),
        training=ControlledRate(**training.told(statistics), **training.beside(controls[1], statistics)),
        patients_shown=handed_out["nearest_patient"].nunique(),
    )
    estimates = {names.OWN: own, names.OTHERS: others, names.TRAINING: training}
    return result, {names.copies_of(metric): one.estimate for metric, one in estimates.items()}


@dataclass(frozen=True)
class _CopyShare:
    """The share of images that are copies, and of those that are so to the bit."""

    estimate: Estimate
    exact: float

    def told(self, statistics: StatisticsSection) -> dict[str, Any]:
        """The fields of a CopyRate."""
        return {"share": self.estimate.value, "interval": self.estimate.interval(statistics), "exact": self.exact}

    def beside(self, control: _CopyShare, statistics: StatisticsSection) -> dict[str, Any]:
        """What a ControlledRate has beside them."""
        both = self.estimate.minus(control.estimate)
        change = Change(value=both.value, interval=both.interval(statistics), p_value=both.p_value())
        return {"control": control.estimate.value, "difference": change}


@dataclass(frozen=True)
class _Shares:
    """Makes shares of test images. Shape: patient (N,), of each image its row of the draws."""

    resampling: Resampling
    patient: np.ndarray
    effective: float
    threshold: float

    def of(self, rows: pd.DataFrame, relation: str) -> _CopyShare:
        """Of one row an image, sorted by image."""
        hits = _copied(rows, self.threshold, relation)
        applied = self.resampling.apply(bootstrap.mean(hits.astype(float), self.patient))
        return _CopyShare(estimate_of(applied, self.effective), float((hits & rows["exact"].to_numpy(bool)).mean()))


def _copied(rows: pd.DataFrame, limit: float, relation: str) -> np.ndarray:
    """Whether each row tells of a copy of such an original. Shape: (n,), bool."""
    alike = rows["exact"].to_numpy(bool) | (rows["likeness"].to_numpy(float) >= limit)
    return alike & (rows["relation"] == relation).to_numpy()


def _nearest(rows: pd.DataFrame) -> pd.DataFrame:
    """Of each image the row of the most alike original of all splits; its own where hardly one is more alike."""
    most = rows.groupby("image")["likeness"].transform("max")
    strange = ~((rows["relation"] == OWN_IMAGE) & (rows["likeness"] >= most - _TIE))
    ordered = rows.assign(strange=strange).sort_values(["image", "strange", "likeness"], ascending=[True, True, False])
    return ordered.drop_duplicates("image").drop(columns="strange")
