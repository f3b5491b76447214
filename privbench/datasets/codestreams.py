"""Compressed pictures inside of other files: the sides that they themselves tell, read before anything is decoded."""

from __future__ import annotations

import struct

_START = b"\xff\xd8"  # of JPEG (ITU-T T.81, table B.1) and JPEG-LS (T.87)
_FRAMES = {*range(0xC0, 0xD0), 0xF7} - {0xC4, 0xC8, 0xCC}
_ALONE = {0x01, *range(0xD0, 0xD9)}
"""Markers that no length follows."""
_START_2000 = b"\xff\x4f\xff\x51"  # SOC and SIZ (T.800, annex A)
_BOX = b"\x00\x00\x00\x0cjP  "


def codestream_sides(stream: bytes) -> tuple[int, int] | None:
    """Width and height of the JPEG, JPEG-LS or JPEG 2000 codestream that the bytes are; None where they are none."""
    if stream.startswith(_BOX):  # a whole JP2 file, which DICOM forbids and some write
        stream = stream[max(stream.find(_START_2000), 0) :]
    if stream.startswith(_START_2000) and len(stream) >= 24:
        right, bottom, left, top = struct.unpack_from(">4I", stream, 8)
        return right - left, bottom - top
    return _sides_of_jpeg(stream) if stream.startswith(_START) else None


def _sides_of_jpeg(stream: bytes) -> tuple[int, int] | None:
    place = len(_START)
    while place + 9 <= len(stream) and stream[place] == 0xFF:
        marker = stream[place + 1]
        if marker in _FRAMES:
            height, width = struct.unpack_from(">2H", stream, place + 5)
            return width, height
        if marker == 0xFF:  # fill
            place += 1
        elif marker in _ALONE:
            place += 2
        else:
            place += 2 + struct.unpack_from(">H", stream, place + 2)[0]
    return None
