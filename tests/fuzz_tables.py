"""Tables of radiographs as nobody meant them: they are read as they say, or refused."""

from __future__ import annotations

import csv
import gzip
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
from privbench.datasets.table import TableDataset
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


NAMES = [
    "image", "patient", "Split", "study", "follow_up", "AGE", "sex", "view", "Mass", "nodule", "spacing_x", "found",
]  # fmt: skip
PLACES = [
    "a/1", "1.png", "2", "../secret.png", "secret.png", "/etc/passwd", "out/secret.png", "round/round/1.png", "a", "",
    "./1.png", "a//1.png", "link.png", "no.png", "1.png\0", "a/../1.png", "n" * 300, "*", "{image}", "=1+1",
]  # fmt: skip
"""Names of images that are there, are not, are two, or lead out of the folder."""


def write_tree(root: Path) -> None:
    """Images of eight patients in two folders, with links out and round, and a secret beside the root."""
    grey = np.random.default_rng(0).integers(0, 200, (24, 16, 16), np.uint8)
    (root / "a").mkdir(parents=True)
    for number, image in enumerate(grey):
        Image.fromarray(image).save(root / ("a" if number % 2 else ".") / f"{number}.png")
    Image.fromarray(np.full((16, 16), 255, np.uint8)).save(root.parent / "secret.png")
    (root / "out").symlink_to(root.parent)
    (root / "round").symlink_to(root)
    (root / "link.png").symlink_to(root.parent / "secret.png")


@st.composite
def listings(draw: st.DrawFn) -> tuple[bytes, str, dict[str, object]]:
    """The bytes of a table with up to four changes, the end of its name, and parameters of the data set."""
    rows = [
        [str(n), f"p{n // 3}", ["train", "val", "test"][min(n // 12, 2)], str(n), "2020-01-01", "40", "F", "PA",
         str(n % 2), "0", "0.1", "Mass|Nodule"]
        for n in range(24)
    ]  # fmt: skip
    names = list(NAMES)
    for _ in range(draw(st.integers(0, 4))):
        row, column = draw(st.integers(0, 23)), draw(st.integers(0, len(NAMES) - 1))
        match draw(st.sampled_from(["cell", "cell", "place", "column", "name", "twice", "short"])):
            case "cell":
                rows[row][column % len(rows[row])] = draw(st.sampled_from([*CELLS, *PLACES]))
            case "place":
                rows[row][0] = draw(st.sampled_from(PLACES))
            case "column":
                text = draw(st.sampled_from([*CELLS, *PLACES]))
                rows = [[*one[:column], text, *one[column + 1 :]] for one in rows]
            case "name":
                names[column] = draw(st.sampled_from([*NAMES, *TEXTS]))
            case "twice":
                rows.append(list(rows[row]))
            case "short":
                rows[row] = rows[row][:column] or [""]
    text = io.StringIO()
    csv.writer(text, delimiter=draw(st.sampled_from(",;\t"))).writerows([names, *rows])
    content = (draw(st.sampled_from(["", "\ufeff"])) + text.getvalue()).encode("utf-8", "surrogatepass")
    ending = draw(st.sampled_from([".csv", ".csv", ".csv.gz", ".tsv", ".parquet"]))
    content = gzip.compress(content) if ending == ".csv.gz" else content
    if draw(st.integers(0, 9)) == 0:
        place = draw(st.integers(0, len(content) - 1))
        content = content[:place] + draw(st.binary(max_size=3)) + content[place + 1 :]
    params: dict[str, object] = draw(
        st.fixed_dictionaries(
            {},
            optional={
                "path": st.sampled_from(["{image}", "a/{image}.png", "../{image}", "{patient}/{image}", "/{image}"]),
                "labels": st.sampled_from(["found", "Mass"]),
                "only": st.sampled_from([{"sex": ["F"]}, {"patient": ["p1", "p2", "p3"]}, {"sex": ["X"]}]),
                "missing": st.sampled_from(["refuse", "leave out"]),
                "findings": st.sampled_from([["Mass"], []]),
            },
        )
    )
    return content, ending, params


def listing_outcome(change: tuple[bytes, str, dict[str, object]], root: Path, scratch: Path) -> str:
    """Of such a table: `refused`, or `works` where every image is one of the folder's; anything else is raised."""
    content, ending, params = change
    for table in root.glob("table.*"):
        table.unlink()
    (root / f"table{ending}").write_bytes(content)
    scratch.mkdir(exist_ok=True)
    request = DataRequest(16, 0, root, 1, Progress(quiet=True))
    dataset = TableDataset(**params)
    try:
        assert dataset.source(request) == TableDataset(**params).source(request)
        write_data(dataset, request, 0.25, scratch, lambda table: None)
    except PrivbenchError:
        return "refused"
    for split in read_splits(scratch, dataset.findings).values():
        assert split.images.max() < 255, "no image outside of the folder is read"
        assert all((root / name).resolve().is_relative_to(root.resolve()) for name in split.table["image"])
    return "works"
