"""Whose radiographs are published: every released test image beside all originals that the publisher holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..data.splits import Split
from ..metrics.copies import Nearest, describe, nearest
from ..protocols.kinds import Kind
from ..record.scores import COPIES_COLUMNS, nearest_originals, read_scores, stacked, write_scores
from .source import Common, Source
from .stage_names import COPIES, COPIES_FILE, ORIGINALS_ALIKE

if TYPE_CHECKING:
    from ..engine.node import Node, Nodes, Reads
    from ..learning.context import Context


@dataclass(frozen=True)
class CompareOriginals:
    """Looks for the original of another visit that each test original is most like: so alike are different images."""

    source: Source

    def __call__(self, reads: Reads, folder: Path, ctx: Context) -> None:
        originals = self.source.shown(reads).originals
        test = originals["test"]
        found = _found(Kind.ORIGINAL, test, np.arange(len(test.images)), originals, ctx)
        write_scores(found, folder / COPIES_FILE)


@dataclass(frozen=True)
class CompareReleases:
    """Looks for the original that each released test image is most like.

    `unchanged` tells that releases are the originals to the bit: then nothing is left to look for.
    """

    source: Source
    unchanged: bool

    def __call__(self, reads: Reads, folder: Path, ctx: Context) -> None:
        shown = self.source.shown(reads)
        if self.unchanged:
            others = read_scores(reads[ORIGINALS_ALIKE] / COPIES_FILE)
            found = _own_copies(shown.originals["test"], others)
        else:
            found = _found(Kind.ANONYMIZED, shown.released("test"), shown.rows("test"), shown.originals, ctx)
        write_scores(found, folder / COPIES_FILE)


def _found(kind: Kind, test: Split, rows: np.ndarray, originals: Mapping[str, Split], ctx: Context) -> pd.DataFrame:
    """What test images, shown in that kind, are most like in each split. Shape: rows (n,), of the test's originals.

    Originals are not compared with those of their own visit: how alike different images are is to be known.
    """
    described, parts = describe(test.images, ctx.device), []
    with ctx.progress.task("looking for copies", total=sum(len(split.images) for split in originals.values())) as told:
        for name, split in originals.items():
            themselves = kind is Kind.ORIGINAL and name == "test"
            others = described if themselves else describe(split.images, ctx.device)
            own = rows if name == "test" and not themselves else None
            near = nearest(described, others, own=own, visits=split.visits if themselves else None)
            parts.append(nearest_originals(kind, test, name, split, near, _exact(test.images, split, near)))
            told(len(split.images))
    return stacked(parts, COPIES_COLUMNS)


def _exact(images: np.ndarray, originals: Split, near: Nearest) -> np.ndarray:
    """Whether each image equals the original that it is most like, to the bit. Shape: (N,), bool."""
    pairs = zip(images, near.rows, strict=True)
    return np.array([row >= 0 and np.array_equal(image, originals.images[row]) for image, row in pairs], bool)


def _own_copies(test: Split, others: pd.DataFrame) -> pd.DataFrame:
    """What unchanged releases are most like: themselves, unless they are blank; of other splits, what originals are."""
    content = np.array([image.min() != image.max() for image in test.images])
    rows = np.where(content, np.arange(len(content)), -1)
    own = nearest_originals(Kind.ANONYMIZED, test, "test", test, Nearest(rows, content.astype(np.float32)), content)
    elsewhere = others[others["split"] != "test"].assign(shown=str(Kind.ANONYMIZED))
    return stacked([elsewhere, own], COPIES_COLUMNS)


def originals_alike(nodes: Nodes, data: Node, source: Source) -> Node:
    """What looks for the originals that test originals are most like."""
    return nodes.node(ORIGINALS_ALIKE, {}, [data], CompareOriginals(source))


def copy_nodes(common: Common, unchanged: bool) -> list[Node]:
    """What looks for copies: among the originals, which all runs on the same data share, and in the release."""
    nodes, source = common.nodes, common.source
    alike = originals_alike(nodes, common.data, source)
    inputs = [common.data, alike if unchanged else common.releases[0]]
    return [alike, nodes.node(COPIES, {}, inputs, CompareReleases(source, unchanged))]
