"""DICOM files: which are some, and how they are opened so that whatever is wrong with them is a sentence."""

from __future__ import annotations

import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from ..base.errors import PrivbenchError
from .image_files import MOST_PIXELS

if TYPE_CHECKING:
    from pydicom import Dataset as Header

# Of values that keep to no rule pydicom warns, and quotes them; what counts of a file is judged here.
warnings.filterwarnings("ignore", module=r"pydicom\.")

INSTALL = "pip install 'privbench[dicom]'"
_ENDING = ".dcm"
_PREAMBLE = 128  # bytes
_DEFLATED = b"1.2.840.10008.1.2.1.99"
_FILE_META = 1024
"""Bytes at the start of a file among which its transfer syntax stands."""
_GROUP_LENGTH_ENDS = _PREAMBLE + 4 + 12
_MOST_BYTES = 4 * MOST_PIXELS
"""What a deflated file may become: no radiograph needs more, and a thousandth of it can claim it."""
_LONG = 4096
"""Bytes above which no value of a header is wanted."""
_BROKEN = (
    OSError, EOFError, ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RuntimeError,
    AssertionError, MemoryError, struct.error, zlib.error,
)  # fmt: skip
"""The lengths that a file claims may be any, of memory too."""


def is_dicom(path: Path) -> bool:
    """Whether a file is one of DICOM (PS3.10), or is called as one."""
    if path.suffix.lower() == _ENDING:
        return True
    try:
        with path.open("rb") as file:
            return _has_prefix(file)
    except OSError:  # whoever reads it tells
        return False


def read_header(path: Path) -> Header:
    """What stands before the pixels. Raises PrivbenchError where pydicom is not there; else what `told_of` tells."""
    with path.open("rb") as file:
        return _parsed(file, pixels=False)


def read_whole(path: Path) -> Header:
    """Header and pixels. Raises as `read_header`."""
    # From memory, so that a length which is claimed reserves no more than there is.
    return _parsed(BytesIO(path.read_bytes()), pixels=True)


@contextmanager
def told_of(path: Path) -> Iterator[None]:
    """Whatever pydicom and its decoders raise of a file while the block lasts becomes a sentence."""
    try:
        yield
    except PrivbenchError as error:
        raise PrivbenchError(f"Image {path} {error}") from error
    except _broken() as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise PrivbenchError(f"Image {path} cannot be read ({reason}): replace it by a sound copy.") from error


def _broken() -> tuple[type[Exception], ...]:
    """What pydicom and its decoders raise of files that are not what they say."""
    try:
        from pydicom.errors import BytesLengthException
    except ModuleNotFoundError:  # the file could not even be opened
        return _BROKEN
    return (*_BROKEN, BytesLengthException)


def _parsed(file: BinaryIO, pixels: bool) -> Header:
    try:
        from pydicom import dcmread
    except ModuleNotFoundError:
        raise PrivbenchError(f"is a DICOM file, which pydicom reads: {INSTALL}.") from None
    if not _has_prefix(file):
        raise PrivbenchError("is no DICOM file, although it is called as one: export it again, with its file header.")
    file.seek(0)
    if _DEFLATED in file.read(_FILE_META):
        _check_deflated(file)
    file.seek(0)
    return dcmread(file, stop_before_pixels=not pixels, defer_size=None if pixels else _LONG)


def _has_prefix(file: BinaryIO) -> bool:
    file.seek(_PREAMBLE)
    return file.read(4) == b"DICM"


def _check_deflated(file: BinaryIO) -> None:
    """Raises PrivbenchError where a deflated file, which pydicom inflates at once, would fill the memory."""
    file.seek(_GROUP_LENGTH_ENDS - 4)
    (length,) = struct.unpack("<I", file.read(4))
    file.seek(length, 1)
    inflator = zlib.decompressobj(-zlib.MAX_WBITS)
    inflator.decompress(file.read(), _MOST_BYTES)
    if inflator.unconsumed_tail:
        raise PrivbenchError(
            f"becomes larger than {_MOST_BYTES // 2**20} MiB when it is inflated: check that it is a radiograph, and "
            "save it uncompressed."
        )
