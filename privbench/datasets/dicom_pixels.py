"""Radiographs in DICOM files as greys from black to white, by one rule for all that a header says of them.

What is no single grey picture of whole numbers is refused, before its pixels are looked at.
"""

from __future__ import annotations

from collections.abc import MutableSequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from PIL import Image

from ..base.errors import PrivbenchError
from . import lossless_jpeg
from .codestreams import codestream_sides
from .dicom_files import INSTALL, read_header, read_whole, told_of
from .dicom_grey import WINDOW_FUNCTIONS, GreyRule, LookUpTable, Window
from .image_files import MOST_PIXELS, Grey, Survey

if TYPE_CHECKING:
    from pydicom import Dataset as Header

_NATIVE, _OWN = "", "privbench"
_PLUGINS = {
    "1.2.840.10008.1.2": _NATIVE,
    "1.2.840.10008.1.2.1": _NATIVE,
    "1.2.840.10008.1.2.1.99": _NATIVE,  # deflated
    "1.2.840.10008.1.2.2": _NATIVE,  # big endian
    "1.2.840.10008.1.2.4.50": "pillow",  # JPEG, 8 bits
    "1.2.840.10008.1.2.4.51": "pillow",  # JPEG, of which nobody whose licence allows it reads 12 bits rightly
    "1.2.840.10008.1.2.4.57": _OWN,  # JPEG, lossless
    "1.2.840.10008.1.2.4.70": _OWN,
    "1.2.840.10008.1.2.4.80": "pyjpegls",
    "1.2.840.10008.1.2.4.81": "pyjpegls",
    "1.2.840.10008.1.2.4.90": "pylibjpeg",  # JPEG 2000, with pylibjpeg-openjpeg
    "1.2.840.10008.1.2.4.91": "pylibjpeg",
    "1.2.840.10008.1.2.4.201": "pylibjpeg",  # high-throughput JPEG 2000
    "1.2.840.10008.1.2.4.202": "pylibjpeg",
    "1.2.840.10008.1.2.4.203": "pylibjpeg",
    "1.2.840.10008.1.2.5": "pydicom",  # RLE
}
"""Who decodes a transfer syntax: always the same, as two may differ in what they make of a lossy picture."""
_SHOWN = 4
"""Where no window tells which greys are shown, at least one of so many that the bits can hold has to be used."""
_INVERTED = {"MONOCHROME1": True, "MONOCHROME2": False}
_LAYOUT = ("Rows", "Columns", "BitsAllocated", "BitsStored", "PhotometricInterpretation")


def survey_dicom(path: Path) -> Survey:
    """What the file is, by its header alone.

    Raises:
        PrivbenchError: it is no single grey picture of whole numbers, it is too large, or its decoder is not there.
    """
    with told_of(path):
        return survey_header(read_header(path))


class StoredDicom(NamedTuple):
    """Header and grey values of a file; the lowest value that its bits can hold counts as 0.

    Shape: places (rows, columns), int32, 0 to 2^bits - 1.
    """

    header: Header
    rule: GreyRule
    places: np.ndarray


def load_dicom(path: Path) -> Grey:
    """The picture of a file. Raises as `survey_dicom`, and where the pixels cannot be decoded."""
    with told_of(path):
        _, rule, places = load_stored_dicom(path)
        return shown_greys(rule, places)


def shown_greys(rule: GreyRule, places: np.ndarray) -> Grey:
    """The picture of stored values. Shape: places (H, W), int, as in `StoredDicom`."""
    greys, white = rule.greys()
    if white == 255 and (greys == np.rint(greys)).all():  # as an 8-bit file of another format
        return Grey(Image.fromarray(greys.astype(np.uint8)[places]), white)
    return Grey(Image.fromarray(greys.astype(np.float32)[places]), white)


def load_stored_dicom(path: Path) -> StoredDicom:
    """The values that a file stores, and what they mean. Raises as `survey_header`, and whatever decoders raise."""
    survey_header(read_header(path))
    whole = read_whole(path)
    if "PixelData" not in whole:
        raise ValueError("its pixels are not all there")
    rule = _rule_of(whole)
    stored = _decoded(whole).astype(np.int32) - rule.stored.start
    if stored.min() < 0 or stored.max() >= len(rule.stored):
        raise ValueError(f"it holds values of more than the {rule.bits} bits that it tells")
    if rule.bits > 8 and rule.voi is None and _SHOWN * int(stored.max() - stored.min()) < len(rule.stored):
        raise PrivbenchError(
            f"has no window, and its values fill less than a quarter of the {rule.bits} bits that it tells, so it "
            "would be shown nearly in one grey: export it with its window, or with the bits that it uses."
        )
    return StoredDicom(whole, rule, stored)


def survey_header(header: Header) -> Survey:
    """What the file is. Raises as `survey_dicom`, without its name, and whatever pydicom raises."""
    if (problem := _problem(header)) is not None:
        raise PrivbenchError(problem)
    _rule_of(header, tables=False)
    return Survey(None, 0, int(header.Columns), int(header.Rows))


def _problem(header: Header) -> str | None:
    """What keeps it from being read, and what to do."""
    if any(name not in header for name in _LAYOUT):
        kind = header.get("SOPClassUID")
        return f"holds no picture{f' ({kind.name})' if kind else ''}: take it out."
    if (frames := int(header.get("NumberOfFrames") or 1)) > 1:
        return f"holds {frames} pictures: save one of them alone."
    width, height = int(header.Columns), int(header.Rows)
    if not 0 < width * height <= MOST_PIXELS:
        return (
            f"has {width} x {height} pixels, where 1 to {MOST_PIXELS // 10**6} million belong: check that it is a "
            "radiograph, and save it smaller."
        )
    kind = header.PhotometricInterpretation
    if kind not in _INVERTED or int(header.get("SamplesPerPixel", 1)) != 1:
        return f"holds colours ({kind}): save it as MONOCHROME2."
    allocated, bits = int(header.BitsAllocated), int(header.BitsStored)
    signed, highest = int(header.get("PixelRepresentation", 0)), int(header.get("HighBit", bits - 1))
    if allocated not in (8, 16) or not 1 <= bits <= allocated or highest != bits - 1 or signed not in (0, 1):
        return f"stores {bits} of {allocated} bits, up to bit {highest}: save it with the lowest bits of 8 or 16."
    return _coding_problem(header)


def _coding_problem(header: Header) -> str | None:
    """What keeps its pixels from being decoded."""
    from pydicom.pixels import get_decoder

    syntax = header.file_meta.TransferSyntaxUID
    if syntax not in _PLUGINS:
        return f"is coded as {syntax.name}, which is not read: save it uncompressed, or as JPEG 2000."
    plugin = _PLUGINS[syntax]
    if plugin not in (_NATIVE, _OWN) and plugin not in get_decoder(syntax).available_plugins:
        return f"is coded as {syntax.name}, whose decoder is not installed: {INSTALL}."
    return None


def _rule_of(header: Header, tables: bool = True) -> GreyRule:
    """The grey that the header gives to its values; without its tables where only its soundness is asked for.

    Raises:
        PrivbenchError: slope or window leave no grey.
    """
    bits, signed = int(header.BitsStored), _signed(header)
    slope, intercept = _number(header, "RescaleSlope", 1.0), _number(header, "RescaleIntercept", 0.0)
    if slope == 0:
        raise PrivbenchError("has a RescaleSlope of 0, by which all greys are one: export it anew.")
    voi: LookUpTable | Window | None = None
    if header.get("VOILUTSequence"):
        voi = _table(header.VOILUTSequence[0], signed) if tables else None
    elif header.get("WindowWidth") is not None and header.get("WindowCenter") is not None:
        voi = _window(header)
    modality = _table(header.ModalityLUTSequence[0], signed) if tables and header.get("ModalityLUTSequence") else None
    padding = None
    if (first := header.get("PixelPaddingValue")) is not None:
        ends = _wrapped(np.array([first, header.get("PixelPaddingRangeLimit", first)], int), bits, signed)
        padding = int(ends.min()), int(ends.max())
    inverted = _INVERTED[header.PhotometricInterpretation]
    return GreyRule(bits, signed, inverted, slope, intercept, modality, voi, padding)


def _signed(header: Header) -> bool:
    return bool(header.get("PixelRepresentation", 0))


def _number(header: Header, name: str, default: float) -> float:
    """The value of an element, the first of several. Raises PrivbenchError where it is no number."""
    value = header.get(name)
    first = value[0] if isinstance(value, MutableSequence) else value
    if first is None:
        return default
    if not np.isfinite(number := float(first)):
        raise PrivbenchError(f"has {number} for {name}: export it anew.")
    return number


def _window(header: Header) -> Window:
    function = str(header.get("VOILUTFunction") or "LINEAR")
    width = _number(header, "WindowWidth", 0.0)
    least = 1 if function == "LINEAR" else 0
    if function not in WINDOW_FUNCTIONS or width <= least:
        raise PrivbenchError(f"has a window {width:g} wide of the function {function}, which shows no grey: export it "
                             "anew.")  # fmt: skip
    return Window(_number(header, "WindowCenter", 0.0), width, function)


def _table(item: Header, signed: bool) -> LookUpTable:
    """The table that an item of a sequence holds: 8 bits an entry or 16, whatever its VR says."""
    told = item.get_item("LUTDescriptor")
    count, first, bits = np.frombuffer(told.value, _order(told, "u2"))[:3].astype(int)
    count = count or 2**16
    if first >= 2**15 and (told.VR == "SS" or (told.VR != "US" and signed)):
        first -= 2**16
    if not 8 <= bits <= 16:
        raise PrivbenchError(f"has a table of greys of {bits} bits, where 8 to 16 belong: export it anew.")
    data = item.get_item("LUTData")
    short = bits == 8 and len(data.value) < 2 * count
    entries = np.frombuffer(data.value, np.uint8 if short else _order(data, "u2"))[:count]
    if len(entries) < count:
        raise PrivbenchError(f"has a table of greys of {count} entries, of which {len(entries)} are there: export it "
                             "anew.")  # fmt: skip
    return LookUpTable(int(first), entries, int(bits))


def _order(element: object, kind: str) -> str:
    return ("<" if getattr(element, "is_little_endian", True) else ">") + kind


def _wrapped(values: np.ndarray, bits: int, signed: bool) -> np.ndarray:
    """Whole numbers as those bits store them: 63536 is -2000 where 16 are signed. Shape: any, int, in and out."""
    offset = 2 ** (bits - 1) if signed else 0
    return (values + offset) % 2**bits - offset


def _decoded(header: Header) -> np.ndarray:
    """The stored values. Shape: (rows, columns), int.

    Raises:
        PrivbenchError: the compressed picture has other sides than the header tells, and might fill the memory.
    """
    from pydicom.encaps import get_frame
    from pydicom.pixels import get_decoder

    syntax = header.file_meta.TransferSyntaxUID
    plugin = _PLUGINS[syntax]
    # Imported by name, so that keys hold their versions: pydicom looks for them by texts.
    if plugin == "pyjpegls":
        import jpeg_ls  # noqa: F401
    elif plugin == "pylibjpeg":
        import openjpeg  # noqa: F401
    if syntax.is_encapsulated:
        frame = get_frame(header.PixelData, 0, number_of_frames=1)
        sides = codestream_sides(frame)
        if sides not in (None, (int(header.Columns), int(header.Rows))):
            raise PrivbenchError(
                f"tells {header.Columns} x {header.Rows} pixels and holds {sides[0]} x {sides[1]}: replace it by a "
                "sound copy."
            )
        if plugin == _OWN:
            return _wrapped(lossless_jpeg.decode(frame).astype(np.int32), int(header.BitsStored), _signed(header))
    return get_decoder(syntax).as_array(header, raw=True, index=0, decoding_plugin=plugin)[0]
