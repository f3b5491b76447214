"""What a vendor adds is gone after normalization: by rising tone curves, frames, and the phantom's own scanners."""

import numpy as np
import pytest
import torch

from privbench.datasets.phantom import SCANNERS
from privbench.datasets.phantom.generate import draw_patient
from privbench.datasets.phantom.render import render
from privbench.datasets.phantom.streams import Stream, stream
from privbench.learning.networks import Classifier
from privbench.learning.normalization import normalize
from privbench.learning.recipes import Backbone


@pytest.fixture(scope="module")
def radiographs():
    """Three visits as the four vendors show them. Shape: (visits, vendors, 1, 64, 64), float in [0, 1]."""
    visits = []
    for number in (7, 9, 11):
        patient = draw_patient(3, number)
        visit, disease = patient.visits[0]
        noise = (stream(3, number, 0, Stream.NOISE) for _ in SCANNERS)
        shown = [
            render(patient.anatomy, visit, disease, 64, rng, scanner).image
            for rng, scanner in zip(noise, SCANNERS, strict=True)
        ]
        visits.append(np.stack(shown)[:, None])
    return torch.from_numpy(np.stack(visits)).float() / 255


def test_a_rising_tone_curve_is_undone(radiographs):
    image = radiographs[:, 0] * 0.7 + 0.25  # a curve may push nothing into the black of a frame
    curved = image**2.2
    assert (normalize(curved) - normalize(image)).abs().mean() < 0.02
    assert (curved - image).abs().mean() > 0.08


def test_a_black_frame_does_not_count(radiographs):
    image = radiographs[:, 0, :, 4:-4, 4:-4] * 0.9 + 0.1
    framed = torch.nn.functional.pad(image, (8, 8, 8, 8))
    inside = normalize(framed)[..., 8:-8, 8:-8]
    frame = normalize(framed)[..., :2, :2]
    difference = (inside - normalize(image))[..., 6:-6, 6:-6].abs().mean()
    assert difference < 0.03
    assert (frame - 0.5).abs().max() < 0.1


def test_vendors_grow_alike(radiographs):
    first, others = radiographs[:, :1].flatten(2), radiographs[:, 1:].flatten(2)
    normal = normalize(radiographs.flatten(0, 1)).view(3, len(SCANNERS), -1)
    before = (others - first).square().mean() / first.var()
    after = (normal[:, 1:] - normal[:, :1]).square().mean() / normal[:, :1].var()
    assert after < 0.55 * before


def test_each_image_is_normalized_on_its_own_and_stays_finite():
    images = torch.rand(3, 1, 33, 41, generator=torch.Generator().manual_seed(0))
    images[1] = 0.5
    images[2] = 0.0
    together = normalize(images)
    assert torch.isfinite(together).all()
    assert torch.equal(together[:1], normalize(images[:1]))
    assert (together[1:] - 0.5).abs().max() < 1e-3, "a flat image has nothing to show"


def test_gradients_pass():
    images = torch.rand(2, 1, 32, 32, generator=torch.Generator().manual_seed(0)).requires_grad_()
    normalize(images)[:, :, 16, 16].sum().backward()
    assert images.grad[:, :, 16, 16].abs().min() > 0


def test_every_network_takes_it_as_a_parameter(radiographs):
    torch.manual_seed(0)
    plain = Classifier(Backbone(backbone="test_resnet"), 2).eval()
    same = Classifier(Backbone(backbone="test_resnet", normalize=True), 2).eval()
    same.load_state_dict(plain.state_dict())
    image = radiographs[:1, 0]
    with torch.no_grad():
        assert torch.allclose(same(image), plain(normalize(image)))
        assert not torch.allclose(same(image), plain(image))
