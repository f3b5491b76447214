"""Image files as nobody meant them: they are read as grey, or refused."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
from dicoms import dicom
from hypothesis import strategies as st
from PIL import Image
from pydicom.uid import ExplicitVRLittleEndian

from privbench.base.errors import PrivbenchError
from privbench.base.texts import printable
from privbench.datasets.dicom_files import is_dicom
from privbench.datasets.dicom_pixels import survey_dicom
from privbench.datasets.image_files import survey_file
from privbench.datasets.radiographs import read_grey

SIZE = 16
_GREY = np.random.default_rng(0).integers(0, 256, (20, 24), np.uint8)
_DEEP = _GREY.astype(np.uint16) * 257
_START = b"\x89PNG\r\n\x1a\n"
_NUMBERS = (0, 1, 2, 3, 4, 6, 8, 16, 24, 255, 2**16, 2**31 - 1, 2**32 - 1)


def _saved(image: Image.Image, form: str, **told: object) -> bytes:
    written = io.BytesIO()
    image.save(written, form, **told)
    return written.getvalue()


def _dicom() -> bytes:
    written, told = io.BytesIO(), dicom(_DEEP >> 4, 12)
    told.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    told.SOPInstanceUID = told.file_meta.MediaStorageSOPInstanceUID = "1.2.3"
    told.save_as(written, enforce_file_format=True)
    return written.getvalue()


FILES: dict[str, Callable[[], bytes]] = {
    "8.png": lambda: _saved(Image.fromarray(_GREY), "PNG"),
    "16.png": lambda: _saved(Image.fromarray(_DEEP), "PNG"),
    "palette.png": lambda: _saved(Image.fromarray(_GREY).convert("P"), "PNG", transparency=3),
    "alpha.png": lambda: _saved(Image.fromarray(_GREY).convert("RGBA"), "PNG"),
    "one.png": lambda: _saved(Image.fromarray(_GREY).convert("1"), "PNG"),
    "interlaced.png": lambda: _interlaced(),
    "grey.jpg": lambda: _saved(Image.fromarray(_GREY), "JPEG"),
    "colour.jpg": lambda: _saved(Image.fromarray(_GREY).convert("RGB"), "JPEG", progressive=True),
    "8.tif": lambda: _saved(Image.fromarray(_GREY), "TIFF"),
    "16.tif": lambda: _saved(Image.fromarray(_DEEP), "TIFF", compression="tiff_deflate"),
    "12.dcm": _dicom,
}
"""Sound files of each kind, by name."""


def _interlaced() -> bytes:
    """One whose header says that it comes in seven passes, which its pixels do not."""
    data = bytearray(_saved(Image.fromarray(_GREY), "PNG"))
    data[28] = 1
    data[29:33] = struct.pack(">I", zlib.crc32(bytes(data[12:29])))
    return bytes(data)


@st.composite
def changed_images(draw: st.DrawFn) -> tuple[str, bytes]:
    """The name of a kind of file, and one of it that was changed in up to four places."""
    name = draw(st.sampled_from(sorted(FILES)))
    data = FILES[name]()
    for _ in range(draw(st.integers(1, 4))):
        data = draw(_changed_chunks(data) if data.startswith(_START) and draw(st.booleans()) else _changed(data))
    return name, data


@st.composite
def _changed(draw: st.DrawFn, data: bytes) -> bytes:
    """Cut off, with bytes that are others, or with some that are there twice or not at all."""
    first = draw(st.integers(0, len(data)))
    last = draw(st.integers(first, min(len(data), first + 40)))
    kind = draw(st.sampled_from(("cut", "others", "number", "twice", "gone")))
    if kind == "cut":
        return data[:first]
    if kind == "others":
        return data[:first] + draw(st.binary(min_size=last - first, max_size=last - first)) + data[last:]
    if kind == "number":
        told = struct.pack(draw(st.sampled_from(("<I", ">I"))), draw(st.sampled_from(_NUMBERS)))
        return data[:first] + told + data[first + 4 :]
    return data[:last] + data[first:] if kind == "twice" else data[:first] + data[last:]


@st.composite
def _changed_chunks(draw: st.DrawFn, data: bytes) -> bytes:
    """A PNG with a chunk that says something else, in front of others, twice or not at all; its checksums are right."""
    chunks = _chunks(data)
    if not chunks:
        return data
    place = draw(st.integers(0, len(chunks) - 1))
    kind, held = chunks[place]
    how = draw(st.sampled_from(("number", "bytes", "kind", "moved", "twice", "gone", "more")))
    if how == "number":
        at = draw(st.integers(0, max(0, len(held) - 1)))
        held = held[:at] + struct.pack(">I", draw(st.sampled_from(_NUMBERS))) + held[at + 4 :]
    elif how == "bytes":
        held = draw(st.binary(max_size=len(held) + 8))
    elif how == "kind":
        kind = draw(st.sampled_from((b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND", b"eXIf", b"acTL", b"fcTL", b"iTXt")))
    elif how == "more":
        held = held + zlib.compress(bytes(draw(st.integers(0, 100_000))))
    chunks[place : place + 1] = {"gone": [], "twice": [(kind, held)] * 2}.get(how, [(kind, held)])
    if how == "moved":
        chunks.insert(draw(st.integers(0, len(chunks) - 1)), chunks.pop(place))
    return _START + b"".join(
        struct.pack(">I", len(held)) + kind + held + struct.pack(">I", zlib.crc32(kind + held)) for kind, held in chunks
    )


def _chunks(data: bytes) -> list[tuple[bytes, bytes]]:
    """Kind and content of the chunks of a PNG, up to where it is damaged."""
    found, place = [], len(_START)
    while len(head := data[place : place + 8]) == 8:
        length, kind = struct.unpack(">I4s", head)
        if place + 12 + length > len(data):
            break
        found.append((kind, data[place + 8 : place + 8 + length]))
        place += 12 + length
    return found


def image_outcome(change: tuple[str, bytes], scratch: Path) -> str:
    """Of a file: `works` or `refused`; anything else is raised."""
    name, data = change
    path = scratch / name
    path.write_bytes(data)
    try:
        survey = survey_dicom(path) if is_dicom(path) else survey_file(path)
        image = read_grey(path, SIZE, max(8, survey.largest.bit_length()))
    except PrivbenchError as error:
        told = printable(str(error))  # as it is shown: headers hold any text
    else:
        assert (image.shape, image.dtype) == ((SIZE, SIZE), np.uint8)
        return "works"
    assert str(path) in told
    assert len(told.splitlines()) == 1
    return "refused"
