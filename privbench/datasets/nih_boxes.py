"""Where findings of ChestX-ray14 lie: the boxes that are published of some test images (Wang et al., CVPR 2017)."""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from io import StringIO
from pathlib import Path

import numpy as np
import pandas as pd

from ..base.errors import PrivbenchError, nearest
from ..base.files import read_text
from ..data.problems import Problem, raise_problems
from ..data.splits import CELLS
from ..data.squares import Fit, cutout
from ..plugins.interfaces import Chunk
from .coverage import covered_shares
from .findings import FINDINGS
from .nih_entries import REMEDY

BOXES = "BBox_List_2017.csv"
_SIDE = 1024  # pixels of a published image's sides, in which the boxes are told whatever size its file has here
_ROUNDING = 1e-6  # of a pixel, by which sums of published numbers may miss a border that they mean
_OTHERWISE = {"Infiltrate": "Infiltration"}
_NUMBERS = ["x", "y", "w", "h"]
_COLUMNS = ["image", "finding", *_NUMBERS]
_HEADER = "Image Index,Finding Label,Bbox [x,y,w,h]"

Boxes = Mapping[str, Mapping[str, np.ndarray]]
"""Of images and their findings the boxes. Shape: left, top, right and bottom (n, 4), float, in sides of the image."""


def read_boxes(path: Path, listed: Collection[str]) -> Boxes:
    """The boxes of those images; rows of others are passed over.

    Raises:
        PrivbenchError: it is no such table.
        DataError: rows name unknown findings, hold no numbers, stand there twice, or lie outside the image; all of it.
    """
    rows = _rows(path)
    rows = rows[rows["image"].isin(listed)].replace({"finding": _OTHERWISE})
    numbers = rows[_NUMBERS].apply(pd.to_numeric, errors="coerce")
    raise_problems(
        [*_unknown_findings(rows, path), *_too_many(rows, path), *_no_numbers(rows, numbers, path),
         *_outside(rows, numbers, path), *_doubled(rows, numbers, path)]
    )  # fmt: skip
    corner = numbers[["x", "y"]].to_numpy(float)
    edges = np.hstack([corner, corner + numbers[["w", "h"]].to_numpy(float)]) / _SIDE
    found: dict[str, dict[str, np.ndarray]] = {}
    for (image, finding), taken in rows.groupby(["image", "finding"]).indices.items():
        found.setdefault(image, {})[finding] = edges[taken]
    return found


def tells_places(boxes: Boxes, table: pd.DataFrame) -> bool:
    """Whether any of the table's images has a box of a finding that its labels tell, too."""
    labels = table.set_index("image")
    return any(
        labels.at[image, finding] == 1 for image in labels.index.intersection(list(boxes)) for finding in boxes[image]
    )


def with_locations(
    chunks: Iterator[Chunk], images: Sequence[str], boxes: Boxes, sides: Mapping[str, tuple[int, int]], fit: Fit
) -> Iterator[Chunk]:
    """The chunks of those images, whose files have those sides in pixels, with the places of their findings."""
    done = 0
    for chunk in chunks:
        names = images[done : done + len(chunk.images)]
        done += len(names)
        yield replace(chunk, locations=np.stack([_located(boxes.get(name, {}), *sides[name], fit) for name in names]))


def mark_of_boxes(boxes: Boxes, image: str) -> list[str]:
    """Texts that tell an image's boxes from what they were before a change; none where no image has boxes."""
    own = boxes.get(image, {})
    return ["boxes", *(f"{finding} {edges.tolist()}" for finding, edges in sorted(own.items()))] if boxes else []


def _located(boxes: Mapping[str, np.ndarray], width: int, height: int, fit: Fit) -> np.ndarray:
    """The share of each cell that an image's boxes cover, 255 the whole, once its file became a square.

    What `crop` cuts off has no place any more. Shape: (findings, CELLS, CELLS), uint8.
    """
    taken = cutout(width, height, fit)
    shares = np.zeros((len(FINDINGS), CELLS, CELLS))
    for finding, edges in boxes.items():
        pixels = edges * ([width, height] * 2) - [taken.left, taken.top] * 2
        shares[FINDINGS.index(finding)] = covered_shares(pixels / ([taken.width, taken.height] * 2))
    return (255 * shares + 0.5).astype(np.uint8)


def _rows(path: Path) -> pd.DataFrame:
    """The cells as texts, empty where a row ends too early, and what stands behind the numbers of each row."""
    try:
        header, *rows = [row for row in csv.reader(StringIO(read_text(path, REMEDY)), strict=True) if row] or [[]]
    except csv.Error as error:
        raise PrivbenchError(f"{path} is no CSV table ({error}): download it again.") from error
    # It parts one name at its commas; a spreadsheet may have put that into quotes.
    if not ",".join(header).startswith(_HEADER):
        raise PrivbenchError(
            f"{path} does not begin with {_HEADER}: use the published table, or remove it to do without places of "
            "findings."
        )
    cells = [[*(row + [""] * len(_COLUMNS))[: len(_COLUMNS)], "".join(row[len(_COLUMNS) :])] for row in rows]
    return pd.DataFrame(cells, columns=[*_COLUMNS, "more"], dtype=object)


def _unknown_findings(rows: pd.DataFrame, path: Path) -> Iterator[Problem]:
    unknown = rows[~rows["finding"].isin(FINDINGS)]
    for finding, images in unknown.groupby("finding", sort=False)["image"]:
        text = f"{path}: image {images.iloc[0]} has a box of the unknown finding {finding!r}: "
        yield Problem("unknown finding", text + nearest(str(finding), {*FINDINGS, *_OTHERWISE}), tuple(images.unique()))


def _too_many(rows: pd.DataFrame, path: Path) -> Iterator[Problem]:
    wrong = rows[rows["more"].str.strip() != ""]
    if len(wrong):
        text = (
            f"{path}: a box of image {wrong['image'].iloc[0]} has more than the four numbers x, y, w and h "
            f"({len(wrong)} such), as where decimals stand behind commas: mend it, or remove the row."
        )
        yield Problem("wrong entry", text, tuple(wrong["image"].unique()))


def _no_numbers(rows: pd.DataFrame, numbers: pd.DataFrame, path: Path) -> Iterator[Problem]:
    for column in _NUMBERS:
        wrong = rows[numbers[column].isna()]
        if len(wrong):
            row = wrong.iloc[0]
            text = (
                f"{path}: a box of image {row['image']} has {row[column]!r} where the number {column} belongs "
                f"({len(wrong)} such): mend it, or remove the row."
            )
            yield Problem("wrong entry", text, tuple(wrong["image"].unique()))


def _outside(rows: pd.DataFrame, numbers: pd.DataFrame, path: Path) -> Iterator[Problem]:
    x, y, w, h = (numbers[column] for column in _NUMBERS)
    largest = _SIDE + _ROUNDING
    sound = (x >= 0) & (y >= 0) & (w > 0) & (h > 0) & (x + w <= largest) & (y + h <= largest)
    wrong = numbers[~sound & numbers.notna().all(axis=1)]
    if len(wrong):
        images, first = rows.loc[wrong.index, "image"], wrong.iloc[0]
        text = (
            f"{path}: image {images.iloc[0]} has a box of {first['w']:g} x {first['h']:g} pixels at {first['x']:g}, "
            f"{first['y']:g}, where one inside the {_SIDE} x {_SIDE} of the published image belongs ({len(wrong)} "
            "such): mend it, or remove the row."
        )
        yield Problem("box outside the image", text, tuple(images.unique()))


def _doubled(rows: pd.DataFrame, numbers: pd.DataFrame, path: Path) -> Iterator[Problem]:
    told = rows[["image", "finding"]].join(numbers)
    doubled = told[told.duplicated() & numbers.notna().all(axis=1)]
    if len(doubled):
        row = doubled.iloc[0]
        text = (
            f"{path}: image {row['image']} has the same box of {row['finding']} twice ({len(doubled)} such): remove "
            "one of the rows."
        )
        yield Problem("box listed twice", text, tuple(doubled["image"].unique()))
