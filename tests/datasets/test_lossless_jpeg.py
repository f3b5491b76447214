"""Lossless JPEG is decoded to the value, or refused."""

import struct
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jpegs import lossless_jpeg

from privbench.datasets.codestreams import codestream_sides
from privbench.datasets.lossless_jpeg import decode

FEW = settings(max_examples=60, derandomize=True, deadline=None, database=None)


@FEW
@given(st.integers(2, 16), st.integers(1, 20), st.integers(1, 20), st.integers(0, 2**32 - 1), st.booleans())
def test_what_was_encoded_comes_back(bits, rows, columns, seed, extreme):
    rng = np.random.default_rng(seed)
    values = rng.integers(0, 2**bits, (rows, columns))
    values = np.where(values < 2 ** (bits - 1), 0, 2**bits - 1) if extreme else values
    stream = lossless_jpeg(values, bits)
    assert np.array_equal(decode(stream), values)
    assert codestream_sides(stream) == (columns, rows)


def test_the_longest_difference_is_read():
    values = np.array([[0, 2**15, 0, 2**16 - 1]])
    assert np.array_equal(decode(lossless_jpeg(values, 16)), values)


def test_a_point_transform_shifts_what_comes_out():
    values = np.arange(64).reshape(8, 8)
    stream = bytearray(lossless_jpeg(values, 6))
    stream[stream.index(b"\xff\xc3") + 4] = 8  # bits, of which two are cut off
    stream[stream.index(b"\xff\xda") + 9] = 2
    assert np.array_equal(decode(bytes(stream)), values * 4)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: s[: len(s) * 2 // 3], "ends too early"),
        (lambda s: s[:-8], "ends too early"),
        (lambda s: s[:2], "no whole lossless JPEG"),
        (lambda s: b"", "no whole lossless JPEG"),
        (lambda s: s.replace(b"\xff\xda\0\x08\x01\x01\0\x01", b"\xff\xda\0\x08\x01\x01\0\x04"), "selection value 4"),
        (lambda s: s[:2] + b"\xff\xdd\0\x04\0\x05" + s[2:], "restart intervals"),
        (lambda s: s.replace(bytes([0, 0, 0, 0, 17]), bytes([255, 255, 255, 255, 17])), "tables are broken"),
    ],
)
def test_what_is_not_read_is_told(change, message):
    stream = lossless_jpeg(np.random.default_rng(0).integers(0, 4096, (20, 20)), 12)
    with pytest.raises(ValueError, match=message):
        decode(change(stream))


@FEW
@given(st.data())
def test_broken_streams_raise_what_their_readers_catch(data):
    stream = bytearray(lossless_jpeg(np.random.default_rng(0).integers(0, 4096, (12, 12)), 12))
    for _ in range(3):
        stream[data.draw(st.integers(0, len(stream) - 1))] = data.draw(st.integers(0, 255))
    if codestream_sides(bytes(stream)) not in (None, (12, 12)):
        return  # refused before
    with suppress(ValueError, LookupError, struct.error):
        assert decode(bytes(stream)).shape == (12, 12)
