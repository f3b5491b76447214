"""Tables of radiographs as nobody meant them: they are read as they say, or refused."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
import pandas as pd
from hostile import TEXTS
from hypothesis import strategies as st
from PIL import Image

from privbench.base.errors import PrivbenchError
from privbench.base.progress import Progress
from privbench.datasets.chestxray14 import ChestXray14
from privbench.plugins.interfaces import DataRequest
from privbench.running.loading import read_splits, write_data

HEADER = [
    "Image Index",
    "Finding Labels",
    "Follow-up #",
    "Patient ID",
    "Patient Age",
    "Patient Gender",
    "View Position",
]
CELLS = [
    "",
    "0",
    "-3",
    "1.5",
    "12.00003",
    "1e300",
    "inf",
    "nan",
    "NA",
    "007",
    "1E+11",
    " 7",
    "Mass|Nodule",
    "414",
    *TEXTS,
]
LISTS = {"train_val_list.txt": range(18), "test_list.txt": range(18, 24)}


def write_images(root: Path) -> None:
    """Three images each of eight patients."""
    (root / "images").mkdir(parents=True)
    grey = np.random.default_rng(0).integers(0, 256, (24, 16, 16), np.uint8)
    for number, image in enumerate(grey):
        Image.fromarray(image).save(root / "images" / f"{number:02}.png")


@st.composite
def changed_tables(draw: st.DrawFn) -> tuple[list[list[str]], dict[str, list[str]], str]:
    """The rows of a table and the lines of its split lists, with up to three changes; and what the file begins with."""
    rows = [
        [f"{n:02}.png", "Mass" if n % 2 else "No Finding", str(n % 3), str(n // 3), str(40 + n), "FM"[n % 2], "PA"]
        for n in range(24)
    ]
    lists = {name: [f"{n:02}.png" for n in numbers] for name, numbers in LISTS.items()}
    for _ in range(draw(st.integers(0, 3))):
        place, column = draw(st.integers(0, len(rows) - 1)), draw(st.integers(0, len(HEADER) - 1))
        kind = draw(st.sampled_from(["cell", "cell", "cell", "row gone", "row twice", "line gone", "line other"]))
        if kind == "cell":
            rows[place] = [*rows[place][:column], draw(st.sampled_from([*CELLS, *TEXTS])), *rows[place][column + 1 :]]
        elif kind.startswith("row"):
            rows[place : place + 1] = [rows[place]] * (2 if kind == "row twice" else 0)
        else:
            lines = lists[draw(st.sampled_from(sorted(lists)))]
            lines[:1] = [] if kind == "line gone" else [draw(st.sampled_from([*CELLS, *TEXTS]))]
    return rows, lists, draw(st.sampled_from(["", "\ufeff"]))


def table_outcome(change: tuple[list[list[str]], dict[str, list[str]], str], root: Path, scratch: Path) -> str:
    """Of a changed table: `refused`, or `works` where what is stored is what it says; anything else is raised."""
    rows, lists, begins = change
    text = io.StringIO()
    csv.writer(text).writerows([HEADER, *rows])
    (root / "Data_Entry_2017.csv").write_text(begins + text.getvalue(), encoding="utf-8", newline="")
    for name, lines in lists.items():
        (root / name).write_text(begins + "\n".join(lines), encoding="utf-8")
    scratch.mkdir(exist_ok=True)
    request = DataRequest(16, 0, root, 1, Progress(quiet=True))
    try:
        write_data(ChestXray14(), request, 0.25, scratch, lambda table: None)
    except PrivbenchError:
        return "refused"
    stored = pd.concat([split.table for split in read_splits(scratch, ChestXray14.findings).values()])
    said = {row[0]: row for row in rows}
    for image, patient, age in stored[["image", "patient", "age"]].itertuples(index=False):
        told = said[image]
        assert patient.lstrip("0") == told[3].lstrip("0"), f"patient {told[3]!r} became {patient!r}"
        assert np.isnan(age) if told[4] in ("", "414", "nan", "NA") else age == float(told[4]), (
            f"age {told[4]} is {age}"
        )
    return "works"
