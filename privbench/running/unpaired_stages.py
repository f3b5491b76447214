"""The stages of an unpaired release: its images, the originals that they are most like, and how near they come to all.

Originals that it may have learnt from and others are searched as one gallery, so that none is at an advantage.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import torch

from ..data.arrays import ArrayWriter, read_array
from ..data.pairs import NO_PAIRS
from ..data.patients import patient_codes
from ..data.splits import COLUMNS, UNKNOWN, Split
from ..metrics.copies import Described, describe, nearest
from ..record.scores import write_scores
from ..record.unpaired_scores import drawn_nearest, galleries, near_originals, patients_of
from .found_release import FoundRelease
from .halves import rows_that_are_known, rows_to_judge
from .pictures import first_alike
from .source import Shown, Source
from .stage_names import DRAWN_TABLE, DRAWS, IMAGES_FILE, LABELLED, NEAREST_FILE, NEARNESS_FILE, PATIENTS_FILE

if TYPE_CHECKING:
    from ..engine.node import Reads
    from ..learning.context import Context


@dataclass(frozen=True)
class TakeDraws:
    """Reads the images of an unpaired release, in the order of their names. Writes (N, 1, H, W), uint8."""

    release: FoundRelease
    size: int

    def __call__(self, reads: Reads, folder: Path, ctx: Context) -> None:
        names = list(self.release.params.release_files)
        with ArrayWriter(folder / IMAGES_FILE, (len(names), 1, self.size, self.size)) as writer:
            for part in self.release.pictures(names, self.size):
                writer.append(part)


@dataclass(frozen=True)
class CompareDraws:
    """Looks for the original that each released image is most like, in both arms, and lists all patients.

    `names` are those of the released images, `learnt_from` the splits that their generator learnt from.
    """

    source: Source
    names: tuple[str, ...]
    learnt_from: tuple[str, ...]

    def __call__(self, reads: Reads, folder: Path, ctx: Context) -> None:
        originals, images = self.source.shown(reads).originals, read_array(reads[DRAWS] / IMAGES_FILE)
        drawn, same = (
            describe(images, ctx.device),
            pictures(images, self.names),
        )
        described = {name: describe(split.images, ctx.device) for name, split in originals.items()}
        parts = []
        for arm, splits in galleries(list(originals), self.learnt_from).items():
            near = nearest(drawn, _joined([described[name] for name in splits]))
            gallery = pd.concat([originals[name].told for name in splits], ignore_index=True)
            pixels = [(name, row) for name in splits for row in range(len(originals[name].images))]
            exact = [row >= 0 and np.array_equal(image, originals[pixels[row][0]].images[pixels[row][1]])
                     for image, row in zip(images, near.rows, strict=True)]  # fmt: skip
            parts.append(drawn_nearest(arm, self.names, same, gallery, near, np.array(exact, bool)))
        write_scores(pd.concat(parts, ignore_index=True), folder / NEAREST_FILE)
        patients = [patients_of(split, name) for name, split in originals.items()]
        write_scores(pd.concat(patients, ignore_index=True), folder / PATIENTS_FILE)


def pictures(images: np.ndarray, names: Sequence[str]) -> list[str]:
    """Of each image the name of the first one that it equals to the bit. Shape: images (n, 1, H, W), uint8."""
    return [names[row] for row in first_alike([images], np.arange(len(images)))]


@dataclass(frozen=True)
class CompareOriginalsWithDraws:
    """Looks for the released image that originals are most like, and for the original of another patient.

    Every second patient of a split is known to the attacker, who calibrates by them; the others are judged.
    """

    source: Source

    def __call__(self, reads: Reads, folder: Path, ctx: Context) -> None:
        originals = self.source.shown(reads).originals
        drawn = describe(read_array(reads[DRAWS] / IMAGES_FILE), ctx.device)
        known = {name: split.among(_known(split)) for name, split in originals.items()}
        judged = {name: split.among(rows_to_judge(split.patients, "")) for name, split in originals.items()}
        seen = {name: describe(split.images, ctx.device) for name, split in known.items()}
        reference = _joined(list(seen.values()))
        codes = patient_codes(pd.concat([split.table["patient"] for split in known.values()], ignore_index=True))
        of_known = nearest(reference, reference, visits=codes).likeness
        ends = np.cumsum([len(split.images) for split in known.values()])[:-1]
        common = dict(zip(known, np.split(of_known, ends), strict=True))
        parts = []
        for name, split in known.items():
            values = np.stack([nearest(seen[name], drawn).likeness, common[name]], 1)
            parts.append(near_originals(split, name, np.ones(len(values), bool), values))
        for name, split in judged.items():
            if not len(split.images):  # of one patient nobody is left to judge
                continue
            own = describe(split.images, ctx.device)
            values = np.stack([nearest(own, drawn).likeness, nearest(own, reference).likeness], 1)
            parts.append(near_originals(split, name, np.zeros(len(values), bool), values))
        write_scores(pd.concat(parts, ignore_index=True), folder / NEARNESS_FILE)


def _known(split: Split) -> np.ndarray:
    """The rows of known patients, of as many at most as are judged."""
    rows = rows_that_are_known(split.patients)
    return rows[rows_to_judge(split.patients[rows], "test")]


def _joined(parts: Sequence[Described]) -> Described:
    return Described(*(torch.cat([getattr(part, one.name) for part in parts]) for one in fields(Described)))


@dataclass(frozen=True)
class LabelDraws:
    """Keeps the released images that have findings, those that tasks learn from first, then those for validation.

    Shape: labels (N, findings), float32, 1, 0, or NaN where nobody said; rows of train and val, (n,), int.
    """

    names: tuple[str, ...]
    findings: tuple[str, ...]
    labels: np.ndarray
    rows: Mapping[str, np.ndarray]

    def __call__(self, reads: Reads, folder: Path, ctx: Context) -> None:
        images, tables = read_array(reads[DRAWS] / IMAGES_FILE), []
        with ArrayWriter(folder / IMAGES_FILE, (sum(map(len, self.rows.values())), *images.shape[1:])) as writer:
            for split, rows in self.rows.items():
                writer.append(images[rows])
                # Each draw is of somebody of its own: nobody is on two of them.
                names = [self.names[row] for row in rows]
                told = {"image": names, "patient": names, "split": split}
                about = {column: told.get(column, UNKNOWN.get(column)) for column in COLUMNS}
                labels = pd.DataFrame(self.labels[rows].astype(float), columns=list(self.findings))
                tables.append(pd.concat([pd.DataFrame(about, index=range(len(rows))), labels], axis=1))
        pd.concat(tables).to_parquet(folder / DRAWN_TABLE, index=False)


def drawn_rows(
    labels: np.ndarray, digests: Sequence[str], validation: float, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """The rows with labels that tasks learn from, and a share of them for validation; equal images stay together.

    Shape: labels (N, findings), float32; digests N, of the images; rows of train and val (n,), int.
    """
    rows = np.flatnonzero((~np.isnan(labels)).any(1))
    told = np.array(digests)[rows]
    pictures = np.unique(told)
    held = min(max(1, round(validation * len(pictures))), len(pictures) - 1)
    out = np.isin(told, rng.choice(pictures, held, replace=False))
    return {"train": rows[~out], "val": rows[out]}


@dataclass(frozen=True)
class DrawnShown(Shown):
    """The originals, and the released images as a training and a validation split of their own."""

    drawn: Mapping[str, Split] = field(default_factory=dict)

    def released(self, name: str) -> Split:
        return self.drawn[name]


@dataclass(frozen=True)
class DrawnSource(Source):
    """What utility tasks learn from: released images with findings, where they are among what is read."""

    def shown(self, reads: Reads) -> DrawnShown:
        originals, drawn = super().shown(reads).originals, {}
        if LABELLED in reads:
            images = read_array(reads[LABELLED] / IMAGES_FILE)
            table = pd.read_parquet(reads[LABELLED] / DRAWN_TABLE)
            for name, part in table.groupby("split"):
                own = part.reset_index(drop=True)
                drawn[str(name)] = Split(images[part.index], own, self.findings, NO_PAIRS)
        return DrawnShown(originals, [], drawn=drawn)


def draw_name(number: int) -> str:
    """What a released image is called in records: its place among all files, by their paths."""
    return f"{number:06d}"
