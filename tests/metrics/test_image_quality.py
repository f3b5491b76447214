"""Image quality against scipy and numpy, image by image."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage
from torchmetrics.functional.image import multiscale_structural_similarity_index_measure

from privbench.metrics.image_quality import PSNR_CAP, clipped, feature_distance, ms_ssim, psnr, sharpness, ssim

BETAS = np.array([0.0448, 0.2856, 0.3001, 0.2363, 0.1333])


def pictures(side, count=3, seed=0):
    """Smooth originals, and copies of them that are the noisier the later they come."""
    rng = np.random.default_rng(seed)
    smooth = ndimage.gaussian_filter(rng.random((count, 1, side, side)), (0, 0, 3, 3))
    smooth = (smooth - smooth.min()) / np.ptp(smooth)
    noise = rng.normal(size=smooth.shape) * np.linspace(0.02, 0.3, count)[:, None, None, None]
    return smooth, np.clip(smooth + noise, 0, 1)


def tensors(*arrays):
    return [torch.from_numpy(array).float() for array in arrays]


def structure(x, y):
    """The SSIM map and its contrast part (Wang et al. 2004, equations 13 and 6), of one image of float64."""

    def local(values):
        return ndimage.gaussian_filter(values, 1.5, mode="mirror", truncate=5 / 1.5)

    c1, c2 = 0.01**2, 0.03**2
    mx, my = local(x), local(y)
    vx, vy, cov = local(x * x) - mx**2, local(y * y) - my**2, local(x * y) - mx * my
    contrast = (2 * cov + c2) / (vx + vy + c2)
    return (2 * mx * my + c1) / (mx**2 + my**2 + c1) * contrast, contrast


def multi_scale(x, y, scales):
    betas = BETAS[:scales] / BETAS[:scales].sum() * BETAS.sum()
    value = 1.0
    for scale in range(scales):
        similarity, contrast = structure(x, y)
        last = scale == scales - 1
        factor = similarity.mean() if last else contrast[5:-5, 5:-5].mean()
        value *= max(factor, 0) ** betas[scale]
        even = len(x) // 2 * 2
        x, y = (one[:even, :even].reshape(even // 2, 2, even // 2, 2).mean((1, 3)) for one in (x, y))
    return value


def test_ssim_is_the_papers_formula():
    before, after = pictures(40)
    expected = [structure(x, y)[0].mean() for x, y in zip(before[:, 0], after[:, 0], strict=True)]
    assert ssim(*tensors(before, after)).numpy() == pytest.approx(expected, abs=2e-5)
    assert expected[0] > expected[1] > expected[2]


@pytest.mark.parametrize(("side", "scales"), [(16, 1), (22, 2), (43, 2), (44, 3), (64, 3), (87, 3), (88, 4), (175, 4)])
def test_ms_ssim_takes_as_many_scales_as_fit(side, scales):
    before, after = pictures(side)
    expected = [multi_scale(x, y, scales) for x, y in zip(before[:, 0], after[:, 0], strict=True)]
    assert ms_ssim(*tensors(before, after)).numpy() == pytest.approx(expected, abs=5e-5)


def test_ms_ssim_of_large_images_is_the_published_one():
    before, after = tensors(*pictures(176))
    expected = multiscale_structural_similarity_index_measure(after, before, data_range=1.0, reduction="none")
    assert ms_ssim(before, after).tolist() == pytest.approx(expected.tolist())
    assert len(set(expected.tolist())) == 3


def test_the_shorter_side_decides_on_the_scales():
    before, after = tensors(*pictures(44))
    expected = multiscale_structural_similarity_index_measure(
        after[..., :30], before[..., :30], data_range=1.0, reduction="none", betas=tuple(BETAS[:2] / BETAS[:2].sum())
    )
    assert ms_ssim(before[..., :30], after[..., :30]).tolist() == pytest.approx(expected.tolist(), abs=1e-4)


def test_inverted_images_have_no_ms_ssim():
    before = tensors(pictures(64)[0])[0]
    assert ms_ssim(before, 1 - before).tolist() == [0, 0, 0]


def test_psnr_is_that_of_the_mean_squared_error():
    before, after = pictures(20)
    errors = np.square(before - after).mean((1, 2, 3))
    assert psnr(*tensors(before, after)).tolist() == pytest.approx(-10 * np.log10(errors), abs=1e-3)


def test_psnr_ends_at_an_error_of_half_a_grey_level():
    before = torch.full((3, 1, 8, 8), 0.5, dtype=torch.float64)
    after = before + torch.tensor([0, 0.5 / 255, 1 / 255]).view(3, 1, 1, 1)
    assert psnr(before, after).tolist() == pytest.approx([PSNR_CAP, PSNR_CAP, 20 * np.log10(255)], abs=1e-4)
    assert pytest.approx(54.151, abs=1e-3) == PSNR_CAP


def test_nothing_is_better_than_the_same_image():
    before, after = tensors(*pictures(48))
    for measure, best in ((ssim, 1), (ms_ssim, 1), (psnr, PSNR_CAP), (sharpness, 1)):
        assert measure(before, before).tolist() == pytest.approx([best] * 3), measure
    for measure in (ssim, ms_ssim, psnr):
        assert (measure(before, before) > measure(before, after)).all(), measure


@pytest.mark.parametrize("measure", [ssim, ms_ssim, psnr, sharpness])
def test_every_image_stands_for_itself(measure):
    before, after = tensors(*pictures(24, count=4))
    together = measure(before, after)
    assert together.shape == (4,)
    alone = [measure(before[i : i + 1], after[i : i + 1]).item() for i in range(4)]
    assert together.tolist() == pytest.approx(alone, rel=1e-5)


def test_sharpness_is_the_ratio_of_the_variances_of_laplacians():
    before, after = pictures(20)
    inside = np.s_[:, 0, 1:-1, 1:-1]
    variances = [
        np.stack([ndimage.laplace(one) for one in images[:, 0]])[:, None][inside].var((1, 2))
        for images in (before, after)
    ]
    ratio = sharpness(*(torch.from_numpy(images) for images in (before, after)))
    assert ratio.tolist() == pytest.approx(variances[1] / variances[0])
    blurred = ndimage.gaussian_filter(before, (0, 0, 1, 1))
    assert (sharpness(*tensors(before, blurred)) < 1).all()


@given(gain=st.floats(0.1, 1), lift=st.floats(0, 0.5))
@settings(deadline=None, max_examples=20)
def test_sharpness_grows_with_the_square_of_the_contrast(gain, lift):
    before = torch.from_numpy(pictures(12)[0])
    assert sharpness(before, gain * before + lift).tolist() == pytest.approx([gain**2] * 3)


@given(grey=st.integers(0, 255))
@settings(deadline=None, max_examples=30)
def test_a_constant_original_has_no_sharpness(grey):
    constant = torch.full((1, 1, 12, 12), grey, dtype=torch.uint8).float().div(255)
    noisy = tensors(pictures(12, count=1)[1])[0]
    assert sharpness(constant, noisy).isnan().all()
    assert sharpness(noisy, constant).tolist() == [0]


def test_clipped_pixels_are_black_or_white():
    images = torch.full((3, 1, 4, 5), 7, dtype=torch.uint8)
    images[1, 0, 0] = 0
    images[1, 0, 1, :2] = 255
    images[2, 0, 0, :3] = torch.tensor([1, 254, 255], dtype=torch.uint8)
    assert clipped(images.float().div(255)).tolist() == pytest.approx([0, 7 / 20, 1 / 20])


def test_feature_distance_is_equation_1():
    rng = np.random.default_rng(0)
    shapes = [(3, 4, 6, 5), (3, 8, 2, 2)]
    before, after = ([rng.normal(size=shape) for shape in shapes] for _ in range(2))
    expected = np.zeros(3)
    for x, y in zip(before, after, strict=True):
        for image, row, column in np.ndindex(3, *x.shape[2:]):
            u, v = x[image, :, row, column], y[image, :, row, column]
            apart = np.square(u / np.linalg.norm(u) - v / np.linalg.norm(v)).sum()
            expected[image] += apart / (x.shape[2] * x.shape[3]) / 2
    got = feature_distance(*([torch.from_numpy(one) for one in maps] for maps in (before, after)))
    assert got.tolist() == pytest.approx(expected)


def test_feature_distance_sees_directions_alone():
    x = torch.rand(2, 3, 4, 4)
    y = torch.zeros(2, 3, 4, 4)
    y[:, 0] = 1
    z = torch.zeros(2, 3, 4, 4)
    z[:, 1] = 5
    assert feature_distance([x, y], [x * 7, y]).tolist() == pytest.approx([0, 0], abs=1e-6)
    assert feature_distance([x], [-x]).tolist() == pytest.approx([4, 4])
    assert feature_distance([y], [z]).tolist() == pytest.approx([2, 2])
    assert feature_distance([y, y], [y, z]).tolist() == pytest.approx([1, 1])
    assert feature_distance([0 * y], [0 * y]).tolist() == [0, 0]


def test_layers_that_do_not_match_are_an_error():
    with pytest.raises(ValueError, match="zip"):
        feature_distance([torch.rand(1, 2, 3, 3)], [])
