"""A linear embedding in closed form: pixels in which what differs between visits of a patient counts for little.

Of few patients it learns as much as a network, in a second, and errs in other places.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from privbench.data.gallery import KnownGallery
from privbench.learning.augmentation import augment
from privbench.learning.context import Context
from privbench.learning.recipes import Augmentation
from privbench.learning.states import below, prefixed

from .undoing.portraits import Portraits, portraits_of, sample_of
from .undoing.undo import shrunk

_SIDE = 64  # pixels at the most
_SAMPLES, _COMPONENTS = 2048, 128
_VARIED = 4096  # augmented images
_VISITS = Augmentation(shift=0.06, rotation=5, scale=0.08, exposure=0.12, noise=0.02)
_FLOOR = 1e-3  # of the mean variance, so that no direction counts for everything
_BATCH = 1024
_PORTRAITS = "portraits."


@dataclass(frozen=True)
class Whitening:
    """The principal components of originals, and what makes the variance within patients alike in all directions.

    Shape: transform (K, K).
    """

    portraits: Portraits
    transform: Tensor

    def points(self, images: np.ndarray) -> Tensor:
        """Points on the unit sphere. Shape: (N, 1, H, W), uint8, to (N, K), float32."""
        return functional.normalize(self.portraits.coefficients(_seen(images)) @ self.transform, dim=1)

    def state(self) -> dict[str, Tensor]:
        """All that it has to know."""
        return prefixed(_PORTRAITS, vars(self.portraits)) | {"transform": self.transform}

    @classmethod
    def of_state(cls, state: Mapping[str, Tensor]) -> Whitening:
        """What `state` told."""
        return cls(Portraits(**below(_PORTRAITS, state)), state["transform"])


@dataclass(frozen=True)
class Variation:
    """What differs between visits of a patient, as originals tell it: the same whatever undoes a release.

    Shape: rows (n,), int, of the training images that were looked at; places (n, K); within (K, K).
    """

    portraits: Portraits
    rows: np.ndarray
    places: Tensor
    within: Tensor

    def whitening(self, undone: np.ndarray | None = None) -> Whitening:
        """What makes it alike in all directions, with what an undo left of the training releases, where there is one.

        Shape: undone (N, 1, H, W), uint8, row by row of the training originals.
        """
        within = self.within
        if undone is not None:
            within = within + _scatter(self.portraits.coefficients(_seen(undone[self.rows])) - self.places) / 2
        floor = _FLOOR * within.diagonal().mean() * torch.eye(len(within))
        return Whitening(self.portraits, torch.linalg.cholesky(torch.linalg.inv((within + floor).double())).float())


def fit_variation(known: KnownGallery, ctx: Context) -> Variation:
    """For within-class covariance normalization (Hatch, Kajarekar & Stolcke 2006), classes being patients.

    What differs between two visits is known from patients with images of several; and imitated by augmentation, of
    which there is as much as one wants.

    Args:
        known: the training originals, and whose they are.
        ctx: draws.
    """
    rng, originals = ctx.numpy_generator("whitening"), known.references
    rows = sample_of(originals, _SAMPLES, rng)
    seen = _seen(originals[rows])
    portraits = portraits_of(seen, _COMPONENTS)
    places = portraits.coefficients(seen)
    within = _within(places, known.patients[rows], known.visits[rows]) + _between_visits(originals, portraits, rng, ctx)
    return Variation(portraits, rows, places, within)


def _seen(images: np.ndarray) -> Tensor:
    """Images in few pixels, without brightness and contrast of their own. Shape: (N, 1, H, W), uint8, to (N, P)."""
    parts = (torch.from_numpy(np.array(images[at : at + _BATCH])) for at in range(0, len(images), _BATCH))
    return torch.cat([_standardized(part.float() / 255) for part in parts])


def _standardized(images: Tensor) -> Tensor:
    flat = shrunk(images, _SIDE).flatten(1)
    return (flat - flat.mean(1, keepdim=True)) / flat.std(1, keepdim=True).clamp(min=1e-3)


def _within(places: Tensor, patients: np.ndarray, visits: np.ndarray) -> Tensor:
    """The mean covariance of a patient's images, of those who have several visits.

    Shape: (N, K), (N,) and (N,), int, to (K, K).
    """
    _, codes, counts = np.unique(patients, return_inverse=True, return_counts=True)
    whose, many = torch.from_numpy(codes), torch.from_numpy(counts).to(places)
    means = torch.zeros(len(counts), places.shape[1]).index_add_(0, whose, places) / many[:, None]
    _, first = np.unique(visits, return_index=True)
    several = torch.from_numpy(np.bincount(codes[first], minlength=len(counts)) > 1)
    weight = torch.where(several, 1 / (many - 1).clamp(min=1), 0.0)[whose]
    own = (places - means[whose]) * weight.sqrt()[:, None]
    return own.T @ own / max(1, int(several.sum()))


def _between_visits(originals: np.ndarray, portraits: Portraits, rng: np.random.Generator, ctx: Context) -> Tensor:
    """The scatter of augmented images around what they were. Shape: (N, 1, H, W), uint8, to (K, K)."""
    noise, total = ctx.torch_generator("whitening"), torch.zeros(len(portraits.basis), len(portraits.basis))
    for rows in np.array_split(rng.integers(0, len(originals), _VARIED), _VARIED // _BATCH):
        images = torch.from_numpy(originals[rows]).float() / 255
        varied = portraits.coefficients(_standardized(augment(images, _VISITS, noise)))
        total += _scatter(varied - portraits.coefficients(_standardized(images)))
    return total / (_VARIED // _BATCH)


def _scatter(differences: Tensor) -> Tensor:
    return differences.T @ differences / len(differences)
