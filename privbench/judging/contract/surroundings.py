"""What a plugin is checked with: a small data set, untrained guidance, galleries."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import Tensor

from ...base.progress import Progress
from ...data.gallery import Gallery, KnownGallery
from ...data.splits import COLUMNS, Split
from ...learning.context import Context
from ...learning.generators import global_seed
from ...learning.guidance import Guidance, untrained_embedder, untrained_guidance
from ...learning.recipes import GuidanceRecipe
from ...plugins.interfaces import DataRequest, Dataset
from ...protocols.kinds import Compared, Kind
from ...protocols.schema import PairsSection
from ...running.loading import read_splits, write_data
from ...running.pairing import with_pairs

_IMAGES = 12
MANY = 264
"""More images than the harness hands over at once."""
EDGES = ("a dark image", "a bright image", "a grey image", "an image", "that image with another pixel", "it again")
"""What images are tried beside those of patients."""


@dataclass(frozen=True)
class Surroundings:
    """A small data set, which lies in a folder, untrained guidance, and a device; of data sets, where theirs lies."""

    splits: Mapping[str, Split]
    guidance: Guidance
    fabric: Fabric
    folder: Path
    root: Path | None = None

    def context(self) -> Context:
        """A fresh one, the same each time."""
        return Context(self.fabric, 0, "contract", Progress(quiet=True))

    @property
    def images(self) -> Tensor:
        """A few test images. Shape: (12, 1, H, W), float in [0, 1], on the device."""
        pixels = torch.from_numpy(self.splits["test"].images[:_IMAGES].copy())
        return pixels.float().div(255).to(self.fabric.device)

    @property
    def edges(self) -> np.ndarray:
        """The images of EDGES. Shape: (6, 1, H, W), uint8."""
        image = self.splits["test"].images[0]
        other = image.copy()
        other[0, 0, 0] ^= 255
        return np.stack([*(np.full_like(image, grey) for grey in (0, 255, 128)), image, other, image])

    @property
    def many(self) -> Tensor:
        """The images of EDGES, and test images again and again. Shape: (MANY, 1, H, W), as `images`."""
        edges, test = self.edges, self.splits["test"].images
        pixels = np.concatenate([edges, test[np.arange(MANY - len(edges)) % len(test)]])
        return torch.from_numpy(pixels).float().div(255).to(self.fabric.device)

    @property
    def request(self) -> DataRequest:
        """What a data set is asked for."""
        return DataRequest(self.splits["test"].images.shape[-1], 0, self.root, 1, Progress(quiet=True))

    def at(self, root: Path | None) -> Surroundings:
        """The same beside a data set of that folder."""
        return replace(self, root=root)

    def without_masks(self) -> Surroundings:
        """The same images where nobody knows masks and locations."""
        splits = {name: replace(split, masks=None, locations=None) for name, split in self.splits.items()}
        return replace(self, splits=splits)

    def with_other_test_images(self) -> Surroundings:
        """The same training and validation images, next to other test images in the same block of memory.

        Splits are slices of one array, as in a run: whoever looks beyond his own slice sees something else here.
        """
        order = list(self.splits)
        parts = [self.splits[name].images for name in order]
        whole = np.concatenate(
            [255 - part if name == "test" else part for name, part in zip(order, parts, strict=True)]
        )
        starts = np.cumsum([0, *map(len, parts)])
        splits = {
            name: replace(self.splits[name], images=whole[start : start + len(part)])
            for name, start, part in zip(order, starts, parts, strict=False)
        }
        return replace(self, splits=splits)

    def gallery(self, kinds: Compared, releases: int = 0) -> Gallery:
        """Test images; anonymized ones are the originals with inverted grey values and a little noise."""
        return self._gallery(self.splits["test"].images, kinds, releases)

    def edge_gallery(self, kinds: Compared, releases: int = 0) -> Gallery:
        """The same of the images of EDGES."""
        return self._gallery(self.edges, kinds, releases)

    def _gallery(self, originals: np.ndarray, kinds: Compared, releases: int) -> Gallery:
        images = {Kind.ORIGINAL: originals, Kind.ANONYMIZED: 255 - originals}
        return Gallery(images[kinds.probes], images[kinds.references], self._releases(images, kinds, releases))

    def known(self, split: str, kinds: Compared, releases: int = 0) -> KnownGallery:
        """Images of a split whose patients are known."""
        images, part = self._images(split), self.splits[split]
        more = self._releases(images, kinds, releases)
        table = part.table[[column for column in COLUMNS if column != "split"]]
        return KnownGallery(images[kinds.probes], images[kinds.references], more, pairs=part.pairs, table=table)

    def _images(self, split: str) -> dict[Kind, np.ndarray]:
        originals = self.splits[split].images
        return {Kind.ORIGINAL: originals, Kind.ANONYMIZED: 255 - originals}

    def _releases(self, images: Mapping[Kind, np.ndarray], kinds: Compared, count: int) -> tuple[np.ndarray, ...]:
        """Further releases of the probes, where these are anonymized."""
        numbers = range(count) if kinds.probes is Kind.ANONYMIZED else ()
        return tuple(self._noisy(images[Kind.ANONYMIZED], number) for number in numbers)

    @staticmethod
    def _noisy(images: np.ndarray, number: int) -> np.ndarray:
        noise = np.random.default_rng(number).integers(-8, 9, images.shape)
        return (images.astype(np.int16) + noise).clip(0, 255).astype(np.uint8)


@contextmanager
def surroundings(dataset: Dataset, recipe: GuidanceRecipe, size: int, fabric: Fabric) -> Iterator[Surroundings]:
    """Surroundings on a data set, which lies in a temporary folder meanwhile."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_data(dataset, DataRequest(size, 0, None, 1, Progress(quiet=True)), 0.25, folder, lambda table: None)
        yield read_surroundings(folder, dataset.findings, recipe, fabric)


def read_surroundings(folder: Path, findings: tuple[str, ...], recipe: GuidanceRecipe, fabric: Fabric) -> Surroundings:
    """Those on the data set that was written there: the same each time."""
    pairs = PairsSection(guidance=20, train=60, val=20, test=20, cap=5)
    splits = with_pairs(read_splits(folder, findings), pairs, 0)
    with global_seed(0, "contract"):
        guidance = untrained_guidance(recipe, len(findings), fabric.device)
        if recipe.embedder is not None:
            guidance = replace(guidance, embedder=untrained_embedder(recipe.embedder, fabric.device))
    return Surroundings(splits, guidance, fabric, folder)
