"""PNG, JPEG and TIFF files come back value for value and hold nothing but pixels; what is no radiograph is refused."""

import io
import struct
import sys
import zlib

import numpy as np
import pytest
from PIL import Image

from privbench.base.errors import PrivbenchError
from privbench.releasing.files import ENDINGS, read_source, write_release
from privbench.releasing.names import NewNames

NAMES = NewNames(bytes(range(32)))


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width, height, bits, colour, *data):
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + b"".join(chunk(b"IDAT", one) for one in data) + chunk(b"IEND", b"")


def released(path, pixels=None, depth=8):
    source = read_source(path, depth)
    target = path.parent / "release" / (NAMES.file(path.name) + ENDINGS[source.form])
    write_release(source, source.pixels if pixels is None else pixels, target, NAMES)
    return target


@pytest.mark.parametrize("form", ["png", "tiff"])
@pytest.mark.parametrize("bits", [8, 10, 12, 16])
def test_values_come_back_bit_for_bit(tmp_path, rng, form, bits):
    greys = rng.integers(0, 2**bits, (33, 47)).astype(np.uint8 if bits == 8 else np.uint16)
    greys[0, 0] = 2**bits - 1
    path = tmp_path / f"a.{form}"
    Image.fromarray(greys).save(path)
    source = read_source(path)
    assert (source.form, source.largest, source.header) == (form, 2**bits - 1, None)
    assert source.pixels.dtype == greys.dtype
    assert np.array_equal(source.pixels, greys)
    with Image.open(released(path)) as image:
        assert image.mode == ("L" if bits == 8 else "I;16")
        assert np.array_equal(np.asarray(image), greys)


@pytest.mark.parametrize("compression", ["raw", "tiff_lzw", "tiff_adobe_deflate", "packbits"])
def test_tiffs_are_read_however_they_are_packed(tmp_path, rng, compression):
    greys = rng.integers(0, 2**12, (33, 47)).astype(np.uint16)
    Image.fromarray(greys).save(tmp_path / "a.tiff", compression=compression)
    assert np.array_equal(np.asarray(Image.open(released(tmp_path / "a.tiff"))), greys)


def test_the_depth_of_sixteen_bits_is_that_of_the_collection(tmp_path):
    Image.fromarray(np.full((8, 8), 700, np.uint16)).save(tmp_path / "a.png")
    assert read_source(tmp_path / "a.png").largest == 1023
    assert read_source(tmp_path / "a.png", 12).largest == 4095
    Image.fromarray(np.full((8, 8), 9000, np.uint16)).save(tmp_path / "a.png")
    assert read_source(tmp_path / "a.png", 12).largest == 2**14 - 1


def test_a_jpeg_becomes_a_png_of_what_it_shows(tmp_path, rng):
    Image.fromarray(np.sort(rng.integers(0, 256, (33, 47)).astype(np.uint8))).save(tmp_path / "a.jpg", quality=90)
    source = read_source(tmp_path / "a.jpg")
    assert (source.form, source.largest) == ("jpeg", 255)
    with Image.open(released(tmp_path / "a.jpg")) as image:
        assert (image.format, image.mode) == ("PNG", "L")
        assert np.array_equal(np.asarray(image), np.asarray(Image.open(tmp_path / "a.jpg")))


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "LA", "P", "1"])
def test_grey_in_another_guise_is_grey(tmp_path, rng, mode):
    greys = Image.fromarray(rng.integers(0, 2, (20, 30)).astype(np.uint8) * 255)
    greys.convert(mode).save(tmp_path / "a.png")
    assert np.array_equal(np.asarray(Image.open(released(tmp_path / "a.png"))), np.asarray(greys))


def test_white_is_told_in_one_way(tmp_path, rng):
    greys = rng.integers(0, 256, (20, 30)).astype(np.uint8)
    Image.fromarray(255 - greys).save(tmp_path / "a.tiff", tiffinfo={262: 0})
    content = (tmp_path / "a.tiff").read_bytes()
    assert struct.pack("<HHI", 262, 3, 1) + struct.pack("<I", 0) in content, "white is 0"
    source = read_source(tmp_path / "a.tiff")
    with Image.open(released(tmp_path / "a.tiff")) as image:
        assert image.tag_v2[262] == 1
        assert np.array_equal(np.asarray(image), source.pixels)


def test_a_release_holds_nothing_but_pixels(tmp_path, rng):
    greys = rng.integers(0, 256, (33, 47)).astype(np.uint8)
    Image.fromarray(greys).save(tmp_path / "a.png")
    content = released(tmp_path / "a.png").read_bytes()
    kinds, place = [], 8
    while place < len(content):
        (length,) = struct.unpack_from(">I", content, place)
        kinds.append(content[place + 4 : place + 8])
        place += 12 + length
    assert list(dict.fromkeys(kinds)) == [b"IHDR", b"IDAT", b"IEND"]
    Image.fromarray(greys).save(tmp_path / "a.tiff")
    with Image.open(released(tmp_path / "a.tiff")) as image:
        assert set(image.tag_v2) <= {256, 257, 258, 259, 262, 273, 277, 278, 279, 284}


def rgb(path):
    Image.fromarray(np.dstack([np.full((9, 9), v, np.uint8) for v in (200, 20, 20)])).save(path)


def animated(path):
    frames = [Image.new("L", (9, 9), v) for v in (10, 200)]
    frames[0].save(path, save_all=True, append_images=frames[1:])


def several_pages(path):
    frames = [Image.new("L", (9, 9), v) for v in (10, 200)]
    frames[0].save(path, "TIFF", save_all=True, append_images=frames[1:])


def rows_missing(path):
    Image.fromarray(np.full((8, 8), 9, np.uint16)).save(path, "TIFF")
    content = path.read_bytes()
    told = struct.pack("<HHII", 257, 4, 1, 8)
    assert content.count(told) == 1
    path.write_bytes(content.replace(told, struct.pack("<HHII", 257, 4, 1, 9)))


def cut_short(path):
    file = io.BytesIO()
    Image.effect_noise((99, 99), 50).save(file, "PNG")
    path.write_bytes(file.getvalue()[:3000])


@pytest.mark.parametrize(("make", "message"), [
    (rgb, "holds colours: save it as grey"),
    (animated, "holds 2 pictures"),
    (several_pages, "holds 2 pictures"),
    (lambda path: Image.new("CMYK", (9, 9)).save(path, "TIFF"), "has pixels of the kind CMYK"),
    (lambda path: Image.new("F", (9, 9)).save(path, "TIFF"), "holds signed values, or fractions"),
    (lambda path: Image.new("L", (9, 9)).save(path, "GIF"), "cannot be read as PNG, JPEG or TIFF"),
    (rows_missing, "lacks some of its rows"),
    (cut_short, "cannot be read"),
    (lambda path: path.write_bytes(b""), "cannot be read as PNG, JPEG or TIFF"),
    (lambda path: path.write_bytes(png(9000, 8000, 8, 0, zlib.compress(b"0"))), "has 9000 x 8000 pixels"),
    (lambda path: path.write_bytes(png(60_000, 60_000, 8, 0, zlib.compress(b"0"))), "cannot be read"),
    (lambda path: path.write_bytes(png(9, 9, 8, 0, zlib.compress(b"0"))), "cannot be read"),
])  # fmt: skip
def test_what_is_no_single_grey_picture_is_refused_in_a_sentence(tmp_path, make, message):
    make(tmp_path / "a.png")
    with pytest.raises(PrivbenchError, match=rf"^Image \S*a\.png {message}.*\.$"):
        read_source(tmp_path / "a.png")


@pytest.mark.parametrize("name", ["nothing.png", "."])
def test_what_is_no_file_is_told(tmp_path, name):
    with pytest.raises(PrivbenchError, match="There is no image"):
        read_source(tmp_path / name)


def test_dicom_without_pydicom_is_told(tmp_path, monkeypatch):
    (tmp_path / "a.dcm").write_bytes(bytes(128) + b"DICM")
    monkeypatch.setitem(sys.modules, "pydicom", None)
    with pytest.raises(PrivbenchError, match=r"which pydicom reads: pip install 'privbench\[dicom\]'"):
        read_source(tmp_path / "a.dcm")


@pytest.mark.parametrize("pixels", [np.zeros((8, 9), np.uint16), np.zeros((8, 8), np.uint8),
                                    np.full((8, 8), 1024, np.uint16)])  # fmt: skip
def test_pixels_of_another_shape_type_or_range_are_no_release(tmp_path, pixels):
    Image.fromarray(np.full((8, 8), 700, np.uint16)).save(tmp_path / "a.png")
    with pytest.raises(ValueError, match="these are no pixels of"):
        released(tmp_path / "a.png", pixels)
    assert not (tmp_path / "release").exists()


def test_a_release_is_called_by_what_it_is(tmp_path):
    Image.new("L", (8, 8)).save(tmp_path / "a.jpg")
    source = read_source(tmp_path / "a.jpg")
    with pytest.raises(ValueError, match=r"a release of jpeg ends in \.png"):
        write_release(source, source.pixels, tmp_path / "b.jpg", NAMES)


def test_nothing_is_left_half_written(tmp_path, monkeypatch):
    Image.new("L", (8, 8)).save(tmp_path / "a.png")
    monkeypatch.setattr("pathlib.Path.replace", lambda self, target: (_ for _ in ()).throw(OSError("full")))
    with pytest.raises(OSError, match="full"):
        released(tmp_path / "a.png")
    assert list((tmp_path / "release").iterdir()) == []


def test_real_radiographs_come_back(real_data, tmp_path):
    for path in sorted((real_data / "chestxray14-1024" / "images").iterdir())[:4]:
        source = read_source(path)
        target = tmp_path / f"{NAMES.file(path.name)}.png"
        write_release(source, source.pixels, target, NAMES)
        assert np.array_equal(np.asarray(Image.open(target)), np.asarray(Image.open(path).convert("L")))
