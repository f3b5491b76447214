import numpy as np
import pytest
import torch
from privbench.anonymizers.dp_pix import DPPix
from privbench.anonymizers.identity import Identity

from privbench import Anonymizer, PrivbenchError
from privbench.data.arrays import ArrayWriter, read_array
from privbench.running.release import write_release

IMAGES = np.random.default_rng(0).integers(0, 256, (300, 1, 8, 8)).astype(np.uint8)


def release(anonymizer, ctx, path, images=IMAGES):
    with ArrayWriter(path, images.shape) as writer:
        write_release(anonymizer, images, ctx, writer)
    return read_array(path)


def returning(function):
    class Method(Anonymizer):
        name = "method"
        deterministic = True

        def anonymize(self, images, generator):
            return function(images)

    return Method()


def test_identity_is_released_bit_for_bit(ctx, tmp_path):
    assert np.array_equal(release(Identity(), ctx, tmp_path / "a.npy"), IMAGES)


def test_values_are_rounded_to_8_bits(ctx, tmp_path):
    released = release(returning(lambda x: x * 0 + 100.6 / 255), ctx, tmp_path / "a.npy")
    assert set(released.ravel()) == {101}


def test_a_noisy_release_repeats_with_its_seed(ctx, tmp_path):
    a, b = (release(DPPix(b=2), ctx, tmp_path / name) for name in ("a.npy", "b.npy"))
    assert np.array_equal(a, b)
    assert not np.array_equal(a[0], a[1])


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda x: x[:, :, :4], "it must keep the shape"),
        (lambda x: x * 2, "they must lie in \\[0, 1\\]"),
        (lambda x: x - 0.5, "they must lie in \\[0, 1\\]"),
        (lambda x: x * torch.nan, "they must lie in \\[0, 1\\]"),
    ],
)
def test_what_is_no_image_is_refused(function, message, ctx, tmp_path):
    with pytest.raises(PrivbenchError, match=message):
        release(returning(function), ctx, tmp_path / "a.npy")


def test_undeclared_randomness_is_refused(ctx, tmp_path):
    class Noisy(Anonymizer):
        name = "noisy"
        deterministic = True

        def anonymize(self, images, generator):
            return torch.rand(images.shape, generator=generator)

    with pytest.raises(PrivbenchError, match="'noisy' is declared deterministic"):
        release(Noisy(), ctx, tmp_path / "a.npy")
