"""A displacement at full size is the trained one, scaled up; pixels that do not move stay to the bit."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from privbench.anonymizers.crop import Crop
from scipy.ndimage import map_coordinates

from privbench.datasets.image_files import Grey
from privbench.datasets.radiographs import shrunk
from privbench.metrics.deformation import moved
from privbench.releasing.full_size import moved_at_full_size, scaled_up

sides = st.integers(1, 70)


@settings(max_examples=60, deadline=None)
@given(sides, sides, st.sampled_from(["squeeze", "pad", "crop"]), st.sampled_from([8, 12, 16]), st.integers(0, 9))
def test_what_does_not_move_stays_to_the_bit(height, width, fit, bits, seed):
    """With crop, within the square that the method was shown; a zero displacement is sampled, None is not."""
    kind = np.uint8 if bits == 8 else np.uint16
    pixels = np.random.default_rng(seed).integers(0, 2**bits, (height, width), kind)
    for displacement in (None, torch.zeros(2, 16, 16)):
        whole = moved_at_full_size(pixels, displacement, fit)
        assert whole.dtype == kind
        shown = np.ones_like(pixels, bool)
        if fit == "crop":
            least = min(height, width)
            shown[:] = False
            top, left = (height - least) // 2, (width - least) // 2
            shown[top : top + least, left : left + least] = True
        assert np.array_equal(whole, np.where(shown, pixels, 0))


@pytest.mark.parametrize("shape", [(1024, 1024), (700, 1024), (64, 64), (48, 32)])
def test_a_linear_displacement_is_scaled_exactly(shape):
    """Of a straight field its values are known at every place: by areas, the middle of pixel i lies at i + 1/2."""
    height, width = shape
    small = 64
    middles = (torch.arange(small) + 0.5) / small  # in image widths
    field = torch.stack([(0.02 + 0.03 * middles).expand(small, small), 0.01 * middles[:, None].expand(small, small)])
    large = scaled_up(field * small, height, width)
    x, y = ((torch.arange(size) + 0.5) / size for size in (width, height))
    expected = torch.stack([
        ((0.02 + 0.03 * x) * width).expand(height, width), (0.01 * y * height)[:, None].expand(height, width)
    ])  # fmt: skip
    assert (large - expected).abs().max() < 1e-3, "to the rim"


@pytest.mark.parametrize("shape", [(3008, 2500), (64, 64), (97, 80)])
def test_crop_shows_nothing_that_it_cuts_off_at_any_size(shape):
    """Of images whose grey tells the row or the column; a sample may show the pixel that the cut goes through."""
    height, width = shape
    crop = Crop(margin=0.1)
    (displacement,) = crop.displacement(torch.zeros(1, 1, 64, 64))
    for size, ramp in ((height, np.arange(height)[:, None]), (width, np.arange(width)[None])):
        shown = moved_at_full_size(np.broadcast_to(ramp, shape).astype(np.uint16), displacement, "squeeze")
        assert shown.min() + 1 > 0.1 * size
        assert shown.max() < 0.9 * size


def test_over_an_outer_pixel_it_is_what_it_is_at_its_middle(rng):
    field = torch.from_numpy(rng.normal(0, 1, (2, 1, 8)))
    large = scaled_up(field, 1, 160)
    for small, of_it in ((0, slice(20)), (-1, slice(-20, None))):
        assert torch.allclose(large[:, 0, of_it].mean(1), field[:, 0, small] * torch.tensor([20.0, 1.0]).double())


@pytest.mark.parametrize("fit", ["squeeze", "pad", "crop"])
@pytest.mark.parametrize("shape", [(96, 96), (96, 64), (64, 97)])
def test_it_agrees_with_scipy(rng, fit, shape):
    """Cut out, scaled up and sampled by functions that share nothing with ours."""
    height, width = shape
    pixels = rng.integers(0, 4096, shape, np.uint16)
    displacement = rng.normal(0, 1.5, (2, 16, 16)).astype(np.float32)
    side = {"squeeze": None, "pad": max(shape), "crop": min(shape)}[fit]
    tall, wide = (height, width) if side is None else (side, side)
    top, left = (height - tall) // 2, (width - wide) // 2
    square = np.asarray(Image.fromarray(pixels.astype(np.int32)).crop((left, top, left + wide, top + tall)))
    rows, columns = (np.arange(tall) + 0.5) * 16 / tall - 0.5, (np.arange(wide) + 0.5) * 16 / wide - 0.5
    grid = np.meshgrid(rows, columns, indexing="ij")
    scale, grid = (wide / 16, tall / 16), [axis + 1 for axis in grid]
    straight = np.pad(displacement, ((0, 0), (1, 1), (1, 1)), "reflect", reflect_type="odd")
    x, y = (map_coordinates(straight[axis], grid, order=1) * scale[axis] for axis in (0, 1))
    places = [np.clip(np.arange(tall)[:, None] + y, 0, tall - 1), np.clip(np.arange(wide) + x, 0, wide - 1)]
    sampled = map_coordinates(square.astype(float), places, order=1, mode="nearest")
    expected = np.zeros(shape)
    inside = [slice(max(0, first), max(0, first) + min(length, size)) for first, length, size in
              ((top, tall, height), (left, wide, width))]  # fmt: skip
    taken = [slice(one.start - first, one.stop - first) for one, first in zip(inside, (top, left), strict=True)]
    expected[tuple(inside)] = sampled[tuple(taken)]
    ours = moved_at_full_size(pixels, torch.from_numpy(displacement), fit)
    assert np.abs(ours - expected).max() <= 0.6, "but for rounding to a whole number, and that of 32-bit floats"


@pytest.mark.parametrize("fit", ["squeeze", "pad", "crop"])
def test_shrinking_and_moving_change_places(fit):
    """The release of the large image, made small, is the release of the small one: what was attacked."""
    y, x = np.mgrid[0:256, 0:320]
    pixels = (128 + 60 * np.sin(x / 30) + 60 * np.cos(y / 25)).astype(np.uint8)
    small = torch.linspace(0, np.pi, 64).sin()
    displacement = torch.stack([small[:, None] * small * 1.2, small.expand(64, 64) * -0.8])

    def shrink(image):
        return shrunk(Grey(Image.fromarray(image), None), 64, 8, fit)

    released = shrink(moved_at_full_size(pixels, displacement, fit)).astype(float)
    of_small = moved(torch.tensor(shrink(pixels)).float()[None, None], displacement[None])[0, 0].numpy()
    still = np.abs(shrink(pixels) - of_small)[12:-12, 4:-4]
    difference = np.abs(released - of_small)[12:-12, 4:-4]
    assert np.median(still) > 5 * np.median(difference)
    assert difference.max() < 3, "away from where the image ends in the square, whose edge the larger one draws sharper"


@pytest.mark.parametrize("fit", ["squeeze", "pad", "crop"])
@pytest.mark.parametrize("padding", [(0, 0), (4095, 4095), (4000, 4095)])
def test_padding_stays_padding_and_mixes_with_nothing(fit, padding):
    """A field of one grey beside padding, moved by 2.25 pixels: its edge is where the nearest pixel's was."""
    pixels = np.full((32, 32), 700, np.uint16)
    pixels[:, 20:] = padding[1]
    field = torch.zeros(2, 16, 16)
    field[0] = 2.25 / 2  # in the small version's pixels
    whole = moved_at_full_size(pixels, field, fit, padding)
    assert (whole[:, :18] == 700).all()
    assert (whole[:, 18:] == padding[0]).all()


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 99))
def test_beside_padding_greys_are_weighed_without_it(seed):
    """Against a sum over the four neighbours of each sample, pixel by pixel."""
    draw = np.random.default_rng(seed)
    pixels = draw.integers(100, 200, (16, 16), np.uint16)
    pixels[draw.random((16, 16)) < 0.3] = 4095
    field = draw.normal(0, 2, (2, 16, 16)).astype(np.float32)
    ours = moved_at_full_size(pixels, torch.from_numpy(field), "squeeze", (4095, 4095))
    for row in range(16):
        for column in range(16):
            x, y = (np.clip(place + field[axis, row, column], 0, 15) for axis, place in ((0, column), (1, row)))
            exposed = []
            for down, right in np.ndindex(2, 2):
                grey = float(pixels[min(int(y) + down, 15), min(int(x) + right, 15)])
                if grey != 4095:
                    exposed.append((grey, abs(1 - down - y % 1) * abs(1 - right - x % 1)))
            share = sum(weight for _, weight in exposed)
            if abs(share - 0.5) < 1e-3:
                continue
            if share < 0.5:
                assert ours[row, column] == 4095
            else:
                grey = sum(grey * weight for grey, weight in exposed) / share
                assert abs(ours[row, column] - grey) < 0.51
