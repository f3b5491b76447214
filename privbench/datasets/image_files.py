"""PNG, JPEG and TIFF files: which are read, and what is refused, because its grey values are not plain."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, UnidentifiedImageError

from ..base.errors import PrivbenchError

MOST_PIXELS = 64_000_000
"""No radiograph has more, and a file of a few bytes can claim any number."""
_FORMATS = ("PNG", "JPEG", "TIFF")
_COLOUR = 8
"""Grey levels between the channels of a pixel that lossy compression leaves in a grey image."""
_BROKEN = (
    Image.DecompressionBombError, OSError, SyntaxError, ValueError, KeyError, TypeError, IndexError, EOFError,
    OverflowError, struct.error,
)  # fmt: skip
"""What Pillow raises of files that are not what they say."""
_GREY, _DEEP = ("1", "L"), ("I", "I;16", "I;16L", "I;16B", "I;16N")
_WITH_ALPHA = ("LA", "PA", "RGBA")
_BY_PALETTE = ("P", "PA")
_COLOURED = ("P", "PA", "RGB", "RGBA")
_PNG_BITS = slice(24, 26)
_PNG_GREY = 0
_PNG_START, _PNG_CHECKSUM = 8, 4  # bytes
_BITS_A_SAMPLE, _PHOTOMETRIC, _SAMPLE_FORMAT, _ORIENTATION = 258, 262, 339, 274  # of TIFF; the last one of all formats
_HEIGHT, _STRIPS, _ROWS_A_STRIP = 257, 273, 278
_WHITE_IS_ZERO, _UNSIGNED, _UPRIGHT = 0, 1, 1


class Survey(NamedTuple):
    """What a file is before it is scaled: bits a channel, 8 or 16, the largest value of 16 bits, sides in pixels.

    Bits are None where the file itself tells which of its values is white, as DICOM does.
    """

    bits: int | None
    largest: int
    width: int
    height: int


class Grey(NamedTuple):
    """A grey picture: 8 bits (mode L), or floats from 0 (mode F) and which of them is white.

    That is None where the file does not tell it, and hangs on the collection.
    """

    image: Image.Image
    white: float | None


class StoredGreys(NamedTuple):
    """The greys of a file as it stores them: PNG, JPEG or TIFF. Shape: pixels (H, W), uint8 or uint16."""

    format: str
    pixels: np.ndarray


@contextmanager
def opened(path: Path, kind: str, remedy: str) -> Iterator[Image.Image]:
    """The image; whatever Pillow raises while it is open becomes a sentence."""
    try:
        with Image.open(path, formats=_FORMATS) as image:  # Pillow's other parsers are kept away from foreign files
            yield image
    except UnidentifiedImageError as error:
        raise PrivbenchError(
            f"{kind} {path} cannot be read as PNG, JPEG or TIFF: save it as one of these, or {remedy}."
        ) from error
    except _BROKEN as error:
        raise PrivbenchError(f"{kind} {path} cannot be read ({error}): {remedy}.") from error


def survey_file(path: Path) -> Survey:
    """What the file is.

    Raises:
        PrivbenchError: it is no single grey picture of unsigned values in a PNG, JPEG or TIFF, or it is too large.
    """
    with opened(path, "Image", "replace it by a sound copy") as image:
        if (problem := _problem(image, path)) is not None:
            raise PrivbenchError(f"Image {path} {problem}.")
        if image.mode in _DEEP:
            return Survey(16, int(np.asarray(image).max()), *image.size)
        return Survey(8, 0, *image.size)


def load_grey(path: Path) -> Grey:
    """The picture of a file that `survey_file` let pass. Raises PrivbenchError where it cannot be read."""
    return plain_greys(load_stored(path).pixels)


def plain_greys(pixels: np.ndarray) -> Grey:
    """The picture of values as a file stores them that does not tell its white. Shape: (H, W), uint8 or uint16."""
    return Grey(Image.fromarray(pixels if pixels.dtype == np.uint8 else pixels.astype(np.float32)), None)


def load_stored(path: Path) -> StoredGreys:
    """What a file holds that `survey_file` let pass: its 16 bits as they are, or 8. Raises as `load_grey`."""
    with opened(path, "Image", "replace it by a sound copy") as image:
        if image.mode in _DEEP:
            pixels = np.asarray(image).astype(np.uint16)
        else:
            pixels = np.asarray(image if image.mode == "L" else image.convert("L"))  # to convert L would copy it
        return StoredGreys(str(image.format), pixels)


def _problem(image: Image.Image, path: Path) -> str | None:
    """What keeps it from being read, and what to do."""
    if (frames := getattr(image, "n_frames", 1)) > 1:
        return f"holds {frames} pictures: save one of them alone"
    if image.width * image.height > MOST_PIXELS:
        return (
            f"has {image.width} x {image.height} pixels, more than {MOST_PIXELS // 10**6} million: "
            "check that it is a radiograph, and save it smaller"
        )
    if (problem := _coding_problem(image, path)) is not None:
        return problem
    if image.mode not in {*_GREY, *_DEEP, *_WITH_ALPHA, *_COLOURED}:
        return f"has pixels of the kind {image.mode}: save it as grey"
    if image.mode in _BY_PALETTE and image.palette is None:
        return "lacks the palette that tells its greys: save it as grey"
    may_be_transparent = image.mode in _WITH_ALPHA or "transparency" in image.info
    if may_be_transparent and np.asarray(image.convert("RGBA"))[..., 3].min() < 255:
        return "is transparent in places: save it without transparency"
    if image.mode in _COLOURED:
        pixels = np.asarray(image.convert("RGB"))
        if (pixels.max(-1) - pixels.min(-1)).max() > _COLOUR:
            return "holds colours: save it as grey, without coloured marks"
    return None


def _coding_problem(image: Image.Image, path: Path) -> str | None:
    """What its format may do to grey values that Pillow does not tell, or tells differently from version to version."""
    # Of a PNG Pillow would decode all pixels, to find what stands behind them.
    exif = image.getexif() if image.format != "PNG" or _has_exif(path) else Image.Image.getexif(image)
    if exif.get(_ORIENTATION, _UPRIGHT) != _UPRIGHT:
        return "is to be turned when it is shown: turn it, and save it upright"
    if image.format == "PNG":
        with path.open("rb") as file:
            bits, colour = file.read(_PNG_BITS.stop)[_PNG_BITS]
        if bits == 16 and (colour != _PNG_GREY or "transparency" in image.info):
            return "has 16 bits in colour or with transparency: save it as grey"
        return None
    return _tiff_problem(image.tag_v2) if image.format == "TIFF" else None  # type: ignore[attr-defined]


def _has_exif(path: Path) -> bool:
    """Whether a PNG has a chunk that may tell how it is to be turned, wherever it stands."""
    with path.open("rb") as file:
        file.seek(_PNG_START)
        while len(head := file.read(8)) == 8:
            length, kind = struct.unpack(">I4s", head)
            if kind == b"eXIf":
                return True
            file.seek(length + _PNG_CHECKSUM, 1)
    return False


def _tiff_problem(tags: dict[int, int | tuple[int, ...]]) -> str | None:
    def values(tag: int, default: int) -> tuple[int, ...]:
        told = tags.get(tag, default)
        return told if isinstance(told, tuple) else (told,)

    if set(values(_SAMPLE_FORMAT, _UNSIGNED)) != {_UNSIGNED}:
        return "holds signed values, or fractions: save it with whole numbers from 0"
    samples = values(_BITS_A_SAMPLE, 1)
    if max(samples) > 16:
        return f"has {max(samples)} bits: save it with 8 to 16"
    if max(samples) > 8 and len(samples) > 1:
        return f"has {max(samples)} bits in colour or with transparency: save it as grey"
    if max(samples) > 8 and values(_PHOTOMETRIC, 1) == (_WHITE_IS_ZERO,):
        return "stores white as 0: save it with black as 0"
    (height,) = values(_HEIGHT, 0)
    if _STRIPS in tags and len(values(_STRIPS, 0)) * values(_ROWS_A_STRIP, height)[0] < height:
        return "lacks some of its rows, which Pillow would show as black: replace it by a sound copy"
    return None
