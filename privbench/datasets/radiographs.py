"""Radiographs from files, as square images of 8-bit grey values: what the files hold is read, or refused."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np
from PIL import Image

from ..base.errors import PrivbenchError
from ..base.processes import map_parts_in_processes
from ..base.timing import Decoding
from ..data.notices import SHOWN, Notice
from ..data.problems import UNREADABLE, Problem, raise_problems
from ..data.squares import Fit, cutout
from ..plugins.interfaces import Chunk, DataRequest
from .dicom_files import is_dicom
from .dicom_pixels import load_dicom, survey_dicom
from .image_files import Grey, Survey, load_grey, opened, survey_file

_SMALLEST = 4
"""An image below a quarter of the wanted size on a side holds too little to be enlarged."""
_HIGHEST = 3  # bit 1 lungs, bit 2 heart
_CHUNK = 256
_TASK = 16
"""Images that a process decodes at a time."""


Read = TypeVar("Read")


class _Decoded(NamedTuple):
    """An image as `read_grey` gives it, and how many pixels its file has. Shape: grey (size, size), uint8."""

    grey: np.ndarray
    pixels: int


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
        DataError: images cannot be read as grey, are below a quarter of the size, or have 8 bits and 16.
    """
    seen = pool.map(_attempted, files, files.values())
    return judged(dict(zip(files, seen, strict=True)), size, notice)


def judged(seen: Mapping[str, Survey | Problem], size: int, notice: Callable[[Notice], None]) -> Collection:
    """What files are together of which each is known, or what is wrong with it. Raises and tells as `survey`."""
    found = {name: one for name, one in seen.items() if isinstance(one, Survey)}
    problems = [problem for name, one in seen.items() if (problem := _problem(name, one, size)) is not None]
    raise_problems([*problems, *_mixed_bits(found)])
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


def _mixed_bits(found: Mapping[str, Survey]) -> Iterator[Problem]:
    """Those of the rarer kind, where some have 8 bits and others 16."""
    names: dict[int, list[str]] = {8: [], 16: []}
    for name, one in found.items():
        if one.bits is not None:
            names[one.bits].append(name)
    if all(names.values()):
        yield Problem(
            "8 and 16 bits",
            f"Image {names[8][0]} has 8 bits and image {names[16][0]} has 16, so nobody knows which grey of the one is "
            "which of the other: save all in one way.",
            tuple(names[8] if len(names[8]) < len(names[16]) else names[16]),
        )


def read_chunks(
    images: Sequence[Path], masks: Sequence[Path] | None, depth: int, request: DataRequest
) -> Iterator[Chunk]:
    """The images of those files, and the masks where there are any, in their order; those that are broken are told.

    Once all are read, `request.tell_decoding` takes how many were, and how long that lasted.
    """
    size, done, begun = request.size, 0, time.perf_counter()
    pixels: list[int] = []
    with (
        ThreadPoolExecutor(request.workers) as pool,
        closing(_greys(images, depth, request, pool)) as greys,
        request.progress.task("decoding radiographs", total=len(images)) as advance,
    ):
        for found in greys:
            broken: dict[int, str] = {}
            sound = [one for one in found if not isinstance(one, str)]
            pixels += [one.pixels for one in sound]
            images_here = _stacked((one if isinstance(one, str) else one.grey for one in found), size, broken)
            organs = None
            if masks is not None:
                part = masks[done : done + len(found)]
                read = partial(_read, partial(read_mask, size=size, fit=request.fit))
                organs = _stacked(pool.map(read, part), size, broken)
            yield Chunk(images_here, organs, broken=broken)
            done += len(found)
            advance(len(found))
    seconds = time.perf_counter() - begun
    request.tell_decoding(Decoding(images=len(pixels), pixels=sum(pixels), helpers=request.workers, seconds=seconds))


def _greys(
    images: Sequence[Path], depth: int, request: DataRequest, pool: Executor
) -> Generator[list[_Decoded | str], None, None]:
    """Consecutive images, some at a time, by all cores; of a file that is broken, what is wrong."""
    read = partial(_read, partial(_decoded, size=request.size, depth=depth, fit=request.fit))
    in_processes = request.workers > 1 and len(images) > _TASK and is_dicom(images[0])
    count = _TASK if in_processes else _CHUNK
    parts = [images[first : first + count] for first in range(0, len(images), count)]
    if in_processes:
        # pydicom's decoders hold the interpreter's lock, so threads would use one core.
        yield from map_parts_in_processes(partial(_each, read), parts, request.workers, _ended)
    else:
        # Pillow decodes and resizes without holding it.
        for part in parts:
            yield list(pool.map(read, part))


def _ended(image: Path) -> str:
    return (
        f"Image {image} makes the process end that decodes it, as damaged files may, or want of memory: replace it by "
        "a sound copy."
    )


def _each(read: Callable[[Path], Read | str], images: Sequence[Path]) -> list[Read | str]:
    return [read(image) for image in images]


def _read(read: Callable[[Path], Read], path: Path) -> Read | str:
    """What the file holds, or what is wrong with it."""
    try:
        return read(path)
    except PrivbenchError as error:
        return str(error)


def _stacked(found: Iterable[np.ndarray | str], size: int, broken: dict[int, str]) -> np.ndarray:
    """One array, 0 where a file is broken, which is noted. Shape: (N, 1, size, size), uint8."""
    arrays = []
    for place, one in enumerate(found):
        if isinstance(one, str):
            broken.setdefault(place, one)
        arrays.append(np.zeros((size, size), np.uint8) if isinstance(one, str) else one)
    return np.stack(arrays)[:, None]


def read_grey(path: Path, size: int, depth: int = 8, fit: Fit = "squeeze") -> np.ndarray:
    """A grey, RGB or RGBA image as `size` x `size` grey values. Shape: (size, size), uint8.

    Values of more than 8 bits are scaled from 0 to 2^depth - 1, or to what a DICOM file tells, and rounded once, at the
    end. Downsizing averages over the pixels that fall together (Pillow's antialiased bilinear filter).
    """
    return _decoded(path, size, depth, fit).grey


def _decoded(path: Path, size: int, depth: int, fit: Fit) -> _Decoded:
    loaded = load_dicom(path) if is_dicom(path) else load_grey(path)
    return _Decoded(shrunk(loaded, size, depth, fit), loaded.image.width * loaded.image.height)


def shrunk(grey: Grey, size: int, depth: int, fit: Fit) -> np.ndarray:
    """A picture that is loaded as `read_grey` gives it. Shape: (size, size), uint8."""
    image, white = grey
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
    left, top, width, height = cutout(*image.size, fit)
    if image.size != (width, height):
        image = image.crop((left, top, left + width, top + height))  # what lies outside of the image is 0
    return np.asarray(image if image.size == (size, size) else image.resize((size, size), resampling))


def _attempted(name: str, path: Path) -> Survey | Problem:
    """What the file is, or what is wrong with it."""
    try:
        return survey_dicom(path) if is_dicom(path) else survey_file(path)
    except PrivbenchError as error:
        return Problem(UNREADABLE, str(error), (name,))


def _problem(name: str, seen: Survey | Problem, size: int) -> Problem | None:
    """What is wrong with an image."""
    if isinstance(seen, Problem):
        return seen
    if _SMALLEST * min(seen.width, seen.height) >= size:
        return None
    text = (
        f"Image {name} has {seen.width} x {seen.height} pixels, too few for data.size = {size}: use the original, or "
        "set a smaller size."
    )
    return Problem("too few pixels", text, (name,))
