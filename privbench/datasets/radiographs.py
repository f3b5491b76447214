"""Radiographs from files, as square images of 8-bit grey values: what the files hold is read, or refused."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import closing
from functools import partial
from itertools import repeat
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from ..base.errors import PrivbenchError, raise_all
from ..base.processes import map_in_processes
from ..data.notices import SHOWN, Notice
from ..data.squares import Fit, side_of_square
from ..plugins.interfaces import Chunk, DataRequest
from .dicom_files import is_dicom
from .dicom_pixels import load_dicom, survey_dicom
from .image_files import Survey, load_grey, opened, survey_file

_SMALLEST = 4
"""An image below a quarter of the wanted size on a side holds too little to be enlarged."""
_HIGHEST = 3  # bit 1 lungs, bit 2 heart
_CHUNK = 256
_TASK = 16
"""Images that a process decodes at a time."""


class Collection(NamedTuple):
    """What the files of a collection are: the bit depth of their grey values, 8 to 16, and the sides of each in pixels.

    The depth belongs to the collection: the smallest that holds the largest value of any image, at least 8. An image's
    own maximum as its white would invent brightness, and 16 bits taken for granted leave 16 grey levels of 12 bits.
    It says nothing of DICOM files, each of which tells by itself what is black and white.
    """

    depth: int
    sides: Mapping[str, tuple[int, int]]


def survey(files: Mapping[str, Path], size: int, pool: Executor, notice: Callable[[Notice], None]) -> Collection:
    """Looks at all images of a collection.

    Raises:
        PrivbenchError: images cannot be read as grey, are below a quarter of the size, or have 8 bits and 16.
    """
    return judged(dict(zip(files, pool.map(_attempted, files.values()), strict=True)), size, notice)


def judged(seen: Mapping[str, Survey | str], size: int, notice: Callable[[Notice], None]) -> Collection:
    """What files are together of which each is known, or what is wrong with it. Raises and tells as `survey`."""
    found = {name: one for name, one in seen.items() if isinstance(one, Survey)}
    problems = [
        one if isinstance(one, str) else
        f"Image {name} has {one.width} x {one.height} pixels, too few for data.size = {size}: use the original, or set "
        "a smaller size."
        for name, one in seen.items()
        if isinstance(one, str) or _SMALLEST * min(one.width, one.height) < size
    ]  # fmt: skip
    first = {one.bits: name for name, one in reversed(found.items())}
    if {8, 16} <= first.keys():
        problems.append(
            f"Image {first[8]} has 8 bits and image {first[16]} has 16, so nobody knows which grey of the one is which "
            "of the other: save all in one way."
        )
    raise_all(problems)
    small = {name: one for name, one in found.items() if min(one.width, one.height) < size}
    if small:
        least = min(small.values(), key=lambda one: min(one.width, one.height))
        notice(
            Notice(
                f"{len(small)} of {len(found)} images are smaller than data.size = {size} and were enlarged; the "
                f"smallest has {least.width} x {least.height} pixels",
                tuple(small)[:SHOWN],
            )
        )
    largest = max((one.largest for one in found.values()), default=0)
    return Collection(max(8, largest.bit_length()), {name: (one.width, one.height) for name, one in found.items()})


def read_chunks(
    images: Sequence[Path], masks: Sequence[Path] | None, depth: int, request: DataRequest
) -> Iterator[Chunk]:
    """The images of those files, and the masks where there are any, in their order."""
    done = 0
    with (
        ThreadPoolExecutor(request.workers) as pool,
        closing(_greys(images, depth, request, pool)) as greys,
        request.progress.task("decoding radiographs", total=len(images)) as advance,
    ):
        for grey in greys:
            organs = None
            if masks is not None:
                part = masks[done : done + len(grey)]
                organs = np.stack(list(pool.map(read_mask, part, repeat(request.size), repeat(request.fit))))[:, None]
            yield Chunk(grey[:, None], organs)
            done += len(grey)
            advance(len(grey))


def _greys(
    images: Sequence[Path], depth: int, request: DataRequest, pool: Executor
) -> Generator[np.ndarray, None, None]:
    """Consecutive images, some at a time, by all cores. Shape: (n, size, size), uint8."""
    read = partial(read_grey, size=request.size, depth=depth, fit=request.fit)
    in_processes = request.workers > 1 and len(images) > _TASK and is_dicom(images[0])
    count = _TASK if in_processes else _CHUNK
    parts = [images[first : first + count] for first in range(0, len(images), count)]
    if in_processes:
        # pydicom's decoders hold the interpreter's lock, so threads would use one core.
        yield from map_in_processes(partial(_stacked, read), parts, min(request.workers, len(parts)))
    else:
        # Pillow decodes and resizes without holding it.
        for part in parts:
            yield np.stack(list(pool.map(read, part)))


def _stacked(read: Callable[[Path], np.ndarray], images: Sequence[Path]) -> np.ndarray:
    return np.stack([read(image) for image in images])


def read_grey(path: Path, size: int, depth: int = 8, fit: Fit = "squeeze") -> np.ndarray:
    """A grey, RGB or RGBA image as `size` x `size` grey values. Shape: (size, size), uint8.

    Values of more than 8 bits are scaled from 0 to 2^depth - 1, or to what a DICOM file tells, and rounded once, at the
    end. Downsizing averages over the pixels that fall together (Pillow's antialiased bilinear filter).
    """
    image, white = load_dicom(path) if is_dicom(path) else load_grey(path)
    scaled = _square(image, size, fit, Image.Resampling.BILINEAR)
    if image.mode == "L":
        return scaled
    return np.rint(scaled.astype(float) * (255 / (white or 2**depth - 1))).astype(np.uint8)


def read_mask(path: Path, size: int, fit: Fit = "squeeze") -> np.ndarray:
    """A mask by nearest neighbour, so that no bits mix. Shape: (size, size), uint8, bit 1 lungs, bit 2 heart.

    Raises:
        PrivbenchError: it cannot be read, or holds other values than 0 to 3.
    """
    with opened(path, "Mask", "make it again") as image:
        values = np.asarray(image)
    if values.ndim != 2 or values.max() > _HIGHEST:
        raise PrivbenchError(
            f"Mask {path} holds more than 0, 1 (lungs), 2 (heart) and 3 (both): save it with these, as 8-bit grey."
        )
    return _square(Image.fromarray(values.astype(np.uint8)), size, fit, Image.Resampling.NEAREST)


def _square(image: Image.Image, size: int, fit: Fit, resampling: Image.Resampling) -> np.ndarray:
    """The image as a square of that size. Shape: (size, size)."""
    side = side_of_square(*image.size, fit)
    if side is not None and image.size != (side, side):
        left, top = ((image.width - side) // 2, (image.height - side) // 2)
        image = image.crop((left, top, left + side, top + side))  # what lies outside of the image is 0
    return np.asarray(image if image.size == (size, size) else image.resize((size, size), resampling))


def _attempted(path: Path) -> Survey | str:
    """What the file is, or what is wrong with it."""
    try:
        return survey_dicom(path) if is_dicom(path) else survey_file(path)
    except PrivbenchError as error:
        return str(error)
