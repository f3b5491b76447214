"""Every anonymizer of the self-test is listed with its truth, and its doings hang on the draw."""

import re
from pathlib import Path

import pytest
import torch
from contracts import Guided, fitted
from pictures import SIDES, pictures, release, training

from privbench.judging.selftest.catalogue import HIDES, PLAIN_SIGHT, REMOVES, traps
from privbench.judging.selftest.traps.drawn import DrawnParams

MANUAL = Path(__file__).parents[3] / "docs"
DOCS = MANUAL / "attacks.md"


def learnt(trap, images):
    train = training(pictures(images.shape[-1], 8, seed=5), [0, 0, 1, 1, 2, 2, 3, 3])
    trap.fit(train, train, None, None)
    return trap


def test_every_trap_is_listed_once_with_its_truth():
    listed = traps(Guided)
    truths = [one.truth for one in listed]
    assert (truths.count(HIDES), truths.count(REMOVES)) == (19, 5)
    assert len({one.anonymizer.name for one in listed}) == len(listed)
    assert {one.anonymizer.name for one in listed if one.copies} == {
        "trap-bits", "trap-corner", "trap-cover", "remover-surrogate",
    }  # fmt: skip


def test_every_trap_is_told_of():
    told = DOCS.read_text()
    assert [one.anonymizer.name for one in traps(Guided) if f"`{one.anonymizer.name}`" not in told] == []


def test_the_draw_is_the_seed_of_all_that_hide_in_plain_sight():
    seeds = [one.anonymizer.params.seed for one in traps(Guided, 7) if isinstance(one.anonymizer.params, DrawnParams)]
    assert seeds == [7] * len(PLAIN_SIGHT)


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("trap", PLAIN_SIGHT, ids=lambda trap: trap.name)
def test_plain_sight_changes_images_and_keeps_them_apart(trap, side):
    images = pictures(side)
    released = release(learnt(trap(), images), images)
    assert released.shape == images.shape
    assert 0 <= released.min() < released.max() <= 1
    assert (released - images).abs().mean() > 0.03
    apart = torch.pdist(released.flatten(1), p=1) / side**2
    assert apart.min() > 1 / 255, "two images stay two images"


@pytest.mark.parametrize("trap", PLAIN_SIGHT, ids=lambda trap: trap.name)
def test_another_draw_is_another_trap(trap):
    images = pictures(32)
    kinds = {release(learnt(trap(seed=seed), images), images).numpy().tobytes() for seed in range(6)}
    assert len(kinds) > 1


@pytest.mark.parametrize("trap", [one for one in PLAIN_SIGHT if one.deterministic], ids=lambda trap: trap.name)
def test_the_fixed_ones_treat_every_image_alike_whatever_the_generator(trap):
    """What an attacker can learn from other images holds for this one."""
    images = pictures(32)
    both, alone = release(trap(), images, seed=1), release(trap(), images[1:2], seed=2)
    assert torch.allclose(both[1:2], alone, atol=1.1 / 255)
    assert torch.equal(release(trap(), images, seed=1), both)


def test_the_manual_names_all_whose_state_holds_radiographs(around):
    """To the pixel, as whoever gets `anonymizer.safetensors` would find them."""
    page = (MANUAL / "privacy.md").read_text(encoding="utf-8")
    told = page[page.index("**The self-test keeps raw radiographs.**") :].split("\n- ")[0]
    known = {image.tobytes() for image in around.splits["train"].images}
    keep = set()
    for trap in traps(Guided):
        state = fitted(trap.anonymizer, around).state().values()
        pictures = [value.numpy() for value in state if value.dtype == torch.uint8 and value.ndim == 4]
        if any(image.tobytes() in known for images in pictures for image in images):
            keep.add(trap.anonymizer.name)
    assert keep == set(re.findall(r"`((?:trap|remover)-[a-z-]+)`", told))
