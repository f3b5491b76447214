"""Finds out what undoes a release: what best links validation images with other originals of their patients.

No network is trained: images are compared by whitened pixels. Beside it stands what best lets single images find their
own originals, which tells whether they are still in there, and is another undo where one blurs them and one does not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import NamedTuple

import numpy as np
import torch
from scipy.stats import binomtest, norm
from torch import Tensor

from privbench.data.gallery import KnownGallery
from privbench.learning.context import Context
from privbench.learning.embedder import similarity_of_pairs
from privbench.learning.states import below, prefixed
from privbench.metrics.roc import auc

from ..registration import Registration, register
from ..whitening import Whitening
from .canonical import FAMILIES, Canonical, fit_canonical
from .grey_table import GreyTable, fit_grey_table
from .portraits import Portraits, portraits_of, sample_of
from .regression import VIEWS, Regression, fit_regression
from .uncovering import Uncovering, fit_uncovering
from .undo import OwnPairs, Undo, as_floats, as_images

CANDIDATES = 500  # originals among which a release has to find its own
_SAMPLES, _COMPONENTS = 2048, 256
_BETTER = 0.01
"""What a less simple undo has to add to the AUC of validation pairs; where none can, none is tried."""
_FINDS_BETTER = 0.02
"""What it has to add to the own-image match."""
_BY_CHANCE = 0.001
"""How often a guess may pass for more."""


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
        return as_images(self.registration.to(images.device).undo(images.float() / 255).flatten(1), images)

    def state(self) -> dict[str, Tensor]:
        return vars(self.registration)


def _register(examples: OwnPairs, rng: np.random.Generator) -> Undo:
    return UndoneByRegistration(register(examples.released, examples.originals, rng, examples.device))


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
    """What undoes the release best.

    Args:
        chain: what best links patients.
        train: the training releases as it makes them.
        finder: what best lets single images find their own originals; often the same.
        portraits: those by which single images were compared.
        matches: the own-image match of all that were tried, by name.
        aucs: the AUC of their validation pairs.
    """

    chain: Chain
    train: np.ndarray
    finder: Chain
    portraits: Portraits
    matches: Mapping[str, float]
    aucs: Mapping[str, float]


def search(train: KnownGallery, val: KnownGallery, whitening: Whitening, ctx: Context) -> Found:
    """Fits every undo to the training images, simple ones first, and judges them by the validation images.

    The whitening is that of originals, by which visits are compared.
    """
    rng = ctx.numpy_generator("own images")
    judge = _Judge(val, originals_of(train.references, rng), whitening, rng)
    examples = OwnPairs(np.asarray(train.probes), train.references, judge.portraits, ctx.device)
    matches: dict[str, float] = {}
    aucs: dict[str, float] = {}
    best = finder = nothing = _Tried(Chain((), ()), judge.releases, 0.0, 0.0)

    def add(begun: _Tried, names: Iterable[str], examples: OwnPairs) -> None:
        """Tries a chain with each undo more, until nothing could do better."""
        nonlocal best, finder
        for name in names:
            if judge.is_all(best, finder):
                return
            undo = KINDS[name].fit(examples, ctx.numpy_generator("undo", name))
            chain = Chain((*begun.chain.names, name), (*begun.chain.undos, undo))
            one = judge(chain, undo.images(begun.shown).numpy())
            matches[chain.name], aucs[chain.name] = one.match, one.auc
            # The first is the simplest, and loses nothing; another is to be better, and surely no guess.
            if best is nothing or (one.auc > best.auc + _BETTER and (judge.links(one) or judge.finds(one))):
                best = one
            if finder is nothing or one.match > finder.match + _FINDS_BETTER:
                finder = one

    add(nothing, KINDS, examples)
    moved_back: dict[tuple[str, ...], OwnPairs] = {}
    for begun in (best, finder) if finder is not best else (best,):
        if begun.chain.names[0] not in _FIXED:
            # What was moved back may have been changed alike in all images, too.
            undone = begun.chain.undos[0].of_examples(examples).numpy()
            moved_back[begun.chain.names] = replace(examples, released=undone)
            add(begun, _FIXED, moved_back[begun.chain.names])
    if not judge.links(best) and judge.finds(finder) and finder.match > 2 * best.match:
        best = finder  # where visits are not alike enough to choose by, single images are
    *before, last = best.chain.undos
    first = moved_back.get(best.chain.names[:1], examples)
    undone = last.of_examples(first).numpy() if before or first is examples else first.released
    return Found(best.chain, undone, finder.chain, judge.portraits, matches, aucs)


class _Tried(NamedTuple):
    """A chain, the validation releases as it makes them, and how well they find own images and patients."""

    chain: Chain
    shown: np.ndarray
    match: float
    auc: float


class _Judge:
    """Looks at what undos make of the releases of validation images.

    Args:
        val: the validation images.
        portraits: compare single images.
        whitening: compares visits.
        rng: chooses from more images than are needed.
    """

    def __init__(self, val: KnownGallery, portraits: Portraits, whitening: Whitening, rng: np.random.Generator) -> None:
        rows = _candidates(val, rng)
        chosen = np.isin(val.pairs.probe, rows)
        self.portraits, self.releases, self._originals = portraits, val.probes[rows], val.references[rows]
        self._probe = np.searchsorted(rows, val.pairs.probe[chosen])
        self._reference, self._mated = val.pairs.reference[chosen], val.pairs.mated[chosen]
        self._patients = len(np.unique(val.patients[val.pairs.probe[chosen]]))
        self._whitening, self._points = whitening, whitening.points(val.references)
        self._auc_of_originals = self._auc(self._originals)

    def __call__(self, chain: Chain, undone: np.ndarray) -> _Tried:
        match = own_image_match(image_similarity(self.portraits, undone, self._originals))
        return _Tried(chain, undone, match, self._auc(undone))

    def is_all(self, best: _Tried, finder: _Tried) -> bool:
        """Whether nothing could be better by as much as it had to be: by originals, or in finding all images."""
        return best.auc + _BETTER >= self._auc_of_originals and finder.match + _FINDS_BETTER >= 1

    def finds(self, tried: _Tried) -> bool:
        """Whether images find their own originals surely more often than by chance."""
        count = len(self._originals)
        return bool(binomtest(round(tried.match * count), count, 1 / count, "greater").pvalue < _BY_CHANCE)

    def links(self, tried: _Tried) -> bool:
        """Whether its AUC is surely above that of a guess (Mann & Whitney 1947).

        Pairs cluster in patients: the standard error is that of one pair of each kind a patient.
        """
        error = ((2 * self._patients + 1) / 12) ** 0.5 / self._patients
        return tried.auc > 0.5 + float(norm.isf(_BY_CHANCE)) * error

    def _auc(self, images: np.ndarray) -> float:
        points = self._whitening.points(images)
        return auc(self._mated, similarity_of_pairs(points, self._points, self._probe, self._reference))


def _candidates(val: KnownGallery, rng: np.random.Generator) -> np.ndarray:
    """Rows of at most so many validation images, sorted: of those in pairs of either kind first. Shape: (n,), int."""
    mated, others = (rng.permutation(np.unique(val.pairs.probe[val.pairs.mated == kind])) for kind in (True, False))
    half = max(CANDIDATES // 2, CANDIDATES - len(others))
    order = np.concatenate([mated[:half], others, rng.permutation(len(val.references))])
    _, first = np.unique(order, return_index=True)
    return np.sort(order[np.sort(first)][:CANDIDATES])


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
