"""Turns a data set into its cached copy, and the copy into splits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..base.errors import PrivbenchError
from ..base.files import sha256
from ..data.arrays import ArrayWriter, read_array
from ..data.likeness import Likeness
from ..data.notices import Notice, write_notices
from ..data.pairs import NO_PAIRS
from ..data.pseudonyms import PSEUDONYMS, with_pseudonyms
from ..data.splits import CELLS, COLUMNS, SPACING, SPLITS, Split, hold_out_validation
from ..data.squares import Fit
from ..data.table import check_splits, checked_rows
from ..plugins.interfaces import DataRequest, Dataset
from .stage_names import DATA, IMAGES_FILE

if TYPE_CHECKING:
    from ..engine.node import Node, Nodes, Reads
    from ..learning.context import Context

TABLE = "table.csv"
FILES = {"images": IMAGES_FILE, "masks": "masks.npy", "locations": "locations.npy"}
"""Where the arrays of a Chunk lie."""


Check = Callable[[pd.DataFrame], None]
"""Raises PrivbenchError where a table, final and sorted, does not serve the protocol, before any image is read."""


@dataclass(frozen=True)
class ReadData:
    """Makes the cached copy of a data set, with so many helpers."""

    dataset: Dataset
    size: int
    fit: Fit
    validation: float
    root: Path | None
    helpers: int
    check: Check

    def __call__(self, reads: Reads, folder: Path, ctx: Context) -> None:
        request = DataRequest(self.size, ctx.seed, self.root, self.helpers, ctx.progress, fit=self.fit)
        write_data(self.dataset, request, self.validation, folder, self.check)


def data_node(nodes: Nodes, work: ReadData, source: Mapping[str, Any]) -> Node:
    """The cached copy of a data set. `source` tells one from another, as the data set says."""
    config = work.dataset.terms() | {"source": source, "size": work.size, "fit": work.fit}
    config |= {"validation": work.validation}
    return nodes.node(DATA, config, [], work, [work.dataset])


def write_data(dataset: Dataset, request: DataRequest, validation: float, folder: Path, check: Check) -> None:
    """Splits the data set by patient and writes its arrays, table and notices, sorted by split, patient and follow-up.

    Sorted so, a split is a slice of the memory map, which costs no copy. A label that nobody gave is an empty field.

    Raises:
        PrivbenchError: the table or the images are not sound, or more than 1 % of the images are copies, or blank.
    """
    notices: list[Notice] = []
    request = replace(request, notice=notices.append)
    table = checked_rows(dataset.table(request), dataset.findings)
    table = hold_out_validation(table, validation, request.seed)
    check_splits(table, dataset.findings)
    ordered = table.assign(split=pd.Categorical(table["split"], categories=SPLITS, ordered=True))
    ordered = ordered.sort_values(["split", "patient", "follow_up", "image"], ignore_index=True)
    table = ordered.astype({"split": table["split"].dtype})
    check(table)
    image = (1, request.size, request.size)
    shapes = {"images": image, "masks": image, "locations": (len(dataset.findings), CELLS, CELLS)}
    chunks = dataset.read(table, request)
    if (first := next(chunks, None)) is None:
        raise PrivbenchError(
            f"The data set {dataset.name} lists {len(table)} images and hands out none: mend its read()."
        )
    likeness = Likeness(table["image"].tolist())
    with ExitStack() as files:
        writers = {
            name: files.enter_context(ArrayWriter(folder / file, (len(table), *shapes[name])))
            for name, file in FILES.items()
            if getattr(first, name) is not None
        }
        for chunk in chain([first], chunks):
            likeness.add(chunk.images)
            for name in FILES:
                rows: np.ndarray | None = getattr(chunk, name)
                if (rows is None) == (name in writers):
                    raise PrivbenchError(
                        f"The data set {dataset.name} gives {name} for some images alone: give all or none."
                    )
                if rows is not None:
                    writers[name].append(rows)
    # Other columns, such as where an image lies, were for read() alone.
    stored = table[[*COLUMNS, *(column for column in SPACING if column in table.columns), *dataset.findings]]
    if not dataset.public:
        stored = with_pseudonyms(stored, [sha256(folder / FILES["images"])])
    write_notices([*notices, *likeness.judge()], folder)
    # Nullable integers write 0, 1 and nothing; floats, which can hold NaN, would write 0.0 and 1.0.
    stored.astype(dict.fromkeys(dataset.findings, "Int64")).to_csv(folder / TABLE, index=False)


def read_splits(folder: Path, findings: tuple[str, ...]) -> dict[str, Split]:
    """Train, val and test, with masks and locations where they were written, and without pairs."""
    arrays = {name: read_array(folder / file) for name, file in FILES.items() if (folder / file).is_file()}
    table = pd.read_csv(
        folder / TABLE,
        dtype=dict.fromkeys(("image", "patient", "study", "sex", "view", *PSEUDONYMS.values()), str),
        keep_default_na=False,  # an empty text, or one that reads NA, is a text
        na_values={column: [""] for column in ("follow_up", "age", *SPACING, *findings)},
    )
    splits = {}
    for name in SPLITS:
        rows = table.index[table["split"] == name]
        splits[name] = Split(
            table=table.loc[rows].reset_index(drop=True),
            findings=findings,
            pairs=NO_PAIRS,
            **{kind: array[rows[0] : rows[-1] + 1] for kind, array in arrays.items()},
        )
    return splits
