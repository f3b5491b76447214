"""Scores of unpaired releases on worlds of points whose truth is known: who copies, and who draws afresh."""

import numpy as np
import pandas as pd

from privbench.record.scores import COPIES_COLUMNS, OTHER_PATIENT
from privbench.record.unpaired_scores import DRAW_COLUMNS, HELD_OUT, LEARNT, NEARNESS_COLUMNS, UnpairedScores

SIZES = {"train": 60, "val": 30, "test": 45}


def likeness(one, other):
    """1 for the same point, less the further off. Shape: (n, d), (m, d) to (n, m)."""
    return np.exp(-np.square(one[:, None] - other).sum(2) / 8)


def world(seed, *, copied=0.0, draws=150, moved=0.0, source="train", altered=0.0):
    """The scores of a release of which a share are copies of images of the splits named, the others drawn like all.

    Test patients lie `moved` away from all others: then the splits differ. Copies lie `altered` away from originals.
    """
    rng, rows = np.random.default_rng(seed), []
    for split, patients in SIZES.items():
        for number in range(patients):
            place = rng.normal(size=5) + (moved if split == "test" else 0)
            for image in range(1 + rng.integers(0, 4)):
                rows.append((split, f"{split} {number:03d}", f"{split} {number:03d} {image}",
                             place + 0.4 * rng.normal(size=5)))  # fmt: skip
    table = pd.DataFrame([row[:3] for row in rows], columns=["split", "patient", "image"])
    points = np.stack([row[3] for row in rows])
    drawn = rng.normal(size=(draws, 5)) + 0.4 * rng.normal(size=(draws, 5))
    kept = np.flatnonzero(table["split"].isin(source.split()))
    copies = rng.random(draws) < copied
    away = rng.normal(size=(copies.sum(), 5))
    away *= altered / np.linalg.norm(away, axis=1, keepdims=True)
    drawn[copies] = points[rng.choice(kept, copies.sum())] + away
    return scores_of(table, points, drawn)


def scores_of(table, points, drawn):
    arms = {LEARNT: ("train", "test"), HELD_OUT: ("val", "test")}
    parts = []
    names = [f"{number:06d}" for number in range(len(drawn))]
    for arm, splits in arms.items():
        rows = np.flatnonzero(table["split"].isin(splits))
        alike = likeness(drawn, points[rows])
        near = rows[alike.argmax(1)]
        parts.append(pd.DataFrame({
            "arm": arm, "image": names, "picture": names, "originals": len(rows),
            "original_patients": table["patient"][rows].nunique(), "split": table["split"][near].to_numpy(),
            "nearest": table["image"][near].to_numpy(), "nearest_patient": table["patient"][near].to_numpy(),
            "exact": alike.max(1) == 1, "likeness": alike.max(1),
        })[DRAW_COLUMNS])  # fmt: skip
    known = table.groupby("split")["patient"].transform(lambda one: pd.factorize(one)[0] % 2 == 0).to_numpy(bool)
    reference = np.flatnonzero(known)
    among = likeness(points, points[reference])
    among[table["patient"].to_numpy()[:, None] == table["patient"].to_numpy()[reference]] = 0
    nearness = table.assign(known=known, nearness=likeness(points, drawn).max(1), difficulty=among.max(1))
    test = table["split"] == "test"
    others = likeness(points[test], points)
    others[table["patient"].to_numpy()[test][:, None] == table["patient"].to_numpy()] = 0
    most = others.argmax(1)
    originals = table[test].assign(shown="O", originals=len(table), original_patients=table["patient"].nunique(),
                                   split=table["split"][most].to_numpy(), nearest=table["image"][most].to_numpy(),
                                   nearest_patient=table["patient"][most].to_numpy(), relation=OTHER_PATIENT,
                                   exact=False, likeness=others.max(1))  # fmt: skip
    patients = table.groupby(["split", "patient"], as_index=False).size().rename(columns={"size": "images"})
    order = {name: place for place, name in enumerate(SIZES)}
    patients = patients.sort_values("split", key=lambda one: one.map(order), kind="stable")
    return UnpairedScores(pd.concat(parts, ignore_index=True), patients, nearness[NEARNESS_COLUMNS],
                          originals[COPIES_COLUMNS])  # fmt: skip
