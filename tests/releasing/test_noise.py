"""Noise that hangs on the whole key and name, and that no small seed draws."""

import numpy as np
import torch
from scipy import stats

from privbench.releasing.noise import secret_generator

KEY = bytes(range(32))


IMAGE = np.arange(12, dtype=np.uint8).reshape(3, 4)


def draws(key, name, count=4096, image=IMAGE, terms="0" * 64):
    return torch.rand(count, generator=secret_generator(key, name, image, terms), dtype=torch.float64).numpy()


def test_the_same_key_and_name_draw_the_same_and_any_other_does_not():
    first = draws(KEY, "a.png")
    assert np.array_equal(first, draws(KEY, "a.png"))
    for byte in range(32):
        other = bytearray(KEY)
        other[byte] ^= 1
        assert abs(np.corrcoef(first, draws(bytes(other), "a.png"))[0, 1]) < 0.1
    for name in ("b.png", "a.pnG", "a\udc80.png"):
        assert abs(np.corrcoef(first, draws(KEY, name))[0, 1]) < 0.1


def test_two_images_of_one_name_share_no_noise():
    """It would cancel out in the difference of their releases."""
    first, other = draws(KEY, "a.png"), IMAGE.copy()
    other[2, 3] ^= 1
    assert abs(np.corrcoef(first, draws(KEY, "a.png", image=other))[0, 1]) < 0.1
    assert np.array_equal(first, draws(KEY, "a.png", image=np.asfortranarray(IMAGE)))


def test_two_releases_of_one_image_by_other_terms_share_no_noise():
    assert abs(np.corrcoef(draws(KEY, "a.png"), draws(KEY, "a.png", terms="1" + "0" * 63))[0, 1]) < 0.1


def test_the_draws_are_uniform_from_the_first_on():
    firsts = np.array([draws(KEY, str(number), 4) for number in range(2000)])
    for values in (*firsts.T, draws(KEY, "a.png")):
        assert stats.kstest(values, "uniform").pvalue > 1e-4


def test_a_seed_of_torch_has_32_bits_and_the_state_far_more():
    """Why no seed is used: two that differ in their upper halves alone draw the same."""
    low, high = (torch.rand(4, generator=torch.Generator().manual_seed(7 + (upper << 32))) for upper in (0, 1))
    assert torch.equal(low, high)
    words = secret_generator(KEY, "a.png", IMAGE, "0").get_state().numpy()[24 : 24 + 8 * 624].view(np.uint64)
    assert len(set(words.tolist())) == 624
    assert words.max() < 2**32


def test_normal_draws_begin_anew_too():
    one, other = (torch.randn(5, generator=secret_generator(KEY, "a", IMAGE, "0")) for _ in range(2))
    assert torch.equal(one, other)
