"""Radiographs from PNG files, as grey values of 8 bits: what the files hold is read, or refused in a sentence."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, UnidentifiedImageError

from ..base.errors import PrivbenchError, raise_all
from ..data.notices import SHOWN, Notice

_SMALLEST = 4
"""An image below a quarter of the wanted size on a side holds too little to be enlarged."""
_COLOUR = 8
"""Grey levels between the channels of a pixel that lossy compression leaves in a grey image."""
_GREY, _PALETTE, _GREY_ALPHA, _RGB, _RGBA = 0, 3, 4, 2, 6  # the colour types of PNG
_HEADER = slice(24, 26)


class Survey(NamedTuple):
    """What a file is before it is scaled: bits a channel, 8 or 16, the largest value of 16 bits, sides in pixels."""

    bits: int
    largest: int
    width: int
    height: int


def survey(files: Mapping[str, Path], size: int, pool: Executor, notice: Callable[[Notice], None]) -> int:
    """Looks at all images of a collection; returns the bit depth of its grey values, 8 to 16.

    The depth belongs to the collection: the smallest that holds the largest value of any image, at least 8. An image's
    own maximum as its white would invent brightness, and 16 bits taken for granted leave 16 grey levels of 12 bits.

    Raises:
        PrivbenchError: images cannot be read as grey, are below a quarter of the size, or have 8 bits and 16.
    """
    found: dict[str, Survey] = {}
    problems: list[str] = []
    for name, seen in zip(files, pool.map(partial(_attempted, size=size), files.values()), strict=True):
        if isinstance(seen, Survey):
            found[name] = seen
        else:
            problems.append(seen)
    first = {one.bits: name for name, one in reversed(found.items())}
    if len(first) > 1:
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
    return max(8, *(one.largest.bit_length() for one in found.values())) if found else 8


def read_grey(path: Path, size: int, depth: int = 8) -> np.ndarray:
    """A grey, RGB or RGBA image as `size` x `size` grey values. Shape: (size, size), uint8.

    Values of more than 8 bits are scaled from 0 to 2^depth - 1 and rounded. Downsizing averages over the pixels that
    fall together (Pillow's antialiased bilinear filter).
    """
    with opened(path, "Image", "download it again") as image:
        if _header(path)[0] == 16:
            values = np.asarray(image).astype(float) * (255 / (2**depth - 1))
            grey = Image.fromarray(np.rint(values).astype(np.uint8))
        else:
            grey = image.convert("L")
    if grey.size != (size, size):
        grey = grey.resize((size, size), Image.Resampling.BILINEAR)
    return np.asarray(grey)


@contextmanager
def opened(path: Path, kind: str, remedy: str) -> Iterator[Image.Image]:
    """The image; whatever Pillow raises while it is open becomes a sentence."""
    try:
        with Image.open(path) as image:
            yield image
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise PrivbenchError(f"{kind} {path} cannot be read ({error}): {remedy}.") from error


def _attempted(path: Path, size: int) -> Survey | str:
    """What the file is, or what is wrong with it."""
    try:
        return _surveyed(path, size)
    except PrivbenchError as error:
        return str(error)


def _surveyed(path: Path, size: int) -> Survey:
    with opened(path, "Image", "download it again") as image:
        if image.format != "PNG":  # such as TIFF, whose values may be floats or signed
            raise PrivbenchError(f"Image {path} is a file of {image.format}: save it as a grey PNG.")
        if (frames := getattr(image, "n_frames", 1)) > 1:
            raise PrivbenchError(f"Image {path} holds {frames} pictures: save one of them alone.")
        if _SMALLEST * min(image.size) < size:
            raise PrivbenchError(
                f"Image {path} has {image.width} x {image.height} pixels, too few for data.size = {size}: use the "
                "original, or set a smaller size."
            )
        bits, colour = _header(path)
        if bits == 16 and colour != _GREY:
            raise PrivbenchError(f"Image {path} has 16 bits in colour or with transparency: save it as grey.")
        may_be_transparent = colour in (_GREY_ALPHA, _RGBA) or "transparency" in image.info
        if may_be_transparent and np.asarray(image.convert("RGBA"))[..., 3].min() < 255:
            raise PrivbenchError(f"Image {path} is transparent in places: save it without transparency.")
        if colour in (_PALETTE, _RGB, _RGBA):
            pixels = np.asarray(image.convert("RGB"))
            if (pixels.max(-1) - pixels.min(-1)).max() > _COLOUR:
                raise PrivbenchError(f"Image {path} holds colours: save it as grey, without coloured marks.")
        if bits < 16:
            return Survey(8, 0, *image.size)
        return Survey(16, int(np.asarray(image).max()), *image.size)


def _header(path: Path) -> tuple[int, int]:
    """Bits a channel and colour type of a PNG, which Pillow's modes tell differently from version to version."""
    with path.open("rb") as file:
        bits, colour = file.read(_HEADER.stop)[_HEADER]
    return bits, colour
