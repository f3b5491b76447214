import pytest
import torch
from privbench.anonymizers.batch_norm import BatchNorm
from privbench.anonymizers.flow_field import FlowFieldUNet
from privbench.anonymizers.privacy_net_unet import PrivacyNetUNet
from torch import nn


@pytest.mark.parametrize("channels", [1, 4, 8])
def test_it_is_torchs_own_with_the_channels_last(channels, generator):
    images = torch.rand(3, channels, 6, 5, dtype=torch.float64, generator=generator)
    ours, theirs = BatchNorm(channels).double(), nn.BatchNorm2d(channels).double()
    for training in (True, False):
        found = ours.train(training)(images.contiguous(memory_format=torch.channels_last))
        assert torch.allclose(found, theirs.train(training)(images))
        assert found.is_contiguous(memory_format=torch.channels_last)
    assert ours.state_dict().keys() == theirs.state_dict().keys()
    for key, value in theirs.state_dict().items():
        assert torch.allclose(ours.state_dict()[key], value), key


@pytest.mark.parametrize("unet", [FlowFieldUNet(init_features=4), PrivacyNetUNet(features=4)])
def test_a_unet_is_the_same_function_in_either_layout(unet, generator):
    """All that lies between its convolutions keeps the channels last."""
    images = torch.rand(4, 1, 32, 32, dtype=torch.float64, generator=generator)
    last = unet.double()
    layouts = []
    hooks = [
        module.register_forward_hook(
            lambda _, __, output: layouts.append(output.is_contiguous(memory_format=torch.channels_last))
        )
        for module in last.modules()
    ]
    found = last(images)
    for hook in hooks:
        hook.remove()
    assert all(layouts)
    first = last.to(memory_format=torch.contiguous_format)
    assert torch.allclose(first(images), found)
