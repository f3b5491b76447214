"""What the promises of every kind of plugin are made of: fresh instances, fitted ones, and what is insisted on."""

from __future__ import annotations

import random
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
from .lent import lent
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

    @property
    @abstractmethod
    def ready(self) -> Checked:
        """One instance that is ready for use, which the tests share."""

    @abstractmethod
    def observe(self, plugin: Checked) -> dict[str, np.ndarray]:
        """What a plugin that is ready gives for the surroundings' images, by name."""

    @abstractmethod
    def prepare(self, state: dict[str, Tensor]) -> Checked:
        """A fresh instance that took over a state."""

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

    @cached_property
    def _again(self) -> tuple[dict[str, Tensor], list[str]]:
        """The state of another instance, and what is not as it was once that was fitted and used."""
        random.random(), np.random.random_sample()  # noqa: NPY002 - else whoever seeds them did so before
        before = lent(self.around)
        plugin = self.fit(self.around)
        state = {key: value.clone() for key, value in plugin.state().items()}
        terms = self.create().terms()
        drawn = torch.get_rng_state()  # until here, networks were made, which draw of it
        self.observe(plugin)
        before |= {"the parameters": terms["params"], "torch's global random state": drawn.tolist()}
        after = lent(self.around) | {
            "the parameters": plugin.terms()["params"],
            "torch's global random state": torch.get_rng_state().tolist(),
        }
        return state, [name for name, value in before.items() if after[name] != value]

    def guidance_is_lent(self) -> None:
        _, changed = self._again
        insist("the guidance" not in changed, "after fitting and use, its weights or its mode differ")

    def nothing_is_changed(self) -> None:
        changed = [name for name in self._again[1] if name != "the guidance"]
        insist(not changed, f"after fitting and use, {', '.join(changed)} differ")

    def fitting_without_masks(self) -> None:
        self.fit(self.around.without_masks())

    def fitting_repeats(self) -> None:
        same(self.ready.state(), self._again[0], "fitted twice")

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
