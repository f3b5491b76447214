"""Radiographs are read as they are, or refused in a sentence."""

import os
import struct
import tempfile
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from privbench.base.errors import PrivbenchError
from privbench.base.progress import Progress
from privbench.data.problems import DataError
from privbench.data.squares import pixels_per_pixel
from privbench.datasets import image_files
from privbench.datasets.radiographs import read_chunks, read_grey, read_mask, survey
from privbench.plugins.interfaces import DataRequest


@pytest.fixture
def noise(rng):
    """A grey image of 12 bits. Shape: (40, 40)."""
    return rng.integers(0, 4096, (40, 40)).astype(np.uint16)


def looked(folder, size=32):
    """The bit depth of all images of a folder, and what is told of them."""
    told = []
    with ThreadPoolExecutor(2) as pool:
        found = survey({path.name: path for path in sorted(folder.iterdir())}, size, pool, told.append)
    return found.depth, told


def save(folder, ending="png", **images):
    for name, image in images.items():
        Image.fromarray(image).save(folder / f"{name}.{ending}")


def test_twelve_bits_in_a_file_of_sixteen_keep_their_grey_levels(tmp_path, noise):
    """They once kept 16 of them."""
    noise[0, :2] = 0, 4095
    save(tmp_path, a=noise)
    assert looked(tmp_path) == (12, [])
    grey = read_grey(tmp_path / "a.png", 40, 12)
    assert len(np.unique(grey)) > 200
    assert np.array_equal(grey, np.rint(noise * (255 / 4095)))
    assert grey[0, :2].tolist() == [0, 255]


def test_the_depth_is_that_of_the_collection(tmp_path, noise):
    """By its own maximum the darker image would be as bright as the other one."""
    save(tmp_path, bright=noise | 2048, dark=(noise // 16).astype(np.uint16))
    assert looked(tmp_path)[0] == 12
    assert read_grey(tmp_path / "dark.png", 40, 12).max() <= 16


def test_a_ramp_of_twelve_bits_keeps_its_values_until_it_is_rounded_once(tmp_path):
    """Rounded to 8 bits before it is scaled, the mean of four values is off by up to a grey level."""
    ramp = np.arange(4096, dtype=np.uint16).reshape(64, 64)
    save(tmp_path, png=ramp)
    save(tmp_path, "tif", tiff=ramp)
    assert looked(tmp_path) == (12, [])
    assert np.array_equal(read_grey(tmp_path / "png.png", 64, 12), np.rint(ramp * (255 / 4095)))
    wide = np.asarray(Image.fromarray(ramp.astype(np.float32)).resize((32, 32), Image.Resampling.BILINEAR), float)
    assert len(np.unique(wide)) == 32 * 32, "no two values have become one"
    for name in ("png.png", "tiff.tif"):
        assert np.array_equal(read_grey(tmp_path / name, 32, 12), np.rint(wide * (255 / 4095)))


@pytest.mark.parametrize(("largest", "depth"), [(0, 8), (200, 8), (256, 9), (1023, 10), (4096, 13), (65535, 16)])
def test_the_depth_is_the_smallest_that_holds_all_values(tmp_path, largest, depth):
    save(tmp_path, a=np.full((32, 32), largest, np.uint16))
    assert looked(tmp_path)[0] == depth
    assert read_grey(tmp_path / "a.png", 32, depth).max() == round(largest * 255 / (2**depth - 1))


def test_a_collection_of_eight_bits_is_read_as_it_is(tmp_path, rng):
    grey = rng.integers(0, 100, (40, 40)).astype(np.uint8)
    rgb = np.stack([grey] * 3, axis=-1)
    save(tmp_path, grey=grey, rgb=rgb, rgba=np.concatenate([rgb, np.full((40, 40, 1), 255, np.uint8)], axis=-1))
    assert looked(tmp_path) == (8, [])
    for path in tmp_path.glob("*.png"):
        assert np.array_equal(read_grey(path, 40), grey), path


def test_eight_and_sixteen_bits_in_one_collection_are_refused(tmp_path, noise):
    save(tmp_path, a=noise, b=noise.astype(np.uint8))
    with pytest.raises(PrivbenchError, match=r"Image b\.png has 8 bits and image a\.png has 16"):
        looked(tmp_path)


@pytest.mark.parametrize("ending", ["png", "tif", "jpg"])
def test_all_formats_of_eight_bits_are_read(tmp_path, ending):
    ramp = np.arange(64, dtype=np.uint8)[None].repeat(64, 0) * 4
    save(tmp_path, ending, grey=ramp, rgb=np.stack([ramp] * 3, axis=-1))
    assert looked(tmp_path) == (8, [])
    for path in tmp_path.iterdir():
        assert np.abs(read_grey(path, 64).astype(int) - ramp).max() <= (2 if ending == "jpg" else 0), path


@pytest.mark.parametrize("compression", [None, "tiff_lzw", "tiff_adobe_deflate", "packbits"])
def test_sixteen_bits_of_a_tiff_are_read(tmp_path, noise, compression):
    Image.fromarray(noise).save(tmp_path / "a.tif", compression=compression)
    assert looked(tmp_path)[0] == 12
    assert np.array_equal(read_grey(tmp_path / "a.tif", 40, 12), np.rint(noise * (255 / 4095)))


def test_sixteen_bits_beside_a_jpeg_are_refused(tmp_path, noise):
    save(tmp_path, "tif", a=noise)
    save(tmp_path, "jpg", b=noise.astype(np.uint8))
    with pytest.raises(PrivbenchError, match=r"Image b\.jpg has 8 bits and image a\.tif has 16"):
        looked(tmp_path)


def float_tiff(path):
    Image.fromarray(np.random.default_rng(0).normal(size=(40, 40)).astype(np.float32)).save(path, "TIFF")


def signed_tiff(path):
    Image.fromarray(np.arange(-800, 800, dtype=np.int32).reshape(40, 40)).save(path, "TIFF")


def signed_tiff_of_eight_bits(path):
    Image.new("L", (40, 40)).save(path, "TIFF", tiffinfo={339: 2})


def inverted_tiff(path):
    Image.fromarray(np.full((40, 40), 900, np.uint16)).save(path, "TIFF", tiffinfo={262: 0})
    content = path.read_bytes()
    black, white = (struct.pack("<HHII", 262, 3, 1, value) for value in (1, 0))
    path.write_bytes(content.replace(black, white))


def turned(path):
    exif = Image.Exif()
    exif[274] = 6
    Image.new("L", (40, 40)).save(path, "JPEG", exif=exif)


def turned_png(path):
    exif = Image.Exif()
    exif[274] = 6
    Image.new("L", (40, 40)).save(path, "PNG", exif=exif)


def turned_at_the_end(path):
    turned_png(path)
    content = path.read_bytes()
    first = content.index(b"eXIf") - 4
    last = first + struct.unpack(">I", content[first : first + 4])[0] + 12
    end = content.index(b"IEND") - 4
    path.write_bytes(content[:first] + content[last:end] + content[first:last] + content[end:])


def truncated(path):
    Image.fromarray(np.random.default_rng(0).integers(0, 4096, (40, 40)).astype(np.uint16)).save(path, "PNG")
    path.write_bytes(path.read_bytes()[:500])


def bomb(path):
    """64 million pixels and 10,000 more in a file of some kilobytes."""
    Image.new("1", (10_000, 6_401)).save(path, "PNG")


def coloured(path):
    image = np.full((40, 40, 3), 90, np.uint8)
    image[3:6, 3:6] = 200, 30, 30
    Image.fromarray(image).save(path)


def coloured_palette(path):
    image = Image.fromarray(np.arange(1600, dtype=np.uint16).astype(np.uint8).reshape(40, 40)).convert("P")
    image.putpalette([255, 0, 0, 0, 0, 255] * 128)
    image.save(path)


def without_palette(path):
    coloured_palette(path)
    content = path.read_bytes()
    start, end = content.index(b"PLTE") - 4, content.index(b"IDAT") - 4
    path.write_bytes(content[:start] + content[end:])


def transparent(path):
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (40, 40, 2)).astype(np.uint8), "LA").save(path)


def transparent_level(path):
    Image.fromarray(np.arange(1600).astype(np.uint8).reshape(40, 40)).save(path, transparency=7)


def animated(path):
    first, second = (Image.fromarray(np.full((40, 40), grey, np.uint8)) for grey in (10, 20))
    first.save(path, save_all=True, append_images=[second])


def sixteen_bits_in_colour(path):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = np.zeros((40, 1 + 40 * 6), np.uint8)
    header = struct.pack(">IIBBBBB", 40, 40, 16, 2, 0, 0, 0)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(rows.tobytes()))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (float_tiff, "holds signed values, or fractions: save it with whole numbers from 0"),
        (signed_tiff, "holds signed values"),
        (signed_tiff_of_eight_bits, "holds signed values"),
        (inverted_tiff, "stores white as 0"),
        (turned, "is to be turned when it is shown"),
        (turned_png, "is to be turned when it is shown"),
        (turned_at_the_end, "is to be turned when it is shown"),
        (truncated, "cannot be read"),
        (bomb, "has 10000 x 6401 pixels, more than 64 million"),
        (lambda path: path.write_bytes(b""), "cannot be read"),
        (lambda path: path.write_bytes(b"patient,age"), "cannot be read"),
        (lambda path: Image.new("L", (40, 40)).save(path, "BMP"), "cannot be read as PNG, JPEG or TIFF: save"),
        (lambda path: Image.new("CMYK", (40, 40)).save(path, "JPEG"), "has pixels of the kind CMYK"),
        (
            lambda path: Image.new("L", (40, 40)).save(
                path, "TIFF", save_all=True, append_images=[Image.new("L", (40, 40), 9)]
            ),
            "holds 2 pictures",
        ),
        (coloured, "holds colours"),
        (coloured_palette, "holds colours"),
        (without_palette, "lacks the palette"),
        (transparent, "is transparent in places"),
        (transparent_level, "is transparent in places"),
        (animated, "holds 2 pictures"),
        (sixteen_bits_in_colour, "has 16 bits in colour"),
        (lambda path: Image.new("L", (1, 1)).save(path), r"has 1 x 1 pixels, too few for data\.size = 32"),
        (lambda path: Image.new("L", (300, 7)).save(path), "has 300 x 7 pixels, too few"),
        (lambda path: path.write_bytes(b"\x89PNG broken"), "cannot be read"),
    ],
)
def test_what_has_no_plain_grey_values_is_refused(tmp_path, make, message):
    make(tmp_path / "a.png")
    with pytest.raises(PrivbenchError, match=message):
        looked(tmp_path)


@pytest.mark.parametrize("ending", ["png", "jpg", "tif"])
def test_what_is_cut_short_is_told_by_its_file(tmp_path, rng, ending):
    """Also where the pixels of 8 bits are looked at no earlier than they are read."""
    save(tmp_path, ending, whole=rng.integers(0, 256, (40, 40)).astype(np.uint8))
    content = (tmp_path / f"whole.{ending}").read_bytes()
    (tmp_path / "short").write_bytes(content[: len(content) * 2 // 3])
    with pytest.raises(PrivbenchError, match=r"Image .*short cannot be read \(.*\): replace it by a sound copy"):
        read_grey(tmp_path / "short", 40)


@pytest.fixture
def open_folder():
    """A folder that everybody may enter, as those of pytest are not."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_a_file_that_may_not_be_read_is_told_with_the_others(open_folder):
    for name in ("a", "b", "c"):
        Image.new("L", (40, 40)).save(open_folder / f"{name}.png")
    (open_folder / "a.png").chmod(0)
    (open_folder / "c.png").write_bytes(b"")
    os.seteuid(65534)
    try:
        with pytest.raises(DataError) as told:
            looked(open_folder)
    finally:
        os.seteuid(0)
    assert [one.images for one in told.value.problems] == [("a.png",), ("c.png",)]
    assert "Permission denied" in told.value.problems[0].text


def test_broken_images_of_eight_bits_are_told_by_their_place_and_lose_no_other(tmp_path, rng):
    """Their heads are whole, so that nobody sees it before they are decoded."""
    images = rng.integers(0, 256, (5, 40, 40)).astype(np.uint8)
    save(tmp_path, **dict(zip("abcde", images, strict=True)))
    for name in "bd":
        content = (tmp_path / f"{name}.png").read_bytes()
        (tmp_path / f"{name}.png").write_bytes(content[: len(content) // 2])
    assert looked(tmp_path) == (8, [])
    request = DataRequest(40, 0, None, 2, Progress(quiet=True))
    [chunk] = read_chunks(sorted(tmp_path.iterdir()), None, 8, request)
    assert list(chunk.broken) == [1, 3]
    assert all("cannot be read" in text for text in chunk.broken.values())
    assert np.array_equal(chunk.images[[0, 2, 4], 0], images[[0, 2, 4]])
    assert not chunk.images[[1, 3]].any()


def test_what_was_read_is_told_once_all_is(tmp_path, rng):
    """With the pixels of the files, whatever size they are read at, and without those that are broken."""
    sides = {"a": (40, 50), "b": (64, 64), "c": (120, 80)}
    save(tmp_path, **{name: rng.integers(0, 256, side).astype(np.uint8) for name, side in sides.items()})
    (tmp_path / "b.png").write_bytes((tmp_path / "b.png").read_bytes()[:900])
    told = []
    request = DataRequest(40, 0, None, 2, Progress(quiet=True), tell_decoding=told.append)
    chunks = read_chunks(sorted(tmp_path.iterdir()), None, 8, request)
    next(chunks)
    assert not told
    assert list(chunks) == []
    (one,) = told
    assert (one.images, one.pixels, one.helpers) == (2, 40 * 50 + 120 * 80, 2)
    assert one.seconds > 0


def test_the_rarer_kind_of_bits_is_the_one_to_leave_out(tmp_path, noise):
    save(tmp_path, a=noise.astype(np.uint8), b=noise, c=noise.astype(np.uint8))
    with pytest.raises(DataError) as told:
        looked(tmp_path)
    assert [one.images for one in told.value.problems] == [("b.png",)]


def test_colours_that_compression_leaves_are_grey(tmp_path):
    image = np.full((40, 40, 3), 90, np.uint8)
    image[..., 0] += 5
    save(tmp_path, a=image)
    assert looked(tmp_path) == (8, [])


def test_small_images_are_told_without_names_in_the_text(tmp_path):
    for name, sides in {"a": (31, 50), "b": (40, 40), "c": (8, 8)}.items():
        Image.new("L", sides).save(tmp_path / f"{name}.png")
    _, [notice] = looked(tmp_path)
    assert notice.text == (
        "2 of 3 images are smaller than data.size = 32 and were enlarged; the smallest has 8 x 8 pixels"
    )
    assert notice.names == ("a.png", "c.png")


def test_all_that_is_wrong_is_told_together(tmp_path):
    for number in range(7):
        Image.new("L", (1, 1 + number)).save(tmp_path / f"{number}.png")
    with pytest.raises(PrivbenchError, match=r"(?s)7 things are wrong:\n- Image .*0\.png.*4\.png.*\n- and 2 more\."):
        looked(tmp_path)


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "P", "1", "I;16"])
def test_all_kinds_of_png_become_grey(tmp_path, mode):
    ramp = np.linspace(0, 255, 64).astype(np.uint8)[None].repeat(64, 0)
    ramp[ramp > 127], ramp[ramp <= 127] = 255, 0
    image = Image.fromarray(ramp.astype(np.uint16) * 257) if mode == "I;16" else Image.fromarray(ramp).convert(mode)
    image.save(tmp_path / "image.png")
    depth = looked(tmp_path)[0]
    assert np.array_equal(read_grey(tmp_path / "image.png", 64, depth), ramp)
    assert read_grey(tmp_path / "image.png", 16, depth).shape == (16, 16)


def test_downsizing_averages(tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (256, 256)).astype(np.uint8)
    Image.fromarray(noise).save(tmp_path / "noise.png")
    assert read_grey(tmp_path / "noise.png", 16).std() < 12  # without averaging it stays near 74


def rings():
    """An image twice as wide as high, whose halves are 50 and 200, and a mask of its right half."""
    image = np.full((40, 80), 50, np.uint8)
    image[:, 40:] = 200
    return image, (image > 100).astype(np.uint8)


@pytest.mark.parametrize("fit", ["squeeze", "pad", "crop"])
def test_images_and_masks_become_square_alike(tmp_path, fit):
    image, mask = rings()
    save(tmp_path, image=image, mask=mask)
    grey, organs = read_grey(tmp_path / "image.png", 40, fit=fit), read_mask(tmp_path / "mask.png", 40, fit)
    shown = {"squeeze": slice(None), "pad": slice(11, 29), "crop": slice(None)}[fit]
    assert (grey[shown, :19] == 50).all()
    assert (grey[shown, 21:] == 200).all()
    assert (organs == np.arange(40) // 20)[shown].all()
    if fit == "pad":
        assert not grey[[*range(9), *range(31, 40)]].any(), "black above and below"
        assert not organs[[*range(10), *range(30, 40)]].any()


@pytest.mark.parametrize("fit", ["squeeze", "pad", "crop"])
def test_a_high_image_is_fitted_as_a_wide_one(tmp_path, fit):
    image, _ = rings()
    save(tmp_path, wide=image, high=image.T, square=image[:, 20:60])
    wide, high = (read_grey(tmp_path / f"{name}.png", 20, fit=fit) for name in ("wide", "high"))
    assert np.abs(wide.astype(int) - high.T).max() <= 1, "Pillow rounds between its two passes"
    square = read_grey(tmp_path / "square.png", 40, fit=fit)
    assert np.array_equal(square, image[:, 20:60]), "what is square stays as it is"


def test_twelve_bits_are_padded_with_black(tmp_path, noise):
    save(tmp_path, a=noise[:20])
    assert np.array_equal(read_grey(tmp_path / "a.png", 40, 12, "pad")[10:30], np.rint(noise[:20] * (255 / 4095)))


def test_the_spacing_is_that_of_the_fitted_image():
    """Of 100 x 50 pixels to 10 x 10."""
    assert pixels_per_pixel(100, 50, "squeeze", 10) == (10, 5)
    assert pixels_per_pixel(100, 50, "pad", 10) == (10, 10)
    assert pixels_per_pixel(100, 50, "crop", 10) == (5, 5)


def test_the_limit_of_pixels_is_below_that_of_pillow():
    """Which warns on its own from there on, and refuses from twice as many on."""
    assert Image.MAX_IMAGE_PIXELS > image_files.MOST_PIXELS
