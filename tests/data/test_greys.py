"""Images in whole grey values and back."""

import pytest
import torch

from privbench.data.greys import greys_of, images_of


def test_greys_are_the_nearest_and_within_eight_bits():
    images = torch.tensor([-1.0, 0, 0.0019, 0.002, 0.5, 1, 2]).view(1, 1, 1, 7)
    assert greys_of(images).flatten().tolist() == [0, 0, 0, 1, 128, 255, 255]
    assert greys_of(images).dtype == torch.uint8


@pytest.mark.parametrize("kind", [torch.float32, torch.float64])
def test_greys_come_back_and_stay_what_they_are(kind):
    greys = torch.arange(256, dtype=kind).view(1, 1, 16, 16)
    images = images_of(greys, torch.zeros(1, dtype=kind))
    assert images.dtype == kind
    assert torch.equal(images, torch.arange(256, dtype=kind).view(1, 1, 16, 16) / 255)
    assert torch.equal(greys.flatten(), torch.arange(256, dtype=kind)), "what was given is not written to"
    assert torch.equal(greys_of(images).flatten(), torch.arange(256, dtype=torch.uint8))
