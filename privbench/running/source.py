"""What the first stages of a run put out, as all others read it again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import accumulate
from typing import TYPE_CHECKING

import numpy as np
import torch

from ..data.arrays import read_array
from ..data.pairs import Pairs
from ..data.splits import Split
from ..learning.guidance import Guidance, untrained_embedder, untrained_guidance
from ..learning.states import load_state
from .loading import read_splits
from .stage_names import CLASSIFIER, DATA, EMBEDDER, IMAGES_FILE, RELEASE, VERIFIER

if TYPE_CHECKING:
    from ..engine.node import Node, Nodes, Reads
    from ..learning.recipes import GuidanceRecipe


@dataclass(frozen=True)
class Shown:
    """The images of a run by split: the originals with all that is known of them; and the releases, by number.

    `published` holds, of splits of which not all images are released, the rows that are.

    Shape: releases (n, 1, H, W), uint8, rows as those of the originals that are released; published (n,), int.
    """

    originals: Mapping[str, Split]
    releases: Sequence[Mapping[str, np.ndarray]]
    published: Mapping[str, np.ndarray] = field(default_factory=dict)
    _parts: dict[str, Split] = field(default_factory=dict, init=False, repr=False, compare=False)

    def attacked(self, name: str) -> Split:
        """The originals of those images of a split that are released."""
        if name not in self.published:
            return self.originals[name]
        if name not in self._parts:  # its images are copied
            self._parts[name] = self.originals[name].among(self.published[name])
        return self._parts[name]

    def rows(self, name: str) -> np.ndarray:
        """Their rows. Shape: (n,), int."""
        return self.published.get(name, np.arange(len(self.originals[name].images)))

    def released(self, name: str) -> Split:
        """The release of a split that is published, with all that is known of its originals."""
        return self.attacked(name).with_images(self.releases[0][name])


@dataclass(frozen=True)
class Source:
    """What a work has to know to read data, releases and guidance; it travels with the work.

    `pairs` are those of each split. `rows` are the training images that there are for this work, in order; None where
    all are. Shape: (n,), int.
    `collection` is the published one whose patients they are; None where they are of none. `published` holds, of
    splits of which not all images are released, the rows that are. Shape: (n,), int, each.
    """

    findings: tuple[str, ...]
    recipe: GuidanceRecipe
    pairs: Mapping[str, Pairs]
    rows: np.ndarray | None = None
    collection: str | None = None
    published: Mapping[str, np.ndarray] = field(default_factory=dict)

    def shown(self, reads: Reads) -> Shown:
        """The data, and the releases that are among what is read."""
        splits = read_splits(reads[DATA], self.findings)
        counts = [len(self.published.get(name, split.images)) for name, split in splits.items()]
        ends = list(accumulate(counts))[:-1]
        names = sorted((name for name in reads if name.kind == RELEASE.kind), key=lambda name: name.number or 0)
        releases = [
            dict(zip(splits, _parted(read_array(reads[name] / IMAGES_FILE), ends), strict=True)) for name in names
        ]
        if self.rows is not None:
            train = splits["train"]
            table = train.table.iloc[self.rows].reset_index(drop=True)
            splits["train"] = Split(train.images[self.rows], table, train.findings, train.pairs)
            releases = [{**release, "train": release["train"][self.rows]} for release in releases]
        originals = {name: replace(split, pairs=self.pairs[name]) for name, split in splits.items()}
        return Shown(originals, releases, self.published)

    def guidance(self, reads: Reads, device: torch.device) -> Guidance:
        """The guidance networks; verifier and embedder are there where they are among what is read."""
        guidance = untrained_guidance(self.recipe, len(self.findings), device)
        guidance.classifier.load_state_dict(load_state(reads[CLASSIFIER]))
        if VERIFIER in reads:
            guidance.verifier.load_state_dict(load_state(reads[VERIFIER]))
        else:
            guidance = replace(guidance, known_verifier=None)
        if EMBEDDER not in reads or self.recipe.embedder is None:
            return guidance
        embedder = untrained_embedder(self.recipe.embedder, device)
        embedder.load_state_dict(load_state(reads[EMBEDDER]))
        return replace(guidance, embedder=embedder)


def _parted(images: np.ndarray, ends: Sequence[int]) -> list[np.ndarray]:
    """Slices of one array, which copy nothing."""
    return [images[start:end] for start, end in zip([0, *ends], [*ends, len(images)], strict=True)]


@dataclass(frozen=True)
class Common:
    """The nodes of a run that attacks and utility tasks read, and what their works need to read them.

    There is no verifier, and no embedder, where the data set names no patients.
    """

    nodes: Nodes
    source: Source
    data: Node
    classifier: Node
    verifier: Node | None
    embedder: Node | None
    anonymizer: Node
    releases: tuple[Node, ...]

    @property
    def guidance(self) -> tuple[Node, ...]:
        """What whoever learns beside the guidance reads of it."""
        return (self.classifier,) if self.verifier is None else (self.classifier, self.verifier)

    @cached_property
    def untrained(self) -> Guidance:
        """The guidance as it is before it has learnt, for what its recipe alone decides."""
        return untrained_guidance(self.source.recipe, len(self.source.findings), torch.device("cpu"))
