"""Scores of attacks made by hand, on a split of thirty patients."""

from __future__ import annotations

import numpy as np
import pandas as pd

from privbench.data.pairs import Pairs
from privbench.data.patients import one_a_patient
from privbench.data.splits import Split
from privbench.evaluate.resampling import Resampling
from privbench.protocols.kinds import CONTROL
from privbench.protocols.schema import FLOOR, load_protocol
from privbench.record.scores import (
    AttackOrigin,
    AttackScores,
    gallery_searches,
    linkage_scores,
    own_image_ranks,
    retrieval_ranks,
)

PROTOCOL = load_protocol(
    "quick",
    ["statistics.resamples=200", "attacks.contrastive.seeds=3", "attacks.siamese=none", "attacks.distillation=none"],
)
VERSIONS = {"contrastive": "1", "correlation": "1"}


def thirty_patients(rng: np.random.Generator) -> Split:
    """Three blank images each of 30 patients, odd ones men, and 400 pairs of them drawn at random."""
    patients = np.arange(30).repeat(3)
    table = pd.DataFrame({"image": [f"{i}.png" for i in range(90)], "age": 40 + np.arange(90) % 3})
    table["patient"] = [f"{patient:02}" for patient in patients]
    table["sex"], table["study"] = np.where(patients % 2, "M", "F"), ""
    probe, reference = rng.integers(0, 90, (2, 400))
    pairs = Pairs(probe, reference, patients[probe] == patients[reference])
    return Split(np.zeros((90, 1, 4, 4), np.uint8), table, (), pairs)


def resampled(split: Split) -> Resampling:
    """The protocol's draws of the split's patients."""
    return Resampling.of(PROTOCOL, split.table["patient"].to_numpy())


def scores_of(
    split: Split,
    rng: np.random.Generator,
    strength: float,
    trained_strength: float | None = None,
    image_strength: float = 0.0,
) -> AttackScores:
    """Scores of every attack, scenario, seed and kind that a run of PROTOCOL has.

    Releases are like their own originals by the image strength, beside noise of one.
    """
    mated = split.pairs.mated
    parts, ranks, searches, matches = [], [], [], []
    once, luck = one_a_patient(split.patients, 500), np.random.default_rng(7)

    def say(origin: AttackOrigin, name: str, kinds: str, strength: float) -> None:
        values = strength * mated + rng.normal(0, 1, len(mated))
        parts.append(linkage_scores(origin, split, name, kinds, split.pairs, values))

    say(AttackOrigin(FLOOR, CONTROL, 0), "test", "OO", 0.5)
    rows = [("contrastive", CONTROL, 0), *(("contrastive", "informed", seed) for seed in range(3))]
    for name, scenario, seed in [*rows, ("correlation", "informed", 0)]:
        kinds = "OO" if scenario == CONTROL else "AO"
        power = trained_strength if scenario == CONTROL and trained_strength is not None else strength
        origin = AttackOrigin(name, scenario, seed)
        for part in ("train", "val", "test"):
            say(origin, part, kinds, power)
        similarity = strength * (split.patients[:, None] == split.patients) + rng.normal(0, 1, (90, 90))
        ranks.append(retrieval_ranks(origin, split, similarity, rng))
        if kinds == "AO":
            alike = image_strength * np.eye(len(once)) + luck.normal(0, 1, (len(once), len(once)))
            matches.append(own_image_ranks(origin, split, once, alike, luck))
            searches += [
                gallery_searches(origin, split, part, similarity, np.random.default_rng(0)) for part in ("val", "test")
            ]
    linkage, retrieval, matched, searched = (
        pd.concat(one, ignore_index=True) for one in (parts, ranks, matches, searches)
    )
    return AttackScores(linkage, retrieval, pd.DataFrame(columns=["attack"]), {}, matched, searched)
