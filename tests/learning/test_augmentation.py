import pytest
import torch

from privbench.learning.augmentation import augment
from privbench.learning.recipes import Augmentation

NOTHING = {"shift": 0, "rotation": 0, "scale": 0, "exposure": 0, "noise": 0}


@pytest.fixture
def images():
    return torch.rand(16, 1, 24, 24, generator=torch.Generator().manual_seed(0))


def test_nothing_changes_nothing(images, generator):
    assert torch.allclose(augment(images, Augmentation(**NOTHING), generator), images, atol=1e-5)


@pytest.mark.parametrize("field", list(NOTHING))
def test_every_property_changes_every_image_in_its_own_way(images, generator, field):
    same = images[:1].expand(16, -1, -1, -1)
    changed = augment(same, Augmentation(**NOTHING | {field: 0.2}), generator)
    differences = (changed - same).abs().flatten(1).mean(1)
    assert (differences > 0).all()
    assert len(set(differences.tolist())) == 16


def test_a_shift_stays_within_its_bound(generator):
    dot = torch.zeros(200, 1, 41, 41)
    dot[:, :, 20, 20] = 1
    moved = augment(dot, Augmentation(**NOTHING | {"shift": 0.1}), generator)[:, 0]
    row = (moved.sum(2) * torch.arange(41)).sum(1) / moved.sum((1, 2)) - 20
    assert 3 < row.abs().max() <= 4.1 + 1e-3


def test_exposure_is_contrast_and_brightness(images, generator):
    changed = augment(images, Augmentation(**NOTHING | {"exposure": 0.4}), generator)
    ratio = (changed[:, 0].std((1, 2)) / images[:, 0].std((1, 2))).tolist()
    assert 0.6 <= min(ratio) < 0.75
    assert 1.25 < max(ratio) <= 1.4


def test_the_generator_decides(images):
    first, again, other = (augment(images, Augmentation(), torch.Generator().manual_seed(seed)) for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
