"""Compressed pictures tell their sides before they are decoded."""

import io
import struct

import numpy as np
import pytest
from PIL import Image

from privbench.datasets.codestreams import codestream_sides


@pytest.mark.parametrize("progressive", [False, True])
def test_a_jpeg_tells_its_sides(progressive):
    file = io.BytesIO()
    Image.new("L", (37, 21)).save(file, "JPEG", progressive=progressive, exif=b"Exif\0\0" + bytes(300), dpi=(72, 72))
    assert codestream_sides(file.getvalue()) == (37, 21)


def test_a_jpeg_2000_tells_its_sides_from_the_picture_s_origin():
    size = struct.pack(">4s2H4I", b"\xff\x4f\xff\x51", 41, 0, 50, 40, 13, 19) + bytes(40)
    assert codestream_sides(size) == (37, 21)
    file = b"\0\0\0\x0cjP  \r\n\x87\n" + bytes(30) + size
    assert codestream_sides(file) == (37, 21)


@pytest.mark.parametrize("stream", [b"", b"\xff", b"\xff\xd8", b"\xff\xd8\xff\xff\xff\xff\xff\xff\xff", bytes(99)])
def test_what_is_no_codestream_tells_none(stream):
    assert codestream_sides(stream) is None


def test_a_codestream_that_was_cut_short_tells_none():
    file = io.BytesIO()
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(file, "JPEG")
    whole = file.getvalue()
    assert {codestream_sides(whole[:end]) for end in range(len(whole))} == {None, (8, 8)}
