"""One image after another, from its file to its release: what each of the processes does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from ..base.errors import PrivbenchError
from ..base.files import digest_of, sha256
from ..datasets.dicom_pixels import shown_greys
from ..datasets.image_files import Grey, plain_greys
from ..datasets.radiographs import shrunk
from ..metrics.bright_marks import Box
from ..metrics.deformation import moved
from ..plugins.interfaces import Anonymizer
from ..running.release import anonymized, with_8_bits
from .files import ENDINGS, SourceFile, read_source, write_release
from .full_size import moved_at_full_size
from .marks import boxes_of, painted
from .method import Method
from .names import NewNames
from .noise import secret_generator

_TOLERANCE = 1e-4  # 8 bits do not see it

_ready: list[tuple[Method, str, Anonymizer]] = []
"""The method of this process with its device, once it has one: it comes with every task, and is made ready once."""


class Made(NamedTuple):
    """A released file: its source, what it is called, and its SHA-256."""

    source: str
    name: str
    digest: str


class Failed(NamedTuple):
    """Why an image could not be anonymized, in a sentence."""

    source: str
    text: str


class ReadImage(NamedTuple):
    """An image, and its version as a run shows it to the method. Shape: small (size, size), uint8."""

    source: SourceFile
    small: np.ndarray


@dataclass(frozen=True)
class Making:
    """Makes the releases of some images.

    `folder` takes the files, each under its final name once it is whole; `depth` is the collection's, in bits. Where
    `masked`, bright marks near the border are painted over first. `threads` are those of torch, in a process of its
    own.
    """

    method: Method
    folder: Path
    key: bytes
    depth: int
    masked: bool
    device: str
    threads: int | None

    @property
    def terms(self) -> str:
        """The digest of all that decides what is made of an image, but the key."""
        method = self.method
        told = [method.record.model_dump(mode="json"), method.weights, method.size, method.fit, method.at_trained_size]
        return digest_of([*told, self.depth, self.masked])

    @torch.no_grad()
    def __call__(self, images: Sequence[tuple[str, Path]]) -> list[Made | Failed]:
        """Of each image, by its name and where it lies, what became of it.

        Raises:
            PrivbenchError: the method fails, or does not what it declares.
        """
        if self.threads is not None:
            torch.set_num_threads(self.threads)
        seen = self.read(images)
        read = {name: one for name, one in seen.items() if isinstance(one, ReadImage)}
        outcome: dict[str, Made | Failed] = {name: one for name, one in seen.items() if isinstance(one, Failed)}
        if read:
            small = np.stack([one.small for one in read.values()])[:, None]
            batch = torch.from_numpy(small).to(self.device).float().div_(255)
            released = self._repainted if self.method.at_trained_size else self._moved
            for (name, one), pixels in zip(read.items(), released(batch, read), strict=True):
                outcome[name] = self._write(name, one.source, pixels)
        return [outcome[name] for name, _ in images]

    def read(self, images: Sequence[tuple[str, Path]]) -> dict[str, ReadImage | Failed]:
        """The images, by their names, or why they cannot be read."""
        read: dict[str, ReadImage | Failed] = {}
        for name, path in images:
            try:
                source = read_source(path, self.depth)
                shown = _shown(source)
                boxes = boxes_of(np.asarray(shown.image), _brightest(source, shown)) if self.masked else ()
                pixels = painted(source.pixels, boxes)
                read[name] = ReadImage(replace(source, pixels=pixels), self._small(source, shown, boxes))
            except PrivbenchError as error:
                read[name] = Failed(name, str(error))
        return read

    def _small(self, source: SourceFile, shown: Grey, boxes: tuple[Box, ...]) -> np.ndarray:
        grey = Grey(Image.fromarray(painted(np.asarray(shown.image), boxes)), shown.white)
        return shrunk(grey, self.method.size, source.largest.bit_length(), self.method.fit)

    def _anonymizer(self) -> tuple[Anonymizer, bool]:
        """The method, and whether it was made just now."""
        for method, device, anonymizer in _ready:
            if (method, device) == (self.method, self.device):
                return anonymizer, False
        anonymizer = self.method.ready(torch.device(self.device))
        _ready[:] = [(self.method, self.device, anonymizer)]
        return anonymizer, True

    def _moved(self, small: Tensor, read: Mapping[str, ReadImage]) -> Iterator[np.ndarray]:
        """The images as stored, moved as their small versions are. Shape: (H, W) each, of their own type."""
        anonymizer, is_new = self._anonymizer()
        sources = iter(read.values())
        for part in self._parts(small):
            displacement = anonymizer.displacement(part)
            if is_new:
                _check_that_it_moves_alone(anonymizer, part, displacement)
                is_new = False
            if displacement is not None and not bool(displacement.isfinite().all()):
                raise PrivbenchError(f"The anonymizer {anonymizer.name!r} moves pixels to nowhere: mend the plugin.")
            for row in range(len(part)):
                own = None if displacement is None else displacement[row].float()
                source = next(sources).source
                yield moved_at_full_size(source.pixels, own, self.method.fit, source.padding)

    def _repainted(self, small: Tensor, read: Mapping[str, ReadImage]) -> Iterator[np.ndarray]:
        """What the method makes of the small versions. Shape: (size, size) each, uint8."""
        anonymizer, _ = self._anonymizer()
        if anonymizer.deterministic:
            for part in self._parts(small):
                yield from with_8_bits(anonymized(anonymizer, part, torch.Generator()))[:, 0]
            return
        terms = self.terms
        for (name, one), image in zip(read.items(), small.split(1), strict=True):
            generator = secret_generator(self.key, name, one.source.pixels, terms)
            yield with_8_bits(anonymized(anonymizer, image, generator))[0, 0]

    def _parts(self, small: Tensor) -> Sequence[Tensor]:
        """All at once; on a processor, whose caches hold no more, one by one, so that each hangs on itself alone."""
        return small.split(1 if self.device == "cpu" else len(small))

    def _write(self, name: str, source: SourceFile, pixels: np.ndarray) -> Made | Failed:
        if self.method.at_trained_size:
            source = SourceFile(source.path, "png", pixels, 255, None)
        names = NewNames(self.key)
        file = self.folder / f"{names.file(name)}{ENDINGS[source.form]}"
        try:
            write_release(source, pixels, file, names)
        except PrivbenchError as error:
            return Failed(name, str(error))
        return Made(name, file.name, sha256(file))


def _shown(source: SourceFile) -> Grey:
    """The picture as it is shown: of a DICOM file its header tells which greys are, and how."""
    if source.header is None:
        return plain_greys(source.pixels)
    rule = source.header.rule
    return shown_greys(rule, rule.turned(source.pixels.astype(np.int32)))


def _brightest(source: SourceFile, shown: Grey) -> float:
    """The grey beside which marks are bright: of 16 bits the largest that is there, as few fill them."""
    if shown.white is not None:
        return shown.white
    return 255.0 if source.pixels.dtype == np.uint8 else float(max(1, source.pixels.max()))


def _check_that_it_moves_alone(anonymizer: Anonymizer, small: Tensor, displacement: Tensor | None) -> None:
    released = anonymized(anonymizer, small, torch.Generator())
    difference = released - (small if displacement is None else moved(small, displacement))
    if not bool((difference.abs() <= _TOLERANCE).all()):  # NaN fails as well
        raise PrivbenchError(
            f"The anonymizer {anonymizer.name!r} declares moves_pixels_alone, and releases something else than its "
            "displacement tells: mend the plugin, or add --at-trained-size."
        )
