"""Verification pairs: mated and non-mated, drawn by seed or read from a file."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from ..base.errors import PrivbenchError
from ..base.files import read_text

_REPAIR_ROUNDS = 200


@dataclass(frozen=True)
class Pairs:
    """Pairs of rows. Shape: three arrays (n,); probe and reference are rows, mated is a bool."""

    probe: np.ndarray
    reference: np.ndarray
    mated: np.ndarray

    def __len__(self) -> int:
        return len(self.probe)

    def among(self, rows: np.ndarray) -> Pairs:
        """Those pairs whose images are both among the rows, numbered by their places there. Shape: rows (n,), int."""
        kept = np.isin(self.probe, rows) & np.isin(self.reference, rows)
        order = np.argsort(rows, kind="stable")
        probe, reference = (
            order[np.searchsorted(rows, side[kept], sorter=order)] for side in (self.probe, self.reference)
        )
        return Pairs(probe, reference, self.mated[kept])

    @property
    def digest(self) -> str:
        """SHA-256 of the pairs in their order, as hexadecimal."""
        parts = (self.probe.astype("<i8"), self.reference.astype("<i8"), self.mated.astype("?"))
        return hashlib.sha256(b"".join(part.tobytes() for part in parts)).hexdigest()


NO_PAIRS = Pairs(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, bool))


def rows_by_patient(patients: np.ndarray) -> list[np.ndarray]:
    """The rows of each patient, in their order. Shape: (N,), int, to one array of rows a patient, sorted by number."""
    order = np.argsort(patients, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(patients[order])) + 1)


def draw_pairs(
    patients: np.ndarray,
    count: int,
    cap: int | None,
    rng: np.random.Generator,
    where: str,
    visits: np.ndarray | None = None,
) -> Pairs:
    """Draws `count` pairs, half of them mated, with at most `cap` mated pairs a patient.

    The non-mated half pairs the same probes with the same references, shuffled across patients. So an image
    stands as often in a mated as in a non-mated pair, and a score that looks at one image of a pair alone has
    an AUC of exactly 0.5: that a patient was radiographed often, or is ill, gives nothing away.

    Args:
        patients: the patient of each row. Shape: (N,), int.
        count: how many pairs are wanted; fewer are drawn where the patients do not have as many mated ones.
        cap: the most mated pairs of one patient, or None for no cap.
        rng: what draws.
        where: the split's name, for the message.
        visits: of each row, two of which make no mated pair where they are equal; None where each is a visit.
            Shape: (N,), int.

    Raises:
        PrivbenchError: no patient has two images, or one patient holds over half of all mated pairs.
    """
    first, second = _mated_pool(patients, visits, cap, rng)
    if not len(first):
        told = visits is not None and len(np.unique(visits)) < len(visits)
        raise PrivbenchError(
            f"No patient of the {where} split has two images{' of different studies' if told else ''}, so "
            "there is no mated pair to verify: "
            "use a data set with follow-up images, or give pairs.*_file lists."
        )
    chosen = rng.permutation(len(first))[: max(1, count // 2)]
    turned = rng.random(len(chosen)) < 0.5
    probe = np.where(turned, second[chosen], first[chosen])
    reference = np.where(turned, first[chosen], second[chosen])
    stranger = reference[_shuffle_across(patients, probe, reference, rng, where)]
    return Pairs(
        probe=np.concatenate([probe, probe]),
        reference=np.concatenate([reference, stranger]),
        mated=np.repeat([True, False], len(probe)),
    )


def _mated_pool(
    patients: np.ndarray, visits: np.ndarray | None, cap: int | None, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """All unordered mated pairs of rows, of different visits, at most `cap` a patient, chosen at random."""
    firsts, seconds = [], []
    for rows in rows_by_patient(patients):
        i, j = np.triu_indices(len(rows), k=1)
        if visits is not None:
            apart = visits[rows[i]] != visits[rows[j]]
            i, j = i[apart], j[apart]
        if cap is not None and len(i) > cap:
            kept = rng.choice(len(i), cap, replace=False)
            i, j = i[kept], j[kept]
        firsts.append(rows[i])
        seconds.append(rows[j])
    return np.concatenate(firsts), np.concatenate(seconds)


def _shuffle_across(
    patients: np.ndarray, probe: np.ndarray, reference: np.ndarray, rng: np.random.Generator, where: str
) -> np.ndarray:
    """A permutation of the references after which no pair shows one patient, and, if it can be, none stands twice."""
    n = len(probe)
    largest = int(np.unique(patients[probe], return_counts=True)[1].max())
    if 2 * largest > n:
        raise PrivbenchError(
            f"One patient of the {where} split holds {largest} of its {n} mated pairs, so they cannot be re-paired "
            "with strangers: add patients or lower pairs.cap."
        )
    order = rng.permutation(n)
    for _ in range(_REPAIR_ROUNDS):
        same = patients[probe] == patients[reference[order]]
        _, first_seen = np.unique(np.stack([probe, reference[order]]), axis=1, return_index=True)
        doubled = np.ones(n, bool)
        doubled[first_seen] = False
        clashes = np.flatnonzero(same | doubled)
        if not len(clashes):
            return order
        for i in clashes:
            j = rng.integers(n)
            order[i], order[j] = order[j], order[i]
    # Few patients: sorted by patient, a turn by the largest patient's share always parts everyone from himself.
    by_patient = np.argsort(patients[probe], kind="stable")
    order = np.empty(n, np.int64)
    order[by_patient] = np.roll(by_patient, -largest)
    return order


def read_pairs(path: Path, table: pd.DataFrame, where: str) -> Pairs:
    """Reads lines of `image1 image2 label` (1 mated, 0 non-mated); every image must be a row of the table.

    What parts them is tabs in a line that has any, so that names may hold blanks, and else blanks.

    Raises:
        PrivbenchError: naming the line, for a malformed one, an unknown image, or a label that the patients belie.
    """
    text = read_text(path, "check the path in the pairs section of the protocol")
    row_of = {image: row for row, image in enumerate(table["image"])}
    patients = table["patient"].to_numpy()
    probe, reference, mated = [], [], []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        words = [word.strip() for word in re.split(r"\t+", line.strip())] if "\t" in line else line.split()
        if len(words) != 3 or words[2] not in ("0", "1"):
            raise PrivbenchError(f"{path}, line {number}: expected 'image1 image2 label' with a label of 0 or 1.")
        for image in words[:2]:
            if image not in row_of:
                raise PrivbenchError(f"{path}, line {number}: {image} is no image of the {where} split.")
        a, b = row_of[words[0]], row_of[words[1]]
        if a == b:
            raise PrivbenchError(f"{path}, line {number}: {words[0]} is paired with itself: a pair needs two images.")
        if (patients[a] == patients[b]) != (words[2] == "1"):
            raise PrivbenchError(
                f"{path}, line {number}: labelled {words[2]}, but the images are of patients {patients[a]} and "
                f"{patients[b]}; mend the label or the table."
            )
        probe.append(a)
        reference.append(b)
        mated.append(words[2] == "1")
    if not any(mated) or all(mated):
        raise PrivbenchError(f"{path} needs mated (1) and non-mated (0) pairs, and holds only one of them.")
    return Pairs(np.array(probe), np.array(reference), np.array(mated))
