"""Turns a data set into its cached copy, and the copy into splits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..base.files import digest_of, sha256
from ..data.arrays import read_array
from ..data.decoded import opened
from ..data.exclusion import Exclusion
from ..data.likeness import Likeness
from ..data.notices import Notice, write_notices
from ..data.pairs import NO_PAIRS
from ..data.pseudonyms import PSEUDONYMS, with_pseudonyms
from ..data.splits import COLUMNS, SPACING, SPLITS, Split, hold_out_validation
from ..data.squares import Fit
from ..data.table import check_splits
from ..plugins.interfaces import DataRequest, Dataset
from .decoding import FILES, Kept, decode, kept_nowhere, sound_table
from .stage_names import DATA

if TYPE_CHECKING:
    from ..engine.node import Node, Nodes, Reads
    from ..learning.context import Context

TABLE = "table.csv"

Check = Callable[[pd.DataFrame], None]
"""Raises PrivbenchError where a table, final and sorted, does not serve the protocol, before any image is read."""
_BLOCK = 256  # images that are looked at together


@dataclass(frozen=True)
class ReadData:
    """Makes the cached copy of a data set, with so many helpers.

    What is decoded is kept in the folder `decoded`; `source` tells the data set's source from others.
    """

    dataset: Dataset
    size: int
    fit: Fit
    validation: float
    root: Path | None
    helpers: int
    exclude: Exclusion
    check: Check
    decoded: Path
    source: str = ""

    def __call__(self, reads: Reads, folder: Path, ctx: Context) -> None:
        request = DataRequest(
            self.size, ctx.seed, self.root, self.helpers, ctx.progress, fit=self.fit, exclude=self.exclude,
            tell_decoding=ctx.decodings.append,
        )  # fmt: skip
        with opened(self.decoded) as decoded:
            kept = Kept(decoded, self.source, f"{DATA.kind}/{folder.name}")
            write_data(self.dataset, request, self.validation, folder, self.check, kept)


def data_node(nodes: Nodes, work: ReadData, source: Mapping[str, Any]) -> Node:
    """The cached copy of a data set. `source` tells one from another, as the data set says."""
    pixels = work.dataset.terms() | {"size": work.size, "fit": work.fit}
    config = pixels | {"source": source, "validation": work.validation}
    if work.exclude.names:
        config["exclude"] = digest_of(sorted(work.exclude.names))
    node = nodes.node(DATA, config, [], work, [work.dataset])
    # Neither of these changes what an image is decoded to: once some are mended or left out, the others stay.
    told = {name: value for name, value in node.config.items() if name not in ("source", "validation", "exclude")}
    decoded = work.decoded / digest_of([node.version, told])[:24]
    return replace(node, work=replace(work, decoded=decoded, source=digest_of(source)))


def write_data(
    dataset: Dataset, request: DataRequest, validation: float, folder: Path, check: Check, kept: Kept | None = None
) -> None:
    """Splits the data set by patient and writes its arrays, table and notices, sorted by split, patient and follow-up.

    Sorted so, a split is a slice of the memory map, which costs no copy. A label that nobody gave is an empty field.

    Args:
        dataset: what is written.
        request: how it is read.
        validation: the share of the train_val patients that is held out.
        folder: where it is written.
        check: what the table has to pass before an image is read.
        kept: what was decoded before, and where more is kept; None where nobody is to go on from here.

    Raises:
        PrivbenchError: the table or the images are not sound, or more than 1 % of the images are copies, or blank.
    """
    notices: list[Notice] = []
    request = replace(request, notice=notices.append)
    table = hold_out_validation(sound_table(dataset, request), validation, request.seed)
    check_splits(table, dataset.findings)
    ordered = table.assign(split=pd.Categorical(table["split"], categories=SPLITS, ordered=True))
    ordered = ordered.sort_values(["split", "patient", "follow_up", "image"], ignore_index=True)
    table = ordered.astype({"split": table["split"].dtype})
    check(table)
    files = {name: folder / file for name, file in FILES.items()}
    with kept_nowhere(folder) if kept is None else nullcontext(kept) as keeping:
        decode(dataset, table, request, keeping)
        keeping.decoded.deliver(keeping.marks(table), files, keeping.stage)
    if request.exclude.names:
        notices.append(Notice(f"{len(request.exclude.names)} images were left out, as data.exclude_file says"))
    notices += _alike(table["image"].tolist(), read_array(files["images"]))
    # Other columns, such as where an image lies, were for read() alone.
    stored = table[[*COLUMNS, *(column for column in SPACING if column in table.columns), *dataset.findings]]
    if not dataset.public:
        stored = with_pseudonyms(stored, [sha256(files["images"])])
    write_notices(notices, folder)
    # Nullable integers write 0, 1 and nothing; floats, which can hold NaN, would write 0.0 and 1.0.
    stored.astype(dict.fromkeys(dataset.findings, "Int64")).to_csv(folder / TABLE, index=False)


def _alike(names: list[str], images: np.ndarray) -> list[Notice]:
    """What is told of copies and blank images. Raises PrivbenchError where they are too many."""
    likeness = Likeness()
    for first in range(0, len(images), _BLOCK):
        likeness.add(images[first : first + _BLOCK], names[first : first + _BLOCK])
    return likeness.judge()


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
