"""What the promises of every kind of plugin are made of: fresh instances, fitted ones, and what is insisted on."""

from __future__ import annotations

import tempfile
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np
import torch
from torch import Tensor

from ...learning.states import load_state, save_state
from ...plugins.interfaces import Anonymizer, Attack, Plugin, UtilityTask
from .surroundings import Surroundings

TOLERANCE = 1e-4
"""By how much grey values in [0, 1] may differ and still count as the same."""
_SCORES = 2e-3  # as much for scores, in standard deviations

Checked = TypeVar("Checked", bound=Plugin)
Learner = TypeVar("Learner", bound=Anonymizer | Attack | UtilityTask)


class Promises(ABC, Generic[Checked]):
    """The promises of one kind of plugin, `kind`."""

    kind: type[Checked]

    def __init__(self, create: Callable[[], Plugin], around: Surroundings) -> None:
        self._create, self.around = create, around

    def create(self) -> Checked:
        """A fresh instance with the parameters under test."""
        plugin = self._create()
        assert isinstance(plugin, self.kind)
        return plugin

    @abstractmethod
    def promises(self) -> dict[str, Callable[[], None]]:
        """A test of each promise, by its wording, in order; it raises BrokenPromise where the promise is not kept."""


class LearnerPromises(Promises[Learner]):
    """The promises of a kind whose plugins keep what they learnt in a state."""

    @abstractmethod
    def fit(self, around: Surroundings) -> Learner:
        """A fresh instance that learnt from those surroundings."""

    @cached_property
    def ready(self) -> Learner:
        """One fitted instance, which the tests share."""
        return self.fit(self.around)

    def fitting_repeats(self) -> None:
        same(self.ready.state(), self.fit(self.around).state(), "fitted twice")

    def test_is_not_seen(self) -> None:
        same(self.ready.state(), self.fit(self.around.with_other_test_images()).state(), "with other test images")


class BrokenPromise(Exception):
    """Says what was seen."""


def insist(kept: bool, failure: str) -> None:
    """Raises BrokenPromise, which says what was seen, unless the promise is kept."""
    if not kept:
        raise BrokenPromise(failure)


def same(first: Mapping[str, Tensor], second: Mapping[str, Tensor], what: str) -> None:
    """Insists that two states are the same to the bit."""
    insist(first.keys() == second.keys(), f"{what}: the states hold different entries")
    for key, value in first.items():
        insist(torch.equal(value.cpu(), second[key].cpu()), f"{what}: the states differ in {key}")


def through_a_file(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The state as it comes back from where a run stores it."""
    with tempfile.TemporaryDirectory() as folder:
        save_state(state, Path(folder))
        return load_state(Path(folder))


def close(first: Any, second: Any, what: str) -> None:
    """Insists that grey values, which have a scale of their own, differ by no more than rounding."""
    difference = float(np.abs(np.asarray(first, np.float64) - np.asarray(second, np.float64)).max())
    insist(difference <= TOLERANCE, f"{what}: they differ by up to {difference:.2g}")


def close_scores(first: np.ndarray, second: np.ndarray, what: str) -> None:
    """Insists that scores, whose scale is their spread, differ by no more than rounding."""
    spread = float(np.std(second)) or 1.0
    difference = float(np.abs(np.asarray(first, np.float64) - np.asarray(second, np.float64)).max())
    insist(difference <= _SCORES * spread, f"{what}: they differ by up to {difference / spread:.2g} of their spread")
