"""The promises of a plugin, one after the other. A check that fails says what was seen; none judges how good it is."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor

from ..errors import PrivbenchError
from ..interfaces import (
    SCENARIOS,
    Anonymizer,
    Attack,
    Gallery,
    InferenceAttack,
    LinkageAttack,
    Plugin,
    UtilityTask,
)
from ..seeds import global_seed
from ..stages import STATE, save_state
from .surroundings import Surroundings

_TOLERANCE = 1e-4
_SCORES = 2e-3
_UNKNOWN = "no_such_parameter"


@dataclass(frozen=True)
class Check:
    """One promise, and what was seen where it is not kept."""

    promise: str
    failure: str | None


class _BrokenPromise(Exception):
    """Says what was seen."""


def _insist(kept: bool, failure: str) -> None:
    if not kept:
        raise _BrokenPromise(failure)


def check(create: Callable[[], Plugin], around: Surroundings) -> list[Check]:
    """Every promise of a plugin's kind, in order; the first that fails does not end the others.

    Args:
        create: makes a fresh instance with the parameters under test.
        around: what it is checked with.

    Raises:
        PrivbenchError: there are no checks for data sets, which a run checks as it reads them.
    """
    plugin = create()
    promises: dict[str, Callable[[], None]] = {"unknown parameters are refused": lambda: _refuses_unknown(plugin)}
    if isinstance(plugin, Anonymizer):
        promises |= _Anonymizers(create, around).promises()  # type: ignore[arg-type]
    elif isinstance(plugin, Attack):
        promises |= _Attacks(create, around).promises()  # type: ignore[arg-type]
    elif isinstance(plugin, UtilityTask):
        promises |= _Utilities(create, around).promises()  # type: ignore[arg-type]
    else:
        raise PrivbenchError(f"A {plugin.kind} has no checks of its own: a run checks its table and images.")
    return [Check(promise, _failure(test)) for promise, test in promises.items()]


def _failure(test: Callable[[], None]) -> str | None:
    try:
        test()
    except _BrokenPromise as broken:
        return str(broken)
    except Exception as error:  # noqa: BLE001 - foreign code may raise anything, and the other checks go on
        return f"{type(error).__name__}: {error}"
    return None


def _refuses_unknown(plugin: Plugin) -> None:
    try:
        type(plugin)(**plugin.params.model_dump(), **{_UNKNOWN: 1})
    except PrivbenchError:
        return
    raise _BrokenPromise(f"a parameter {_UNKNOWN!r} was accepted: derive Params from privbench.Params")


def _same(first: Mapping[str, Tensor], second: Mapping[str, Tensor], what: str) -> None:
    _insist(first.keys() == second.keys(), f"{what}: the states hold different entries")
    for key, value in first.items():
        _insist(torch.equal(value.cpu(), second[key].cpu()), f"{what}: the states differ in {key}")


def _through_a_file(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    with tempfile.TemporaryDirectory() as folder:
        save_state(state, Path(folder))
        return load_file(Path(folder) / STATE)


def _close(first: Any, second: Any, what: str) -> None:
    """Grey values, which have a scale of their own."""
    difference = float(np.abs(np.asarray(first, np.float64) - np.asarray(second, np.float64)).max())
    _insist(difference <= _TOLERANCE, f"{what}: they differ by up to {difference:.2g}")


def _close_scores(first: np.ndarray, second: np.ndarray, what: str) -> None:
    """Scores, whose scale is their spread."""
    spread = float(np.std(second)) or 1.0
    difference = float(np.abs(np.asarray(first, np.float64) - np.asarray(second, np.float64)).max())
    _insist(difference <= _SCORES * spread, f"{what}: they differ by up to {difference / spread:.2g} of their spread")


class _Anonymizers:
    def __init__(self, create: Callable[[], Anonymizer], around: Surroundings) -> None:
        self._create, self._around = create, around
        self._fitted: Anonymizer | None = None

    def promises(self) -> dict[str, Callable[[], None]]:
        return {
            "fitting repeats to the bit": self.fitting_repeats,
            "fitting does not look at test images": self.test_is_not_seen,
            "the guidance is left as it was": self.guidance_is_lent,
            "shape, dtype, device and range are kept": self.shape_and_range,
            "the images handed over are left as they were": self.input_is_untouched,
            "noise is declared, and drawn from the generator alone": self.noise,
            "an image's release does not depend on its batch": self.batch,
            "a saved state does the same when it is loaded": self.state,
        }

    def _fit(self, around: Surroundings) -> Anonymizer:
        anonymizer = self._create()
        with global_seed(0, "contract"):
            anonymizer.fit(around.splits["train"], around.splits["val"], around.guidance, around.context())
        return anonymizer

    @property
    def _ready(self) -> Anonymizer:
        if self._fitted is None:
            self._fitted = self._fit(self._around)
        return self._fitted

    @torch.no_grad()
    def _release(self, anonymizer: Anonymizer, images: Tensor, seed: int = 1) -> Tensor:
        return anonymizer.anonymize(images, torch.Generator().manual_seed(seed))

    def fitting_repeats(self) -> None:
        _same(self._ready.state(), self._fit(self._around).state(), "fitted twice")

    def test_is_not_seen(self) -> None:
        _same(self._ready.state(), self._fit(self._around.with_other_test_images()).state(), "with other test images")

    def guidance_is_lent(self) -> None:
        guidance = self._around.guidance
        networks = (guidance.classifier, guidance.verifier)
        before = [{key: value.clone() for key, value in network.state_dict().items()} for network in networks]
        self._fit(self._around)
        for network, state in zip(networks, before, strict=True):
            _same(state, network.state_dict(), "after fitting")
            _insist(not network.training, "after fitting, a guidance network is left in training mode")

    def shape_and_range(self) -> None:
        images = self._around.images
        released = self._release(self._ready, images)
        _insist(released.shape == images.shape, f"{tuple(images.shape)} became {tuple(released.shape)}")
        _insist(released.dtype.is_floating_point, f"the values are {released.dtype}, not floats")
        _insist(released.device == images.device, f"images on {images.device} were returned on {released.device}")
        low, high = float(released.min()), float(released.max())
        _insist(low >= -_TOLERANCE and high <= 1 + _TOLERANCE, f"values from {low:g} to {high:g} leave [0, 1]")

    def input_is_untouched(self) -> None:
        images = self._around.images
        before = images.clone()
        self._release(self._ready, images)
        _insist(torch.equal(images, before), "the images were changed in place")

    def noise(self) -> None:
        images, anonymizer = self._around.images, self._ready
        released = self._release(anonymizer, images)
        with global_seed(1, "another"):
            _close(self._release(anonymizer, images).cpu(), released.cpu(), "twice with the same generator")
        other = self._release(anonymizer, images, seed=2)
        varies = bool((other - released).abs().max() > _TOLERANCE)
        seen = f"declared deterministic = {anonymizer.deterministic}, and another generator "
        _insist(varies != anonymizer.deterministic, seen + ("changes the release" if varies else "changes nothing"))

    def batch(self) -> None:
        images, anonymizer = self._around.images, self._ready
        generator = torch.Generator().manual_seed(1)
        with torch.no_grad():
            single = torch.cat([anonymizer.anonymize(image[None], generator) for image in images])
        _close(single.cpu(), self._release(anonymizer, images).cpu(), "one by one and all at once")
        if anonymizer.deterministic:
            backwards = self._release(anonymizer, images.flip(0)).flip(0)
            _close(backwards.cpu(), self._release(anonymizer, images).cpu(), "in another order")

    def state(self) -> None:
        twin, images = self._create(), self._around.images
        twin.load_state(_through_a_file(self._ready.state()), images.device)
        _close(self._release(twin, images).cpu(), self._release(self._ready, images).cpu(), "after loading")


class _Attacks:
    def __init__(self, create: Callable[[], Attack], around: Surroundings) -> None:
        self._create, self._around = create, around
        self._fitted: Attack | None = None
        plugin = create()
        self._more = plugin.releases - 1
        scenario = "informed" if "informed" in plugin.scenarios else plugin.scenarios[0]
        self._train, self._test = SCENARIOS[scenario].train, SCENARIOS[scenario].test

    def promises(self) -> dict[str, Callable[[], None]]:
        return {
            "its scenarios are known ones": self.scenarios,
            "fitting repeats to the bit": self.fitting_repeats,
            "fitting does not look at test images": self.test_is_not_seen,
            "scores are finite and of the right shape": self.shape,
            "a score does not depend on what else is in the gallery, or on its order": self.order,
            "a saved state does the same when it is loaded": self.state,
        }

    def _fit(self, around: Surroundings) -> Attack:
        attack = self._create()
        train, val = (around.known(split, self._train, self._more) for split in ("train", "val"))
        with global_seed(0, "contract"):
            attack.fit(train, val, around.guidance, around.context())
        return attack

    @property
    def _ready(self) -> Attack:
        if self._fitted is None:
            self._fitted = self._fit(self._around)
        return self._fitted

    def _scores(self, attack: Attack, gallery: Gallery) -> np.ndarray:
        """Everything that an attack says about a gallery. Shape: (N, …)."""
        ctx = self._around.context()
        if isinstance(attack, InferenceAttack):
            return np.stack(list(attack.infer(gallery, ctx).values()), 1)
        assert isinstance(attack, LinkageAttack)
        return attack.similarity_matrix(gallery, ctx)

    def scenarios(self) -> None:
        plugin = self._create()
        unknown = set(plugin.scenarios) - set(SCENARIOS)
        _insist(not unknown and bool(plugin.scenarios), f"{sorted(unknown)} are none of {', '.join(SCENARIOS)}")

    def fitting_repeats(self) -> None:
        _same(self._ready.state(), self._fit(self._around).state(), "fitted twice")

    def test_is_not_seen(self) -> None:
        _same(self._ready.state(), self._fit(self._around.with_other_test_images()).state(), "with other test images")

    def shape(self) -> None:
        gallery, ctx = self._around.gallery(self._test, self._more), self._around.context()
        count = len(gallery.probes)
        scores = self._scores(self._ready, gallery)
        _insist(bool(np.isfinite(scores).all()), "some scores are no numbers")
        if isinstance(self._ready, InferenceAttack):
            names = tuple(self._ready.infer(gallery, ctx))
            _insist(names == self._ready.attributes, f"it declares {self._ready.attributes} and infers {names}")
            _insist(scores.shape == (count, len(names)), f"the shape is {scores.shape}")
            return
        assert isinstance(self._ready, LinkageAttack)
        _insist(scores.shape == (count, count), f"the matrix of {count} images has the shape {scores.shape}")
        probes, references = np.arange(count), np.arange(count)[::-1].copy()
        pairs = self._ready.similarity(gallery, probes, references, ctx)
        _insist(pairs.shape == (count,), f"{count} pairs got scores of shape {pairs.shape}")
        _close_scores(pairs, scores[probes, references], "pairs and matrix")

    def order(self) -> None:
        gallery = self._around.gallery(self._test, self._more)
        rows = np.random.default_rng(0).permutation(len(gallery.probes))[: len(gallery.probes) // 2]
        scores = self._scores(self._ready, gallery)[rows]
        expected = scores if isinstance(self._ready, InferenceAttack) else scores[:, rows]
        _close_scores(self._scores(self._ready, gallery.rows(rows)), expected, "half of the gallery in another order")

    def state(self) -> None:
        twin = self._create()
        twin.load_state(_through_a_file(self._ready.state()), self._around.fabric.device)
        gallery = self._around.gallery(self._test, self._more)
        _close_scores(self._scores(twin, gallery), self._scores(self._ready, gallery), "after loading")


class _Utilities:
    def __init__(self, create: Callable[[], UtilityTask], around: Surroundings) -> None:
        self._create, self._around = create, around

    def promises(self) -> dict[str, Callable[[], None]]:
        return {
            "fitting and predicting repeat, and do not look at test images": self.repeats,
            "scores are finite and of the right shape": self.shape,
            "an image's scores do not depend on its order": self.order,
        }

    def _predict(self, around: Surroundings, images: np.ndarray) -> np.ndarray:
        task = self._create()
        with global_seed(0, "contract"):
            task.fit(around.splits["train"], around.splits["val"], around.guidance, around.context())
        return task.predict(images, around.context())

    @property
    def _images(self) -> np.ndarray:
        return self._around.splits["test"].images

    def repeats(self) -> None:
        other = self._predict(self._around.with_other_test_images(), self._images)
        _close_scores(other, self._predict(self._around, self._images), "with other test images at hand")

    def shape(self) -> None:
        scores = self._predict(self._around, self._images)
        expected = self._around.splits["test"].labels.shape
        _insist(scores.shape == expected, f"the shape is {scores.shape}, not {expected}")
        _insist(bool(np.isfinite(scores).all()), "some scores are no numbers")

    def order(self) -> None:
        backwards = self._predict(self._around, self._images[::-1].copy())[::-1]
        _close_scores(backwards, self._predict(self._around, self._images), "in another order")
