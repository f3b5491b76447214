"""Radiographs are read as they are, or refused in a sentence."""

import struct
import zlib
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

from privbench.base.errors import PrivbenchError
from privbench.datasets.radiographs import read_grey, survey


@pytest.fixture
def noise(rng):
    """A grey image of 12 bits. Shape: (40, 40)."""
    return rng.integers(0, 4096, (40, 40)).astype(np.uint16)


def looked(folder, size=32):
    """The bit depth of all PNGs of a folder, and what is told of them."""
    told = []
    with ThreadPoolExecutor(2) as pool:
        depth = survey({path.name: path for path in sorted(folder.glob("*.png"))}, size, pool, told.append)
    return depth, told


def save(folder, **images):
    for name, image in images.items():
        Image.fromarray(image).save(folder / f"{name}.png")


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


def float_tiff(path):
    Image.fromarray(np.random.default_rng(0).normal(size=(40, 40)).astype(np.float32)).save(path, "TIFF")


def signed_tiff(path):
    Image.fromarray(np.arange(-800, 800, dtype=np.int32).reshape(40, 40)).save(path, "TIFF")


def coloured(path):
    image = np.full((40, 40, 3), 90, np.uint8)
    image[3:6, 3:6] = 200, 30, 30
    Image.fromarray(image).save(path)


def coloured_palette(path):
    image = Image.fromarray(np.arange(1600, dtype=np.uint16).astype(np.uint8).reshape(40, 40)).convert("P")
    image.putpalette([255, 0, 0, 0, 0, 255] * 128)
    image.save(path)


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
        (float_tiff, "is a file of TIFF: save it as a grey PNG"),
        (signed_tiff, "is a file of TIFF"),
        (coloured, "holds colours"),
        (coloured_palette, "holds colours"),
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
