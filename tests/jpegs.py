"""Lossless JPEGs, written out by the standard's rules."""

from __future__ import annotations

import struct

import numpy as np


def lossless_jpeg(values: np.ndarray, bits: int) -> bytes:
    """A JPEG of process 14, selection value 1 (ITU-T T.81, annex H): each value by what its left neighbour lacks of it.

    Shape: (rows, columns), int, 0 to 2^bits - 1.
    """
    rows, columns = values.shape
    before = np.concatenate([np.roll(values[:, :1], 1, 0), values[:, :-1]], axis=1)
    before[0, 0] = 2 ** (bits - 1)
    lacking = (values.astype(int) - before + 2**15) % 2**16 - 2**15
    written = []
    for one in lacking.ravel():
        length = 16 if one == -(2**15) else int(abs(one)).bit_length()
        written.append(f"{length:05b}")  # a code of five bits for each of the seventeen lengths
        if 0 < length < 16:
            written.append(f"{one if one > 0 else one + 2**length - 1:0{length}b}")
    text = "".join(written)
    text += "1" * (-len(text) % 8)
    scan = int(text, 2).to_bytes(len(text) // 8, "big").replace(b"\xff", b"\xff\0")
    counts = bytes([0, 0, 0, 0, 17, *[0] * 11])
    return b"".join(
        [
            b"\xff\xd8",
            b"\xff\xc3" + struct.pack(">HBHHB", 11, bits, rows, columns, 1) + bytes([1, 0x11, 0]),
            b"\xff\xc4" + struct.pack(">HB", 19 + 17, 0) + counts + bytes(range(17)),
            b"\xff\xda" + struct.pack(">HB", 8, 1) + bytes([1, 0, 1, 0, 0]),
            scan,
            b"\xff\xd9",
        ]
    )
