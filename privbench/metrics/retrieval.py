"""How high a patient's other images rank when a probe is compared with a whole gallery.

How high the very image ranks from which a probe was made is another question, of `rank_own`: it is about images.

A ranking is kept as one row a probe and mate (another image of the probe's patient): how many strangers' images
outrank that mate, and whose they are where they are one patient's (the rival). Every retrieval metric is a function of
these rows, for the whole gallery and for smaller ones.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.special import gammaln

COLUMNS = ["probe", "mate", "outranked_by", "strangers", "rival"]
NO_RIVAL = -1


def rank_mates(
    similarity: np.ndarray,
    probe_patients: np.ndarray,
    reference_patients: np.ndarray,
    rng: np.random.Generator,
    visits: np.ndarray | None = None,
    probes: np.ndarray | None = None,
    pictures: np.ndarray | None = None,
    aside: np.ndarray | None = None,
) -> pd.DataFrame:
    """One row a probe and mate, best mate first: rows of the two, how many of how many strangers outrank it, the rival.

    The rival is the patient of all those strangers' images, NO_RIVAL where they are several patients' or none.

    Row i of probes and references is the same radiograph, which is never compared with itself, nor with one of the
    same visit; where no visits are given, each is one. Equal scores are put in random order, so that a score that says
    nothing ranks like chance. Probes without a mate, or without a stranger, are left out.

    Where references are released files, of which one may stand for several radiographs, they are compared as files:
    none with itself, and each stands once among the others, as a mate where it shows the patient on another visit, too.

    References that are `aside` of a probe are not compared with it either.

    A large gallery is ranked some probes at a time: `probes` are the rows whose similarity is given, all in their order
    by default. As many calls with one generator rank as one call does.

    Shape: similarity (n, N), n the probes; the patients, visits and pictures (N,) each, int, the same where a file is;
    aside (n, N), bool.
    """
    every = np.arange(len(reference_patients))
    taken = every if visits is None else visits
    files = every if pictures is None else pictures
    shared = _of_several(files, reference_patients)
    parts = []
    for place, (probe, scores) in enumerate(zip(every if probes is None else probes, similarity, strict=True)):
        chance = rng.random(len(scores))
        there, own = (taken != taken[probe]) & (files != files[probe]), reference_patients == probe_patients[probe]
        if aside is not None:
            there &= ~aside[place]
        ranked = None
        if pictures is None:
            ranked = _ranked(scores, np.flatnonzero(own & there), np.flatnonzero(~own & there), reference_patients)
        if ranked is None:
            rows = np.flatnonzero(there)
            order = rows[np.lexsort((chance[rows], -scores[rows]))]
            order = order if pictures is None else _once_a_file(order, files, own)
            ranked = _counted(own[order], order, reference_patients[order], shared[order])
        if len(ranked.mate) and ranked.strangers:
            parts.append({name: np.broadcast_to(told, len(ranked.mate)) for name, told in ranked._asdict().items()})
            parts[-1]["probe"] = np.full(len(ranked.mate), probe)
    if not parts:
        return pd.DataFrame(columns=COLUMNS, dtype=np.int64)
    return pd.DataFrame({name: np.concatenate([part[name] for part in parts]) for name in COLUMNS})


class _Ranked(NamedTuple):
    """Of a probe its mates, best first; the strangers before each; the rival of each; and how many strangers there are.

    Shape: (mates,) each, int64.
    """

    mate: np.ndarray
    outranked_by: np.ndarray
    rival: np.ndarray
    strangers: int


def _ranked(scores: np.ndarray, mates: np.ndarray, strangers: np.ndarray, patients: np.ndarray) -> _Ranked | None:
    """By counting, which is many times as fast as sorting the gallery; None where equal scores have to be drawn.

    Shape: scores and patients (N,), of the references; rows of mates (m,) and strangers (s,).
    """
    own, others = scores[mates], scores[strangers]
    if not (len(own) and len(others)):
        nothing = np.zeros(0, np.int64)
        return _Ranked(nothing, nothing, nothing, len(others))
    ordered, whose = np.sort(others), patients[strangers]
    from_below, from_above = (np.searchsorted(ordered, own, side=side) for side in ("left", "right"))
    if (from_below < from_above).any() or len(np.unique(own)) < len(own):
        return None
    order = np.argsort(-own)
    before = len(others) - from_above[order]
    first = whose[others.argmax()]
    next_best = others[whose != first].max(initial=-np.inf)
    if (others[whose == first] == next_best).any():
        return None
    # As long as the strangers are one patient's, he alone stands before the mate.
    alone = len(others) - np.searchsorted(ordered, next_best, side="right")
    return _Ranked(mates[order], before, np.where((before > 0) & (before <= alone), first, NO_RIVAL), len(others))


def _counted(same: np.ndarray, order: np.ndarray, patients: np.ndarray, shared: np.ndarray) -> _Ranked:
    """By going through the gallery, best first. Shape: (n,) each: whose rows are mates, the rows, their patients, and
    whether they show several.
    """
    before, strangers = np.cumsum(~same)[same], patients[~same]
    alone = np.argmax(np.append((strangers != strangers[:1]) | shared[~same], True))
    rival = np.where((before > 0) & (before <= alone), strangers[:1].sum(), NO_RIVAL)
    return _Ranked(order[same], before, rival, len(strangers))


def _of_several(files: np.ndarray, patients: np.ndarray) -> np.ndarray:
    """Whether the file of each row shows several patients. Shape: (N,) each, to (N,), bool."""
    shown = np.unique(np.stack([files, patients]), axis=1)[0]
    return np.isin(files, shown[1:][shown[1:] == shown[:-1]])


def _once_a_file(order: np.ndarray, files: np.ndarray, own: np.ndarray) -> np.ndarray:
    """The first row of each file; of one that shows the probe's patient, the lowest that is his among them.

    Left out are files that show him on the probe's visit alone. Shape: order (n,), rows, best first; the others (N,).
    """
    first = order[np.sort(np.unique(files[order], return_index=True)[1])]
    for row in np.sort(order[own[order]])[::-1]:
        first[files[first] == files[row]] = row
    return first[own[first] | ~np.isin(files[first], files[own])]


def rank_own(similarity: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """How many other references are more alike to each probe than its own, which stands in the same row.

    Of equal ones, a random number stands before its own, so that a similarity that says nothing ranks like chance.
    Shape: (N, N) to (N,), int64.
    """
    own = np.diagonal(similarity)[:, None]
    alike = (similarity == own).sum(1) - 1
    return np.asarray((similarity > own).sum(1) + rng.integers(0, alike + 1))


def by_picture(similarity: np.ndarray, pictures: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The row in which each released picture comes first, and how alike it is to that original of every picture, of
    its own too, which is the most alike.

    A picture that stands for k originals would otherwise find the one of its row at most once in k times, though it
    shows them all. A similarity that says nothing finds the own ones of one picture in m, however many each stands for.

    Shape: similarity (N, N), rows as columns; pictures (N,), int, the same where the picture is, to (m,), int, and
    (m, m).
    """
    first = np.sort(np.unique(pictures, return_index=True)[1])
    return first, np.stack([similarity[first][:, pictures == pictures[row]].max(1) for row in first], 1)


def cumulative_match(ranks: pd.DataFrame, rank: int) -> float:
    """Rank-k rate (one point of the CMC curve): the share of probes with a mate among the k highest.

    Unitless, 0 to 1. The best mate of a probe stands at one more than the strangers that outrank it.
    """
    return float((ranks.groupby("probe")["outranked_by"].min() < rank).mean())


def precision_at_1(ranks: pd.DataFrame) -> float:
    """The share of probes whose highest-ranking reference is a mate (unitless, 0 to 1): the rank-1 rate."""
    return cumulative_match(ranks, 1)


def r_precision(ranks: pd.DataFrame) -> float:
    """The share of mates among the R highest, R the probe's number of mates; mean over probes (unitless, 0 to 1)."""
    return float(_hits(ranks).groupby(ranks["probe"]).mean().mean())


def map_at_r(ranks: pd.DataFrame) -> float:
    """Mean average precision at R (Musgrave et al. 2020, "A metric learning reality check"; unitless, 0 to 1).

    The precision at each of the R highest places that holds a mate, summed, divided by R; mean over probes.
    """
    nth = _nth(ranks)
    precision = nth / (nth + ranks["outranked_by"])
    return float((precision * _hits(ranks)).groupby(ranks["probe"]).mean().mean())


def rank_in_smaller_gallery(ranks: pd.DataFrame, size: int, rank: int = 1) -> float:
    """The expected rank-k rate in a gallery of one mate and `size - 1` strangers, drawn anew for every probe.

    In closed form over all such galleries: the chance that fewer than k of the drawn strangers outrank the mate is
    hypergeometric. Each mate of a probe counts alike, each probe counts alike.

    Args:
        ranks: what `rank_mates` returns; `size - 1` strangers must be there.
        size: references in the gallery.
        rank: k.
    """
    above, strangers = ranks["outranked_by"].to_numpy(float), ranks["strangers"].to_numpy(float)
    drawn = size - 1
    chance = np.zeros(len(ranks))
    for outranking in range(min(rank, drawn + 1)):
        chance += _hypergeometric(outranking, strangers, above, drawn)
    return float(pd.Series(chance).groupby(ranks["probe"].to_numpy()).mean().mean())


def _hypergeometric(hits: int, population: np.ndarray, marked: np.ndarray, drawn: int) -> np.ndarray:
    """The probability of exactly that many marked ones among those drawn without replacement."""
    with np.errstate(invalid="ignore"):
        log = (
            _log_choose(marked, hits) + _log_choose(population - marked, drawn - hits) - _log_choose(population, drawn)
        )
    return np.where((marked >= hits) & (population - marked >= drawn - hits), np.exp(log), 0.0)


def _log_choose(n: np.ndarray, k: int) -> np.ndarray:
    return gammaln(n + 1) - gammaln(k + 1) - gammaln(np.maximum(n - k, 0) + 1)


def _nth(ranks: pd.DataFrame) -> pd.Series:
    """1 for a probe's best mate, 2 for the next, …"""
    return ranks.groupby("probe")["outranked_by"].rank(method="first").astype(int)


def _hits(ranks: pd.DataFrame) -> pd.Series:
    """1.0 where a mate stands among the R highest of its probe."""
    mates = ranks.groupby("probe")["mate"].transform("size")
    return (_nth(ranks) + ranks["outranked_by"] <= mates).astype(float)
