"""What is hidden in another patient's radiograph is taken out again."""

import pytest
import torch
from pictures import SIDES, grey_levels, levels_off, pictures, release, training
from torch.nn.functional import adaptive_avg_pool2d

from privbench.judging.selftest.traps.hiding_places import HIDING_PLACES, Bits, Corner, Cover

PATIENTS = [0, 0, 1, 1, 2, 2, 3, 3]
SEEDS = range(8)


def covers(side):
    return pictures(side, len(PATIENTS), seed=5)


def learnt(trap, side):
    """The trap, whose covers are the first image of each of four patients."""
    train = training(covers(side), PATIENTS)
    trap.fit(train, train, None, None)
    return trap


def nearest(released, side):
    """The row of the training image that each released one is most like. Shape: (N,)."""
    return torch.cdist(released.flatten(1), covers(side).flatten(1)).argmin(1)


@pytest.mark.parametrize("side", SIDES)
def test_the_highest_bits_lie_in_the_covers_lowest(side):
    images, used = pictures(side), set()
    for seed in SEEDS:
        released = grey_levels(release(learnt(Bits(seed=seed), side), images))
        (bits,) = [n for n in (3, 4) if torch.equal(released % 2**n, grey_levels(images) // 2 ** (8 - n))]
        upper = grey_levels(covers(side)[nearest(released / 255, side)])
        assert torch.equal(released // 2**bits, upper // 2**bits), "the rest is the cover's"
        back = (released % 2**bits) * 2 ** (8 - bits) + 2 ** (7 - bits)
        assert (back - grey_levels(images)).abs().max() <= 2 ** (7 - bits), "to what the lower bits would tell"
        used.add(bits)
    assert used == {3, 4}


@pytest.mark.parametrize("side", SIDES)
def test_the_copy_lies_in_one_corner(side):
    images, used, small = pictures(side), set(), side // 3
    for seed in SEEDS:
        released = release(learnt(Corner(seed=seed), side), images)
        places = {
            (rows, columns): released[:, :, side - small if rows else 0 :, side - small if columns else 0 :]
            for rows in (0, 1) for columns in (0, 1)
        }  # fmt: skip
        copies = {place: part[..., :small, :small] for place, part in places.items()}
        wanted = adaptive_avg_pool2d(images, (small, small))
        (corner,) = [place for place, copy in copies.items() if (copy - wanted).abs().max() <= 0.501 / 255]
        cover = covers(side)[nearest(released, side)]
        outside = torch.ones_like(released, dtype=torch.bool)
        rows, columns = (slice(side - small, None) if end else slice(small) for end in corner)
        outside[..., rows, columns] = False
        assert torch.equal(released[outside], cover[outside]), "the rest is the cover's"
        used.add(corner)
    assert len(used) > 2


@pytest.mark.parametrize("side", SIDES)
def test_a_faint_copy_is_what_is_left_without_the_cover(side):
    images, weights = pictures(side), []
    for seed in SEEDS:
        trap = learnt(Cover(seed=seed), side)
        black, white = (trap.anonymize(torch.full_like(images, v), torch.Generator().manual_seed(0)) for v in (0.0, 1))
        weights.append(float((white - black).mean()))
        back = (release(trap, images) - black) / weights[-1]
        assert levels_off(back, images) < 2
        cover = covers(side)[nearest(black / (1 - weights[-1]), side)]
        assert torch.allclose(black, (1 - weights[-1]) * cover, atol=1e-5)
    assert all(0.15 <= weight <= 0.3 for weight in weights)
    assert len(set(weights)) == len(weights)


@pytest.mark.parametrize("trap", HIDING_PLACES, ids=lambda trap: trap.name)
def test_nobody_is_hidden_in_an_image_of_his_own(trap):
    """Where his patient is known: of training images, also of those that are no covers."""
    train = covers(64)
    for seed in range(6):
        rows = nearest(release(learnt(trap(), 64), train, seed=seed), 64)
        assert all(PATIENTS[row] != own for row, own in zip(rows, PATIENTS, strict=True))
        assert {int(row) % 2 for row in rows} == {0}, "covers are patients' first images"
    assert len(set(rows.tolist())) > 1
