"""Finds out what undoes a release: whatever best lets images that it was not fitted to find their own originals.

No network is trained. The rate at which releases of validation images find their own originals tells an undo that works
from one that does not, and costs seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import Tensor

from privbench.data.gallery import KnownGallery
from privbench.learning.context import Context
from privbench.learning.states import below, prefixed

from ..registration import Registration, register
from .canonical import FAMILIES, Canonical, fit_canonical
from .grey_table import GreyTable, fit_grey_table
from .portraits import Portraits, portraits_of, sample_of
from .regression import VIEWS, Regression, fit_regression
from .uncovering import Uncovering, fit_uncovering
from .undo import OwnPairs, Undo, as_floats, as_images

CANDIDATES = 500  # originals among which a release has to find its own
_SAMPLES, _COMPONENTS = 2048, 256
_BETTER = 0.02
"""What a less simple undo has to add to the own-image match; where none can, none is tried."""


@dataclass(frozen=True)
class UndoKind:
    """How an undo is fitted, and made of its state again."""

    fit: Callable[[OwnPairs, np.random.Generator], Undo]
    of_state: Callable[[Mapping[str, Tensor]], Undo]


@dataclass(frozen=True)
class UndoneByRegistration(Undo):
    """A registration as an undo."""

    registration: Registration

    def __call__(self, images: Tensor) -> Tensor:
        return as_images(self.registration.undo(images.float() / 255).flatten(1), images)

    def state(self) -> dict[str, Tensor]:
        return vars(self.registration)


def _register(examples: OwnPairs, rng: np.random.Generator) -> Undo:
    return UndoneByRegistration(register(examples.released, examples.originals, rng, torch.device("cpu")))


KINDS: dict[str, UndoKind] = {
    "registration": UndoKind(_register, lambda state: UndoneByRegistration(Registration(**state))),
    "grey table": UndoKind(fit_grey_table, lambda state: GreyTable(**state)),
    **{
        f"regression on {view}": UndoKind(partial(fit_regression, view), lambda state: Regression(**state))
        for view in VIEWS
    },
    "uncovering": UndoKind(fit_uncovering, lambda state: Uncovering(**state)),
    **{family: UndoKind(partial(fit_canonical, family), partial(Canonical.of_state, family)) for family in FAMILIES},
}
"""Every undo by its name, from the simplest on."""
_FIXED = ("registration", "grey table", *(f"regression on {view}" for view in VIEWS))


@dataclass(frozen=True)
class Chain(Undo):
    """Undos one after the other."""

    names: tuple[str, ...]
    undos: tuple[Undo, ...]

    def __call__(self, images: Tensor) -> Tensor:
        for undo in self.undos:
            images = undo(images)
        return images

    @property
    def name(self) -> str:
        return ", then ".join(self.names)

    def state(self) -> dict[str, Tensor]:
        named = zip(self.names, self.undos, strict=True)
        return {
            key: value
            for place, (name, undo) in enumerate(named)
            for key, value in prefixed(f"{place}.{name}.", undo.state()).items()
        }

    @classmethod
    def of_state(cls, state: Mapping[str, Tensor]) -> Chain:
        """What `state` told."""
        heads = sorted({tuple(key.split(".", 2)[:2]) for key in state}, key=lambda head: int(head[0]))
        undos = tuple(KINDS[name].of_state(below(f"{place}.{name}.", state)) for place, name in heads)
        return cls(tuple(name for _, name in heads), undos)


@dataclass(frozen=True)
class Found:
    """What undoes the release best, the training releases as it makes them, and the own-image match of all tried.

    The portraits are those by which images were compared.
    """

    chain: Chain
    portraits: Portraits
    train: np.ndarray
    matches: Mapping[str, float]


def search(train: KnownGallery, val: KnownGallery, ctx: Context) -> Found:
    """Fits every undo to the training images and chooses by the own-image match of the validation images."""
    rng = ctx.numpy_generator("own images")
    portraits = originals_of(train.references, rng)
    rows = sample_of(val.references, CANDIDATES, rng)
    originals, examples = val.references[rows], OwnPairs(np.asarray(train.probes), train.references, portraits)
    matches: dict[str, float] = {}

    def best_of(names: Iterable[str], begun: _Tried, examples: OwnPairs) -> _Tried:
        """The best of a chain as it is and with one undo more."""
        best = begun
        for name in names:
            undo = KINDS[name].fit(examples, ctx.numpy_generator("undo", name))
            chain = Chain((*begun.chain.names, name), (*begun.chain.undos, undo))
            undone = undo.images(begun.shown).numpy()
            matches[chain.name] = rate = own_image_match(image_similarity(portraits, undone, originals))
            # The first is the simplest, and taken where none is better.
            if not best.chain.names or rate > best.match + _BETTER:
                best = _Tried(chain, undone, rate)
            if best.is_all:
                break
        return best

    best = best_of(KINDS, _Tried(Chain((), ()), val.probes[rows], 0.0), examples)
    undone = best.chain.undos[0].of_examples(examples).numpy()
    if best.chain.names[0] not in _FIXED and not best.is_all:
        # What was moved back may have been changed alike in all images, too.
        moved_back = OwnPairs(undone, train.references, portraits)
        best = best_of(_FIXED, best, moved_back)
        if len(best.chain.undos) > 1:
            undone = best.chain.undos[1].of_examples(moved_back).numpy()
    return Found(best.chain, portraits, undone, matches)


@dataclass(frozen=True)
class _Tried:
    """A chain, the validation images as it makes them, and their own-image match."""

    chain: Chain
    shown: np.ndarray
    match: float

    @property
    def is_all(self) -> bool:
        """Whether nothing could be better by as much as it had to be."""
        return self.match + _BETTER >= 1


def originals_of(images: np.ndarray, rng: np.random.Generator) -> Portraits:
    """The model of originals by which images are compared. Shape: (N, 1, H, W), uint8."""
    return portraits_of(as_floats(torch.from_numpy(images[sample_of(images, _SAMPLES, rng)])), _COMPONENTS)


def image_similarity(portraits: Portraits, undone: np.ndarray, originals: np.ndarray) -> np.ndarray:
    """How alike images are as single images, -1 to 1. Shape: (N, 1, H, W) and (M, 1, H, W), uint8, to (N, M)."""
    one, other = (portraits.features(as_floats(torch.from_numpy(np.array(images)))) for images in (undone, originals))
    return (one @ other.T).numpy()


def own_image_match(similarity: np.ndarray) -> float:
    """The rate at which a row's own column is its likest; ties count as misses. Shape: (N, N)."""
    own = np.diag(similarity).copy()
    others = similarity.copy()
    np.fill_diagonal(others, -np.inf)
    return float((own > others.max(1)).mean())
