"""Turns a data set into its cached copy, and the copy into splits with pairs."""

from __future__ import annotations

from contextlib import ExitStack
from itertools import chain
from pathlib import Path

import numpy as np
import pandas as pd

from ..base.errors import PrivbenchError
from ..base.seeds import numpy_generator
from ..data.arrays import ArrayWriter, read_array
from ..data.pairs import Pairs, draw_pairs, read_pairs
from ..data.splits import CELLS, COLUMNS, SPACING, SPLITS, Split, check_table, hold_out_validation
from ..plugins.interfaces import DataRequest, Dataset
from ..protocols.schema import PairsSection

TABLE = "table.csv"
FILES = {"images": "images.npy", "masks": "masks.npy", "locations": "locations.npy"}
"""Where the arrays of a Chunk lie."""

_NO_PAIRS = Pairs(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, bool))


def write_data(dataset: Dataset, request: DataRequest, validation: float, folder: Path) -> None:
    """Splits the data set by patient and writes its arrays and table, sorted by split, patient and follow-up.

    Sorted so, a split is a slice of the memory map, which costs no copy. A label that nobody gave is an empty field.
    """
    table = hold_out_validation(dataset.table(request), validation, request.seed)
    check_table(table, dataset.findings)
    spacing = [column for column in SPACING if column in table.columns]
    table = table[[*COLUMNS, *spacing, *dataset.findings]]
    order = pd.Categorical(table["split"], categories=SPLITS, ordered=True).codes
    table = table.assign(order=order).sort_values(["order", "patient", "follow_up", "image"]).drop(columns="order")
    image = (1, request.size, request.size)
    shapes = {"images": image, "masks": image, "locations": (len(dataset.findings), CELLS, CELLS)}
    chunks = dataset.read(table, request)
    first = next(chunks)
    with ExitStack() as files:
        writers = {
            name: files.enter_context(ArrayWriter(folder / file, (len(table), *shapes[name])))
            for name, file in FILES.items()
            if getattr(first, name) is not None
        }
        for chunk in chain([first], chunks):
            for name in FILES:
                rows: np.ndarray | None = getattr(chunk, name)
                if (rows is None) == (name in writers):
                    raise PrivbenchError(
                        f"The data set {dataset.name} gives {name} for some images alone: give all or none."
                    )
                if rows is not None:
                    writers[name].append(rows)
    # Nullable integers write 0, 1 and nothing; floats, which can hold NaN, would write 0.0 and 1.0.
    table.astype(dict.fromkeys(dataset.findings, "Int64")).to_csv(folder / TABLE, index=False)


def read_splits(folder: Path, findings: tuple[str, ...], pairs: PairsSection | None, seed: int) -> dict[str, Split]:
    """Train, val and test, each with its verification pairs, and with masks and locations where they were written.

    The pairs are drawn by seed or read from the lists that the protocol names; there are none where none are wanted.
    """
    arrays = {name: read_array(folder / file) for name, file in FILES.items() if (folder / file).is_file()}
    table = pd.read_csv(
        folder / TABLE,
        dtype={"image": str, "sex": str, "view": str},
        keep_default_na=False,  # an empty text, or one that reads NA, is a text
        na_values={column: [""] for column in (*SPACING, *findings)},
    )
    splits = {}
    for name in SPLITS:
        rows = table.index[table["split"] == name]
        part = table.loc[rows].reset_index(drop=True)
        splits[name] = Split(
            table=part,
            findings=findings,
            pairs=_NO_PAIRS if pairs is None else _pairs(part, name, pairs, seed),
            **{kind: array[rows[0] : rows[-1] + 1] for kind, array in arrays.items()},
        )
    return splits


def guidance_pairs(train: Split, pairs: PairsSection, seed: int) -> Pairs:
    """The training pairs of the guidance verifier, which sees other and usually more of them than an attack."""
    rng = numpy_generator(seed, "pairs", "guidance")
    return draw_pairs(train.patients, pairs.guidance, pairs.cap, rng, "train")


def _pairs(table: pd.DataFrame, split: str, pairs: PairsSection, seed: int) -> Pairs:
    file = pairs.file(split)
    if file is not None:
        return read_pairs(file, table, split)
    wanted: int = getattr(pairs, split)
    return draw_pairs(table["patient"].to_numpy(), wanted, pairs.cap, numpy_generator(seed, "pairs", split), split)
