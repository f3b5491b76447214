"""Does a release come nearer to patients whom its generator learnt from than to others? Pure functions of likeness.

Each released image is nearest to one patient of a gallery of both. Were nothing remembered, members and outsiders
would be exchangeable, and each as likely to be that patient, however many there are of either (the two-sample view of
Meehan, Chaudhuri & Dasgupta 2020, "A non-parametric test to detect data-copying", with patients for images). A patient
of many images is nearer to everything, so patients are compared with those of as many images alone.
"""

from __future__ import annotations

import numpy as np
from scipy import stats

from .bootstrap import Statistic
from .roc import Sample, weighted_auc

CERTAIN = 0.995
"""A likeness from which on two images are one; what is beyond is rounding."""


def strata_of(images: np.ndarray) -> np.ndarray:
    """Who is compared with whom: patients of 1, 2, 3 to 4, 5 to 8 … images. Shape: (n,), int from 1, to (n,), int."""
    return np.ceil(np.log2(images)).astype(np.int64)


def share_of_members(
    nearest: np.ndarray, patients: np.ndarray, members: np.ndarray, stratum: np.ndarray, unit: np.ndarray
) -> Statistic:
    """How often a member is the nearest patient, set beside how often an outsider is, a patient each; 0.5 is chance.

    It is a / (a + b), of the released images that are nearest to a member (a) and to an outsider (b) per patient of
    that kind; so unequal numbers of both do no harm. Strata that lack one kind are passed over. The gallery is held
    fixed: patients are drawn with the images that are nearest to them, which holds the chance of both.

    Shape: of each cell, patients of one kind and stratum that are drawn together: nearest (n,), released images that
    are nearest to them; patients (n,), how many they are; members (n,), bool; stratum (n,), int; unit (n,), rows of
    the weights. Values (B,), NaN where no image is nearest to anybody.
    """

    def statistic(weights: np.ndarray) -> np.ndarray:
        sides = [np.zeros(weights.shape[1]), np.zeros(weights.shape[1])]
        for part in np.unique(stratum):
            rows = [np.flatnonzero((stratum == part) & (members == kind)) for kind in (True, False)]
            drawn = [weights[unit[one]].astype(np.float64) for one in rows]
            count = [patients[one] @ own for one, own in zip(rows, drawn, strict=True)]
            near = [nearest[one] @ own for one, own in zip(rows, drawn, strict=True)]
            both = np.maximum(count[0] + count[1], 1e-9)
            sides[0] += near[0] * count[1] / both
            sides[1] += near[1] * count[0] / both
        with np.errstate(invalid="ignore"):
            return np.asarray(sides[0] / (sides[0] + sides[1]))

    return statistic


def auc_within(members: np.ndarray, scores: np.ndarray, stratum: np.ndarray, unit: np.ndarray) -> Statistic:
    """The AUC of telling members from outsiders of the same stratum, a mean over strata; 0.5 is chance.

    A stratum weighs as its two kinds of patients together tell: the product of their numbers over the sum.

    Shape: members (n,), bool; scores, stratum and unit (n,), of a patient each. Values (B,), NaN where no stratum has
    weight of both kinds.
    """

    def statistic(weights: np.ndarray) -> np.ndarray:
        total, weight = np.zeros(weights.shape[1]), np.zeros(weights.shape[1])
        for part in np.unique(stratum):
            rows = [(stratum == part) & (members == kind) for kind in (True, False)]
            if not all(one.any() for one in rows):
                continue
            sides = [Sample(scores[one], unit[one], weights) for one in rows]
            one, other = (side.total().astype(np.float64) for side in sides)
            told = one * other > 0
            own = np.where(told, one * other / np.maximum(one + other, 1e-9), 0)
            total += own * np.where(told, weighted_auc(*sides), 0)
            weight += own
        with np.errstate(invalid="ignore"):
            return np.asarray(total / weight)

    return statistic


def p_of_members(hit: np.ndarray, members: np.ndarray, stratum: np.ndarray) -> float:
    """The chance of so many members among those who are hit, were members and outsiders exchangeable; one-sided.

    The exact conditional test of stratified tables (Fisher 1935, Gart 1970): given how many of each stratum are hit,
    the members among them are hypergeometric, and their sum over strata is looked at. However many images leave
    everybody alone, it stays the same.

    Shape: of each patient hit and members (n,), bool; stratum (n,), int. Returns 0 to 1; 1 where nobody is hit.
    """
    chance = np.ones(1)
    for part in np.unique(stratum):
        rows = stratum == part
        ours, drawn = int(members[rows].sum()), int(hit[rows].sum())
        among = np.arange(min(ours, drawn) + 1)
        chance = np.convolve(chance, stats.hypergeom.pmf(among, int(rows.sum()), ours, drawn))
    return float(min(1.0, chance[int((hit & members).sum()) :].sum()))


def beyond_difficulty(nearness: np.ndarray, difficulty: np.ndarray, known: np.ndarray) -> np.ndarray:
    """How much nearer a release comes to images than it does to images as common as they are.

    A radiograph that is like many others is near to any release (Chen et al. 2020, "GAN-Leaks", calibrate by another
    generator; here other patients' originals take its place). What follows from that is learnt, as a line, from images
    that are known not to be of members.

    Shape: nearness (N,), likeness to the nearest released image; difficulty (N,), to the nearest reference original of
    another patient, both 0 to 1; known (N,), bool. Returns (N,), differences of Fisher's z.
    """
    near, common = (np.arctanh(np.clip(one.astype(np.float64), 0, CERTAIN)) for one in (nearness, difficulty))
    centred = common[known] - common[known].mean() if known.any() else np.zeros(0)
    spread = float(np.square(centred).sum())
    slope = float(centred @ near[known] / spread) if spread > 0 else 0.0
    return np.asarray(near - slope * common)
