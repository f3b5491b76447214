"""Searches of a whole gallery for the patient of a probe: who stands first, how sure that is, and when it is believed.

A search is kept as one row a probe: how many mates it has in the gallery, whether the best match is one of them, how
alike that match is, and by how much it leads the best match that is another patient's.
"""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd

COLUMNS = ["probe", "mates", "found", "score", "lead"]

Evidence = Literal["score", "lead"]
"""What a name may be given on: how alike the best match is, or how far it leads the next patient's."""
EVIDENCE: tuple[Evidence, ...] = ("score", "lead")


def search_gallery(
    similarity: np.ndarray,
    patients: np.ndarray,
    rng: np.random.Generator,
    visits: np.ndarray | None = None,
    probes: np.ndarray | None = None,
    aside: np.ndarray | None = None,
) -> pd.DataFrame:
    """One row a probe, in their order; no row where the gallery holds nothing but the probe's visit.

    Row i of probes and references is the same radiograph, which is never compared with itself, nor with one of the
    same visit; where no visits are given, each is one. Who holds the very image that a release was made of, or one that
    was taken beside it, is another attacker than who holds another visit of the patient. The first of
    equal matches is drawn. A probe without mates is searched for, too: its best match is always a wrong one. Where the
    gallery holds nobody else, nothing is led. References that are `aside` of a probe are not compared with it either.

    A large gallery is searched for some probes at a time: `probes` are the rows whose similarity is given, all in their
    order by default.

    Shape: similarity (n, N), n the probes; patients and visits (N,); aside (n, N), bool.
    """
    rows = []
    every = np.arange(len(patients))
    taken = every if visits is None else visits
    for place, (probe, given) in enumerate(zip(every if probes is None else probes, similarity, strict=True)):
        left_out = taken == taken[probe]
        if aside is not None:
            left_out |= aside[place]
        if left_out.all():
            continue
        scores = given.astype(np.float64)
        scores[left_out] = -np.inf
        best = scores.max()
        first = rng.choice(np.flatnonzero(scores == best))
        next_best = scores[patients != patients[first]].max(initial=-np.inf)
        lead = best - next_best if next_best > -np.inf else 0.0
        own = patients == patients[probe]
        rows.append((probe, (own & ~left_out).sum(), own[first], best, lead))
    return pd.DataFrame(rows, columns=COLUMNS).astype({"mates": np.int64, "found": bool, "score": float, "lead": float})


class Rule(NamedTuple):
    """A name is given where that evidence of a search reaches the threshold; where it is infinite, none ever is."""

    evidence: Evidence
    threshold: float

    def names(self, searches: pd.DataFrame) -> np.ndarray:
        """Of each search, whether a name is given. Shape: (n,), bool."""
        return np.asarray(searches[self.evidence] >= self.threshold)


def choose_rule(searches: pd.DataFrame, precision: float, fewest: int) -> Rule | None:
    """The rule of a careful attacker: who is named by it is the right patient in that share of the searches.

    Every patient counts alike there, however many searches are his. Of both kinds of evidence the one that names more
    patients rightly. None where too few patients have mates.

    Args:
        searches: what `search_gallery` returns, and the column patient: the probes' patients.
        precision: the share.
        fewest: as many patients have to be named rightly.
    """
    if searches.loc[searches["mates"] > 0, "patient"].nunique() < fewest:
        return None
    found, patient = searches["found"].to_numpy(bool), searches["patient"].to_numpy()
    rules = [
        Rule(one, threshold_at_precision(found, searches[one].to_numpy(float), patient, precision, fewest))
        for one in EVIDENCE
    ]
    return max(rules, key=lambda rule: len(np.unique(patient[found & rule.names(searches)])))


def threshold_at_precision(
    found: np.ndarray, evidence: np.ndarray, patient: np.ndarray, precision: float, fewest: int
) -> float:
    """The lowest threshold from which on that share of the searches found the patient; infinite where there is none.

    Each search weighs one over the number of its patient's, because those of one patient succeed or fail together: one
    who is found in 80 images shows no more than that he is found. So many patients have to be found from there on:
    fewer may all be found by chance.

    Shape: found (n,), bool; evidence (n,), larger for the surer; patient (n,), the probes' patients.
    """
    order = np.argsort(-evidence, kind="stable")
    ends = np.flatnonzero(np.append(np.diff(evidence[order]) != 0, True))  # equal evidence is believed together
    right = found[order]
    _, owner, searches = np.unique(patient[order], return_inverse=True, return_counts=True)
    weight = 1 / searches[owner]
    hits = np.flatnonzero(right)
    firsts = np.sort(hits[np.unique(owner[hits], return_index=True)[1]])
    patients = np.searchsorted(firsts, ends, side="right")
    precise = np.cumsum(weight * right)[ends] >= precision * np.cumsum(weight)[ends] - 1e-9
    enough = precise & (patients >= fewest)
    return float(evidence[order][ends[enough][-1]]) if enough.any() else math.inf
