"""Which undo a release is met with: the one by which images find their own originals."""

import numpy as np
import pandas as pd
import pytest
import torch
from moved import each, images_of, shifted, turned
from privbench.attacks.undoing.search import _FIXED, KINDS, Chain, originals_of, own_image_match, search
from privbench.attacks.undoing.undo import OwnPairs

from privbench.data.gallery import KnownGallery
from privbench.data.pairs import NO_PAIRS


def gallery(released, originals) -> KnownGallery:
    return KnownGallery(released, originals, pairs=NO_PAIRS, table=pd.DataFrame({"patient": range(len(originals))}))


def found_for(release, ctx):
    train, val = images_of(300, 0), images_of(100, 1)
    return search(gallery(release(train), train), gallery(release(val), val), ctx), val


def mixed(images):
    matrix = np.linalg.qr(np.random.default_rng(3).normal(size=(1024, 1024)))[0]
    return (127 + (images.reshape(len(images), -1) - 90.0) @ matrix).clip(0, 255).astype(np.uint8).reshape(images.shape)


CURVE = np.random.default_rng(4).permutation(256).astype(np.uint8)


def test_what_registration_undoes_is_met_with_it_alone(ctx):
    found, _ = found_for(lambda images: 255 - images[..., ::-1], ctx)
    assert found.chain.names == ("registration",)
    assert found.matches["registration"] > 0.9
    assert list(found.matches) == ["registration"], "nothing else was tried"


@pytest.mark.parametrize(
    ("release", "first"),
    [
        (lambda images: CURVE[images], "grey table"),
        (mixed, "regression on grey"),
        (lambda images: each(images, turned), "turns"),
        (lambda images: each(images, shifted), "shifts"),
    ],
)
def test_other_tricks_are_met_with_what_undoes_them(ctx, release, first):
    found, val = found_for(release, ctx)
    assert found.chain.names[0] == first
    assert max(found.matches.values()) > 0.7
    undone = found.chain.images(release(val)).numpy()
    assert np.abs(undone.astype(int) - val).mean() < np.abs(release(val).astype(int) - val).mean() / 3


def test_what_was_moved_back_may_have_been_changed_alike_in_all_images(ctx, monkeypatch):
    monkeypatch.setattr("privbench.attacks.undoing.search.KINDS", {name: KINDS[name] for name in ("shifts", *_FIXED)})
    monkeypatch.setattr("privbench.attacks.undoing.search._Tried.is_all", False)  # so that more is tried
    found, _ = found_for(lambda images: each(images // 3 + 40, shifted), ctx)
    assert found.chain.names[0] == "shifts"
    assert {"shifts, then registration", "shifts, then regression on grey"} < set(found.matches)


def test_nothing_is_found_where_nothing_is(ctx):
    found, _ = found_for(
        lambda images: np.random.default_rng(len(images)).integers(0, 256, images.shape).astype(np.uint8), ctx
    )
    assert max(found.matches.values()) < 0.06
    assert found.chain.names == ("registration",), "the simplest, where none is better"


def test_a_chain_comes_back_from_its_state(rng):
    train = images_of(80, 0)
    portraits, seen = originals_of(train, rng), train
    names, undos = ("turns", "uncovering", "regression on grey", "registration"), []
    for name in names:
        examples = OwnPairs(seen, train, portraits)
        undos.append(KINDS[name].fit(examples, rng))
        seen = undos[-1].of_examples(examples).numpy()
    chain = Chain(names, tuple(undos))
    again = Chain.of_state(chain.state())
    assert again.names == names
    moved = torch.from_numpy(each(images_of(20, 3), turned))
    assert torch.equal(chain(moved), again(moved))


def test_ties_are_no_match():
    assert own_image_match(np.ones((5, 5))) == 0
    assert own_image_match(np.eye(5)) == 1
    assert own_image_match(np.eye(5)[:, ::-1]) == pytest.approx(1 / 5)
