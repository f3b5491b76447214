"""What becomes of single images under methods that move, repaint and draw noise."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from dicoms import write_dicom
from PIL import Image, ImageDraw, ImageFont

from privbench.base.errors import PrivbenchError
from privbench.metrics.deformation import moved
from privbench.releasing import making as module
from privbench.releasing.files import read_source
from privbench.releasing.full_size import moved_at_full_size
from privbench.releasing.making import Failed, Made, Making
from privbench.releasing.method import method_of_run, named_method

LIAR = """
import torch
from privbench import Anonymizer
class Liar(Anonymizer):
    \"\"\"Says that it moves by a pixel, and darkens.\"\"\"
    name = "liar"
    deterministic = True
    moves_pixels_alone = True
    def anonymize(self, images, generator):
        return images * 0.5
    def displacement(self, images):
        return torch.ones(len(images), 2, *images.shape[2:])
"""


@pytest.fixture
def making(tmp_path):
    """Makes releases in this process by a method."""
    module._ready.clear()
    (tmp_path / "out").mkdir()
    return lambda method: Making(method, tmp_path / "out", b"k" * 32, 8, False, "cpu", None)


@pytest.fixture
def images(tmp_path, rng):
    """Three images of different shapes, one of them of 16 bits of which it uses 12."""
    found = []
    for number, (shape, bits) in enumerate([((128, 128), 8), ((100, 140), 8), ((90, 64), 12)]):
        coarse = Image.fromarray(rng.integers(0, 256, (8, 8), np.uint8)).resize(shape[::-1], Image.Resampling.BICUBIC)
        pixels = np.asarray(coarse) if bits == 8 else np.asarray(coarse).astype(np.uint16) * 16 + 15
        Image.fromarray(pixels).save(tmp_path / f"{number}.png")
        found.append((f"{number}.png", tmp_path / f"{number}.png"))
    return found


@pytest.fixture
def lettered(tmp_path):
    """Grey images of 256 pixels with a name in a corner, of 8 bits and of 12."""
    image = Image.new("L", (256, 256), 90)
    ImageDraw.Draw(image).text((20, 20), "DOE 12:31", fill=255, font=ImageFont.load_default(size=14))
    pixels = np.asarray(image)
    Image.fromarray(pixels).save(tmp_path / "8.png")
    write_dicom(
        tmp_path / "12.dcm", pixels.astype(int) * 16, bits=12, PatientID="7", WindowCenter=2048, WindowWidth=4096
    )
    return [(name, tmp_path / name) for name in ("8.png", "12.dcm")]


@pytest.fixture
def dim(tmp_path, lettered):
    """The same of values that fill few of their bits: a twentieth in a window, and an eighth of 16-bit files."""
    pixels = np.asarray(Image.open(tmp_path / "8.png")).astype(int)
    window = {"WindowCenter": 1628, "WindowWidth": 256}
    for kind, stored in (("MONOCHROME1", 1755 - pixels), ("MONOCHROME2", 1500 + pixels)):
        write_dicom(tmp_path / f"{kind}.dcm", stored, bits=16, PhotometricInterpretation=kind, **window)
    Image.fromarray((pixels * 32).astype(np.uint16)).save(tmp_path / "16.png")
    Image.fromarray((pixels * 32).astype(np.uint16)).save(tmp_path / "16.tiff")
    return [(name, tmp_path / name) for name in ("MONOCHROME1.dcm", "MONOCHROME2.dcm", "16.png", "16.tiff")]


def test_letters_of_values_that_do_not_fill_their_bits_are_painted_over(making, dim, identity, tmp_path):
    for made in replace(making(identity), depth=16, masked=True)(dim):
        pixels = read_source(tmp_path / "out" / made.name).pixels
        assert pixels.max() == pixels.min(), made.source


@pytest.mark.parametrize("at_trained_size", [False, True])
def test_letters_are_painted_over_where_that_is_asked_for(making, lettered, at_trained_size):
    method = named_method("identity", {}, (), 128, "squeeze", at_trained_size)
    seen, masked = making(method), replace(making(method), masked=True)
    for name, path in lettered:
        for made, flat in ((seen, False), (masked, True)):
            (one,) = made([(name, path)])
            pixels = read_source(made.folder / one.name).pixels
            assert (pixels.max() == pixels.min()) == flat, (name, flat)


def results(making, images):
    return [np.asarray(Image.open(making.folder / one.name)) for one in making(images)]


def test_a_deformation_is_the_trained_one_at_full_size(making, images, finished):
    """The network's own field of the small image, scaled up, as an independent reading of the file gives it."""
    method = method_of_run(finished.folder, (), at_trained_size=False)
    anonymizer = method.ready(torch.device("cpu"))
    for (_, path), released in zip(images, results(making(method), images), strict=True):
        pixels = np.asarray(Image.open(path))
        grey = Image.fromarray(pixels if pixels.dtype == np.uint8 else pixels.astype(np.float32))
        small = np.asarray(grey.resize((32, 32), Image.Resampling.BILINEAR), float)
        small = small if pixels.dtype == np.uint8 else np.rint(small * 255 / 4095)
        field = anonymizer.displacement(torch.from_numpy(small / 255).float()[None, None])[0]
        assert field.abs().max() > 0.05, "it moves something"
        expected = moved_at_full_size(pixels, field, "squeeze")
        assert (released.shape, released.dtype) == (pixels.shape, pixels.dtype)
        assert np.abs(released.astype(int) - expected).max() <= (1 if pixels.dtype == np.uint8 else 16)
        assert (released != pixels).any()


def test_at_the_trained_size_it_is_what_was_judged(making, images, finished):
    method = method_of_run(finished.folder, (), at_trained_size=True)
    anonymizer = method.ready(torch.device("cpu"))
    for (_, path), released in zip(images[:2], results(making(method), images[:2]), strict=True):
        small = np.asarray(Image.open(path).resize((32, 32), Image.Resampling.BILINEAR))
        one = torch.from_numpy(small / 255).float()[None, None]
        expected = moved(one, anonymizer.displacement(one))[0, 0].mul(255).round().numpy()
        assert (released.shape, released.dtype) == ((32, 32), np.uint8)
        assert np.abs(released - expected).max() <= 1


def test_noise_is_drawn_by_key_and_name(making, images):
    """Not by the batch, not alike for two images, and not as a public seed draws it."""
    method = named_method("dp-pix", {"b": 1, "epsilon": 2.0}, (), 32, "squeeze", at_trained_size=True)
    first = results(making(method), images)
    assert all(np.array_equal(one, other) for one, other in
               zip(first, [results(making(method), [image])[0] for image in images], strict=True))  # fmt: skip
    again = results(replace(making(method), key=b"K" * 32), images)
    assert all((one != other).mean() > 0.5 for one, other in zip(first, again, strict=True))
    copies = [("a.png", images[0][1]), ("b.png", images[0][1])]
    one, other = results(making(method), copies)
    assert (one != other).mean() > 0.5


def test_another_epsilon_draws_other_noise(making, tmp_path):
    """With the same noise at two scales, twice the one release less the other is the original."""
    Image.new("L", (64, 64), 128).save(tmp_path / "grey.png")
    noises = []
    for epsilon in (20.0, 40.0):
        method = named_method("dp-pix", {"b": 1, "m": 1, "epsilon": epsilon}, (), 64, "squeeze", at_trained_size=True)
        noises.append(results(making(method), [("grey.png", tmp_path / "grey.png")])[0].astype(float) - 128)
    assert min(noise.std() for noise in noises) > 5
    assert abs(np.corrcoef(*map(np.ravel, noises))[0, 1]) < 0.1
    assert np.abs(2 * noises[1] - noises[0]).mean() > 5


def test_a_method_that_does_something_else_than_it_declares_is_stopped(making, images, tmp_path):
    (tmp_path / "liar.py").write_text(LIAR)
    method = named_method("liar", {}, (tmp_path / "liar.py",), 32, "squeeze", at_trained_size=False)
    with pytest.raises(PrivbenchError, match="declares moves_pixels_alone, and releases something else"):
        making(method)(images)


def test_a_broken_file_is_no_others_trouble(making, images, tmp_path, identity):
    (tmp_path / "broken.png").write_bytes(b"\x89PNG")
    broken = ("broken.png", tmp_path / "broken.png")
    told = making(identity)([images[0], broken, images[1]])
    assert [type(one) for one in told] == [Made, Failed, Made]
    assert making(identity)([broken])[0].text.endswith(".")
