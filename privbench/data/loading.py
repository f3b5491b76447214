"""Turns a data set into its cached copy, and the copy into splits with pairs."""

from __future__ import annotations

from contextlib import ExitStack
from itertools import chain
from pathlib import Path

import pandas as pd

from ..interfaces import DataRequest, Dataset
from ..protocol import PairsSection
from ..seeds import numpy_generator
from .arrays import ArrayWriter, read_array
from .pairs import Pairs, draw_pairs, read_pairs
from .splits import COLUMNS, SPLITS, Split, check_table, hold_out_validation

IMAGES, MASKS, TABLE = "images.npy", "masks.npy", "table.csv"


def write_data(dataset: Dataset, request: DataRequest, validation: float, folder: Path) -> None:
    """Splits the data set by patient and writes images, masks and table, sorted by split, patient and follow-up.

    Sorted so, a split is a slice of the memory map, which costs no copy.
    """
    table = hold_out_validation(dataset.table(request), validation, request.seed)
    check_table(table, dataset.findings)
    table = table[[*COLUMNS, *dataset.findings]]
    order = pd.Categorical(table["split"], categories=SPLITS, ordered=True).codes
    table = table.assign(order=order).sort_values(["order", "patient", "follow_up", "image"]).drop(columns="order")
    shape = (len(table), 1, request.size, request.size)
    chunks = dataset.read(table, request)
    first = next(chunks)
    with ExitStack() as files:
        images = files.enter_context(ArrayWriter(folder / IMAGES, shape))
        masks = files.enter_context(ArrayWriter(folder / MASKS, shape)) if first.masks is not None else None
        for chunk in chain([first], chunks):
            images.append(chunk.images)
            if masks is not None and chunk.masks is not None:
                masks.append(chunk.masks)
    table.to_csv(folder / TABLE, index=False)


def read_splits(folder: Path, findings: tuple[str, ...], pairs: PairsSection, seed: int) -> dict[str, Split]:
    """Train, val and test, each with its verification pairs.

    The pairs are drawn by seed or read from the lists that the protocol names.
    """
    images = read_array(folder / IMAGES)
    table = pd.read_csv(folder / TABLE, dtype={"image": str, "sex": str, "view": str}, keep_default_na=False)
    splits = {}
    for name in SPLITS:
        rows = table.index[table["split"] == name]
        part = table.loc[rows].reset_index(drop=True)
        splits[name] = Split(
            images=images[rows[0] : rows[-1] + 1],
            table=part,
            findings=findings,
            pairs=_pairs(part, name, pairs, seed),
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
