"""Lossless JPEG (ITU-T T.81, process 14, selection value 1), as most archives of radiographs compress with.

The decoders of it that there are either may not be used with this licence, or end the whole process over a broken file.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

import numpy as np

_START, _FRAME, _TABLES, _SCAN, _RESTARTS = b"\xff\xd8", 0xC3, 0xC4, 0xDA, 0xDD
_FROM_THE_LEFT = 1
_LONGEST = 16  # bits of a code, and of a difference


def decode(stream: bytes) -> np.ndarray:
    """The values of a single-component picture. Shape: (rows, columns), uint16, 0 to 2^precision - 1.

    Raises:
        ValueError: it is no such picture, is coded in another way, or ends too early.
    """
    bits, rows, columns = 0, 0, 0
    tables: dict[int, tuple[np.ndarray, np.ndarray]] = {}
    place = len(_START)
    while stream.startswith(_START) and place + 4 <= len(stream):
        mark, marker, length = struct.unpack_from(">BBH", stream, place)
        body = stream[place + 4 : place + 2 + length]
        place += 2 + length
        if mark != 0xFF:
            break
        if marker == _FRAME:
            bits, rows, columns, components = struct.unpack_from(">BHHB", body)
            if components != 1:
                raise ValueError(f"it has {components} components")
        elif marker == _TABLES:
            tables |= _huffman_tables(body)
        elif marker == _RESTARTS and any(body):
            raise ValueError("it is coded with restart intervals, which are not read")
        elif marker == _SCAN:
            _, _, table, selection, _, shift = struct.unpack_from(">6B", body)
            if selection != _FROM_THE_LEFT:
                raise ValueError(f"it is predicted by selection value {selection}, where 1 is read")
            shift %= 16
            if not 2 <= bits - shift <= 16 or table >> 4 not in tables:
                break
            differences = _differences(_unstuffed(stream[place:]), *tables[table >> 4], rows * columns)
            return _summed(differences.reshape(rows, columns), bits - shift) << shift
    raise ValueError("it is no whole lossless JPEG")


def _huffman_tables(body: bytes) -> dict[int, tuple[np.ndarray, np.ndarray]]:
    """By number, what each 16 bits begin with: the bits of the code, 0 where it is none, and those of the difference.

    Shape: (65536,), uint8, each.
    """
    tables = {}
    place = 0
    while place < len(body):
        counts = body[place + 1 : place + 1 + _LONGEST]
        symbols = body[place + 1 + _LONGEST : place + 1 + _LONGEST + sum(counts)]
        if len(counts) < _LONGEST or len(symbols) < sum(counts) or max(symbols, default=0) > _LONGEST:
            raise ValueError("its Huffman tables are broken")
        lengths = np.repeat(np.arange(1, _LONGEST + 1), list(counts))
        spans = 2 ** (_LONGEST - lengths)  # how many sixteens of bits begin with a code
        codes, sizes = (np.zeros(2**_LONGEST, np.uint8) for _ in range(2))
        if spans.sum() > 2**_LONGEST:
            raise ValueError("its Huffman tables are broken")
        codes[: spans.sum()] = np.repeat(lengths, spans)
        sizes[: spans.sum()] = np.repeat(np.frombuffer(symbols, np.uint8), spans)
        tables[body[place]] = codes, sizes
        place += 1 + _LONGEST + len(symbols)
    return tables


def _unstuffed(scan: bytes) -> np.ndarray:
    """The coded bits up to the next marker, without the zeros that stand behind each 0xFF. Shape: (n,), uint8."""
    data = np.frombuffer(scan, np.uint8)
    full = np.flatnonzero(data[:-1] == 0xFF)
    markers = full[data[full + 1] != 0]
    end = markers[0] if len(markers) else len(data)
    return np.delete(data[:end], full[full + 1 < end] + 1)


def _differences(data: np.ndarray, codes: np.ndarray, sizes: np.ndarray, count: int) -> np.ndarray:
    """The first so many differences of the coded bits. Shape: (count,), int32."""
    padded = np.concatenate([data, np.zeros(8, np.uint8)]).astype(np.uint32)
    words = (padded[:-3] << 24) | (padded[1:-2] << 16) | (padded[2:-1] << 8) | padded[3:]  # 32 bits from each byte on
    extra = np.where(sizes == _LONGEST, 0, sizes)  # the longest difference is one alone
    whole = np.where(codes == 0, 0, codes + extra)
    # What is coded from each bit on, as if a code began there, so that where they begin is found by adding alone.
    steps = np.empty((len(data), 8), np.uint8)
    for bit in range(8):
        steps[:, bit] = whole[(words[: len(data)] >> (16 - bit)) & 0xFFFF]
    flat = steps.tobytes()
    begins = np.fromiter(_begins(flat, count), np.int32, count)
    if begins[-1] + flat[begins[-1]] > len(flat):
        raise ValueError("it ends too early")
    windows = _bits_from(words, begins)
    code, size = codes[windows], sizes[windows].astype(np.int32)
    values = _bits_from(words, begins + code) >> (_LONGEST - size)
    negative = values < (1 << np.maximum(size - 1, 0))
    differences = np.where(negative, values - (1 << size) + 1, values)
    return np.where(size == _LONGEST, 2**15, np.where(size == 0, 0, differences))


def _begins(steps: bytes, count: int) -> Iterator[int]:
    """The bit at which each of so many codes begins. Raises ValueError where there are fewer."""
    place = 0
    for _ in range(count):
        if place >= len(steps) or not steps[place]:
            raise ValueError("it ends too early, or is broken")
        yield place
        place += steps[place]


def _bits_from(words: np.ndarray, places: np.ndarray) -> np.ndarray:
    """The 16 bits from each place on. Shape: (n,), int32, twice."""
    return ((words[places >> 3] >> (16 - (places & 7)).astype(np.uint32)) & 0xFFFF).astype(np.int32)


def _summed(differences: np.ndarray, bits: int) -> np.ndarray:
    """Values from what each lacks of the one to its left, or in the first column of the one above.

    Shape: (rows, columns), int32 to uint16.
    """
    differences[0, 0] += 2 ** (bits - 1)
    differences[:, 0] = np.cumsum(differences[:, 0])
    return (np.cumsum(differences, axis=1) & 0xFFFF).astype(np.uint16)
