import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from privbench.anonymizers.flow_field import FlowFieldUNet, _smooth, deform
from scipy.ndimage import gaussian_filter1d
from torch.nn import functional


@settings(max_examples=25, deadline=None)
@given(st.integers(5, 70), st.integers(5, 70), st.integers(1, 3), st.integers(0, 99))
def test_no_deformation_returns_the_input_bit_for_bit(height, width, channels, seed):
    generator = torch.Generator().manual_seed(seed)
    images = torch.rand(2, channels, height, width, generator=generator)
    field = torch.rand(2, 2, height, width, generator=generator) * 2 - 1
    assert torch.equal(deform(images, field, 0.0), images)
    assert torch.equal(deform(images, torch.zeros_like(field), 0.7), images)


@settings(max_examples=25, deadline=None)
@given(st.floats(0, 0.3), st.integers(0, 99))
def test_agrees_with_grid_sample(mu, seed):
    """The published formula, with the displacement alone smoothed: an independent way to the same picture."""
    generator = torch.Generator().manual_seed(seed)
    images = torch.rand(2, 1, 24, 40, generator=generator)
    field = torch.rand(2, 2, 24, 40, generator=generator) * 2 - 1
    identity = functional.affine_grid(torch.eye(2, 3).expand(2, 2, 3), [2, 1, 24, 40], align_corners=True)
    grid = identity - mu * _smooth(field).permute(0, 2, 3, 1)
    expected = functional.grid_sample(images, grid, padding_mode="border", align_corners=True)
    assert torch.allclose(deform(images, field, mu), expected, atol=2e-5)


def test_smoothing_is_the_gaussian_of_scipy(rng):
    field = rng.uniform(-1, 1, (1, 2, 30, 30))
    expected = gaussian_filter1d(
        gaussian_filter1d(field, 2, axis=2, mode="nearest", radius=4), 2, axis=3, mode="nearest", radius=4
    )
    assert np.allclose(_smooth(torch.from_numpy(field)).numpy(), expected)


def test_mu_is_in_half_widths():
    """At 256 px, μ = 0.01 and a field of one moves the picture by 1.275 px."""
    ramp = torch.arange(256.0).expand(1, 1, 256, 256)
    ones = torch.ones(1, 2, 256, 256)
    moved = deform(ramp, ones, 0.01)
    assert moved[0, 0, 5, 100] == pytest.approx(100 - 1.275, abs=1e-4)
    assert moved[0, 0, 5, 0] == 0, "beyond the border lies its nearest pixel"
    across, down = torch.zeros_like(ones), torch.zeros_like(ones)
    across[:, 0], down[:, 1] = 1, 1
    assert deform(ramp, across, 0.01)[0, 0, 5, 100] == pytest.approx(98.725, abs=1e-4)
    assert torch.equal(deform(ramp, down, 0.01), ramp), "channel 1 moves along y, where the ramp is level"


@pytest.mark.parametrize("size", [(12, 12), (16, 8), (1, 5)])
def test_gradients_are_those_of_finite_differences(size, generator):
    images = torch.rand(2, 2, *size, dtype=torch.float64, generator=generator, requires_grad=True)
    field = (torch.rand(2, 2, *size, dtype=torch.float64, generator=generator) - 0.5).requires_grad_()
    assert torch.autograd.gradcheck(lambda i, f: deform(i, f, 0.3), (images, field), eps=1e-7, atol=1e-5)


@pytest.mark.parametrize("mu", [0.01, 0.3])
def test_gradients_are_those_of_grid_sample(mu, generator):
    """In the precision of training, with pixels that are taken from beyond the border."""
    images = torch.rand(2, 1, 24, 40, generator=generator)
    field = (torch.rand(2, 2, 24, 40, generator=generator) * 2 - 1).requires_grad_()
    weights = torch.rand(2, 1, 24, 40, generator=generator)
    identity = functional.affine_grid(torch.eye(2, 3).expand(2, 2, 3), [2, 1, 24, 40], align_corners=True)
    grid = identity - mu * _smooth(field).permute(0, 2, 3, 1)
    other_way = functional.grid_sample(images, grid, padding_mode="border", align_corners=True)
    (expected,) = torch.autograd.grad((other_way * weights).sum(), field)
    (gradient,) = torch.autograd.grad((deform(images, field, mu) * weights).sum(), field)
    assert torch.allclose(gradient, expected, rtol=0, atol=1e-5 * expected.abs().max())


def test_the_gradient_is_not_differentiated_again(generator):
    images, field = torch.rand(1, 1, 8, 8, generator=generator), torch.zeros(1, 2, 8, 8, requires_grad=True)
    (gradient,) = torch.autograd.grad(deform(images, field, 0.3).square().sum(), field, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        gradient.sum().backward()


@settings(max_examples=20, deadline=None)
@given(st.floats(0, 1), st.integers(0, 99))
def test_the_range_is_kept(mu, seed):
    generator = torch.Generator().manual_seed(seed)
    images, field = (
        torch.rand(1, 1, 16, 16, generator=generator),
        torch.rand(1, 2, 16, 16, generator=generator) * 2 - 1,
    )
    moved = deform(images, field, mu)
    assert moved.min() >= images.min()
    assert moved.max() <= images.max()


def test_state_keys_and_shapes_are_the_published_checkpoints():
    state = {key: tuple(value.shape) for key, value in FlowFieldUNet().state_dict().items()}
    assert state["encoder1.enc1conv1.weight"] == (32, 1, 3, 3)
    assert state["encoder1.enc1norm1.running_mean"] == (32,)
    assert state["encoder4.enc4conv2.weight"] == (256, 256, 3, 3)
    assert state["bottleneck.bottleneckconv1.weight"] == (512, 256, 3, 3)
    assert state["upconv4.weight"] == (512, 256, 2, 2)
    assert state["upconv4.bias"] == (256,)
    assert state["decoder4.dec4conv1.weight"] == (256, 512, 3, 3)
    assert state["decoder1.dec1conv1.weight"] == (32, 64, 3, 3)
    assert state["conv.weight"] == (2, 32, 1, 1)
    assert state["conv.bias"] == (2,)
    blocks = [f"encoder{i}.enc{i}" for i in range(1, 5)] + ["bottleneck.bottleneck"]
    blocks += [f"decoder{i}.dec{i}" for i in range(1, 5)]
    norm = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
    wanted = {f"{b}conv{n}.weight" for b in blocks for n in (1, 2)}
    wanted |= {f"{b}norm{n}.{k}" for b in blocks for n in (1, 2) for k in norm}
    wanted |= {f"upconv{i}.{k}" for i in range(1, 5) for k in ("weight", "bias")} | {
        "conv.weight",
        "conv.bias",
    }
    assert set(state) == wanted


def test_network_output_is_bounded(generator):
    with torch.no_grad():
        field = FlowFieldUNet(init_features=4)(torch.rand(2, 1, 32, 48, generator=generator) * 100)
    assert field.shape == (2, 2, 32, 48)
    assert field.abs().max() <= 1
