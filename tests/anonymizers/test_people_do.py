"""What people do with images that are to tell less: each against an implementation of somebody else's."""

import io

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from privbench.anonymizers.blur import Blur
from privbench.anonymizers.crop import Crop
from privbench.anonymizers.downsample import Downsample
from privbench.anonymizers.jpeg import Jpeg
from privbench.anonymizers.mask import REGIONS, Mask
from privbench.anonymizers.noise import GaussianNoise
from privbench.anonymizers.pixelate import Pixelate
from scipy import stats
from scipy.fft import dctn, idctn
from scipy.ndimage import gaussian_filter, map_coordinates

from privbench.base.errors import PrivbenchError
from privbench.datasets.phantom import generate


@pytest.fixture
def images(generator):
    return torch.rand(3, 1, 24, 40, generator=generator)


@pytest.fixture(scope="module")
def phantoms():
    return generate(patients=24, size=64, seed=5, workers=1)


def release(anonymizer, images, seed=0):
    return anonymizer.anonymize(images, torch.Generator().manual_seed(seed))


METHODS = [
    Blur(sigma=0.7),
    Blur(sigma=9),
    Pixelate(b=5),
    Downsample(side=3),
    GaussianNoise(sigma=0.4),
    GaussianNoise(decibels=-3),
    Jpeg(quality=1),
    Mask(),
    Crop(margin=0.3),
]


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 99), st.integers(5, 33), st.integers(5, 33), st.floats(0, 1), st.floats(0, 1))
def test_shape_and_range_are_kept(seed, height, width, low, high):
    images = torch.rand(2, 1, height, width, generator=torch.Generator().manual_seed(seed))
    images = low + images * (high - low)
    before = images.clone()
    for method in METHODS:
        released = release(method, images)
        assert released.shape == images.shape, method
        assert released.dtype == images.dtype, method
        assert 0 <= released.min() <= released.max() <= 1, method
        assert torch.equal(release(method, images), released), method
        assert torch.equal(images, before), method


def test_blur_is_scipys(images):
    expected = gaussian_filter(images.numpy(), 2.5, axes=(2, 3), mode="nearest", radius=10)
    assert np.allclose(release(Blur(sigma=2.5), images), expected, atol=1e-5)


def test_pixelation_is_pillows(images):
    """Whose box filter means whole cells where the side divides."""
    for image, released in zip(images[:, 0].numpy(), release(Pixelate(b=4), images)[:, 0].numpy(), strict=True):
        small = Image.fromarray(image).resize((10, 6), Image.Resampling.BOX)
        assert np.allclose(released, small.resize((40, 24), Image.Resampling.NEAREST), atol=1e-5)


def test_downsampling_is_pillows(images):
    for image, released in zip(images[:, 0].numpy(), release(Downsample(side=7), images)[:, 0].numpy(), strict=True):
        small = Image.fromarray(image).resize((7, 7), Image.Resampling.BILINEAR)
        assert np.allclose(released, small.resize((40, 24), Image.Resampling.BILINEAR), atol=1e-5)


def test_downsampling_to_what_is_there_is_refused():
    Downsample(side=31).check_size(32)
    with pytest.raises(PrivbenchError, match="32 pixels a side, and those of the data have 32"):
        Downsample(side=32).check_size(32)


def test_noise_is_normal_of_the_strength_that_is_told():
    images = torch.full((1, 1, 300, 300), 0.5)
    noise = release(GaussianNoise(sigma=0.05), images).flatten().double() - 0.5
    assert stats.kstest(noise.numpy() / 0.05, "norm").pvalue > 0.01
    assert torch.equal(release(GaussianNoise(), images), release(GaussianNoise(sigma=0.1), images))


def test_decibels_are_ten_times_the_logarithm_of_the_ratio_of_powers(phantoms):
    images = torch.from_numpy(phantoms.images[:5]).float() / 255
    for decibels in (20, 30):
        noise = release(GaussianNoise(decibels=decibels), images) - images
        inside = (images > 0.3) & (images < 0.7)  # where nothing is clipped
        power = torch.stack([one[there].square().mean() for one, there in zip(noise, inside, strict=True)])
        measured = 10 * torch.log10(images.square().mean((1, 2, 3)) / power)
        assert measured.numpy() == pytest.approx(decibels, abs=0.5)


def test_noise_is_told_in_one_way():
    with pytest.raises(PrivbenchError, match="sigma and decibels both tell"):
        GaussianNoise(sigma=0.1, decibels=10)


def test_jpeg_is_the_quantization_of_its_standard(phantoms):
    """Cosine transforms of 8 x 8 pixels, rounded by the table that the file holds (ITU-T T.81, annex A.3)."""
    image = phantoms.images[0, 0]
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=20)
    table = np.array(Image.open(file).quantization[0], float).reshape(8, 8)
    transformed = dctn(blocks_of(image) - 128.0, axes=(2, 3), norm="ortho") / table
    expected = (idctn(transformed.round() * table, axes=(2, 3), norm="ortho") + 128).clip(0, 255)
    released = release(Jpeg(quality=20), torch.from_numpy(image)[None, None].float() / 255)[0, 0] * 255
    off = np.abs(blocks_of(released.numpy()) - expected).max((2, 3))
    undecided = (np.abs(transformed % 1 - 0.5) < 0.01).any((2, 3))  # which transforms of whole numbers round elsewhere
    assert off[~undecided].max() < 0.6, "half a grey level, and what those transforms round"
    assert undecided.mean() < 0.6
    assert np.abs(blocks_of(image) - expected).mean() > 2, "which is little beside what is lost"


def blocks_of(image):
    return image.reshape(8, 8, 8, 8).swapaxes(1, 2)


def test_lower_quality_keeps_less(phantoms):
    images = torch.from_numpy(phantoms.images[:4]).float() / 255
    errors = [float((release(Jpeg(quality=quality), images) - images).abs().mean()) for quality in (5, 20, 80)]
    assert errors == sorted(errors, reverse=True)


def test_cropping_is_scipys(images):
    margin, (height, width) = 0.15, images.shape[-2:]
    rows, columns = ((size - 1) / 2 + (np.arange(size) - (size - 1) / 2) * (1 - 2 * margin) for size in (height, width))
    grid = np.meshgrid(rows, columns, indexing="ij")
    for image, released in zip(images[:, 0], release(Crop(margin=margin), images)[:, 0], strict=True):
        assert np.allclose(released, map_coordinates(image.numpy(), grid, order=1), atol=1e-4)


def test_nothing_cut_off_is_the_image_itself(images):
    assert torch.equal(release(Crop(margin=0), images), images)


def test_what_is_cut_off_is_not_released(images):
    brighter = images.clone()
    brighter[..., :4, :] = 1
    assert torch.equal(release(Crop(margin=0.25), images), release(Crop(margin=0.25), brighter))


def test_masks_are_black_and_leave_the_rest(images):
    for region in REGIONS:
        released = release(Mask(region=region), images)
        changed = released != images
        assert (released[changed] == 0).all()
        assert 0.05 < changed.float().mean() < 0.4
    covered = [release(Mask(region=region), images) == 0 for region in REGIONS]
    assert torch.equal(release(Mask(), images) == 0, torch.stack(covered).any(0) | (images == 0))


def test_masks_lie_over_what_they_are_called_after(phantoms):
    """Nine tenths of it in nine of ten patients, by their true masks; nobody laid the boxes out on these."""
    lungs, heart = ((phantoms.masks & bit) > 0 for bit in (1, 2))
    shown = {region: release(Mask(region=region), torch.ones(1, 1, 64, 64))[0, 0].numpy() for region in REGIONS}
    assert ((heart * shown["heart"]).sum((1, 2, 3)) / heart.sum((1, 2, 3)) < 0.1).mean() > 0.9
    uncovered = []
    for lung in lungs[:, 0]:
        rows = np.flatnonzero(lung.any(1))
        apices = np.zeros_like(lung)
        apices[rows[0] : rows[0] + len(rows) // 4] = lung[rows[0] : rows[0] + len(rows) // 4]
        uncovered.append((apices * shown["apices"]).sum() / apices.sum())
    assert (np.array(uncovered) < 0.1).mean() > 0.9
    assert (
        (lungs[:, 0, 40:] * shown["lower-field"][40:]).sum((1, 2)) / lungs[:, 0, 40:].sum((1, 2)) < 0.1
    ).mean() > 0.9


@pytest.mark.parametrize(
    ("method", "wrong"),
    [
        (Blur, {"sigma": 0}),
        (Pixelate, {"b": 0}),
        (Downsample, {"side": 0}),
        (GaussianNoise, {"sigma": 0}),
        (GaussianNoise, {"decibels": float("inf")}),
        (Jpeg, {"quality": 96}),
        (Mask, {"region": "hilum"}),
        (Crop, {"margin": 0.5}),
    ],
)
def test_parameters_are_checked(method, wrong):
    with pytest.raises(PrivbenchError, match=f"the parameters of anonymizer '{method.name}'"):
        method(**wrong)
