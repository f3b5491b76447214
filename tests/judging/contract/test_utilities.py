"""Every broken promise of a utility task is seen."""

from typing import ClassVar

import numpy as np
import pytest
import torch
from contracts import broken, whole_memory

from privbench.plugins.interfaces import Measure, MeasuringTask, ReadingTask, UtilityTask


class Bare(UtilityTask):
    """Neither reads nor measures."""

    name = "bare"

    def fit(self, train, val, guidance, ctx):
        pass


class Wrong(ReadingTask):
    name = "wrong"

    def fit(self, train, val, guidance, ctx):
        pass

    def predict(self, images, ctx):
        return np.arange(len(images))[:, None].astype(float)


class Reader(ReadingTask):
    """Keeps one number, which it learns or, frozen, takes from the guidance; log-odds are the brightness beside it."""

    name = "reader"
    findings = 14

    def adopt(self, guidance):
        self.mean = torch.tensor(100.0)
        return True

    def fit(self, train, val, guidance, ctx):
        self.mean = torch.tensor(float(train.images.mean()))

    def predict(self, images, ctx):
        return np.repeat(images.mean((1, 2, 3))[:, None] - float(self.mean), self.findings, 1)

    def state(self):
        return {"mean": self.mean}

    def load_state(self, state, guidance, device):
        self.mean = state["mean"]


class ForgetfulReader(Reader):
    def load_state(self, state, guidance, device):
        self.adopt(guidance)


class PeekingReader(Reader):
    def fit(self, train, val, guidance, ctx):
        self.mean = torch.tensor(whole_memory(train.images))


class RestlessReader(Reader):
    count = 0

    def fit(self, train, val, guidance, ctx):
        RestlessReader.count += 1
        self.mean = torch.tensor(float(RestlessReader.count))


class LeaningReader(Reader):
    """Learns nothing unless it has adopted something, which the harness has not let it where it learns of releases."""

    def fit(self, train, val, guidance, ctx):
        self.mean = self.mean * 1


class FewerOnceAdopted(Reader):
    def adopt(self, guidance):
        self.findings = 13
        return super().adopt(guidance)


class Melted(Reader):
    modes = ("melted",)


class Needy(Reader):
    needs = ("reports",)


class Brightness(MeasuringTask):
    """Of the lungs, on images that show a finding alone; it adopts, so it is never fitted."""

    name = "brightness"
    modes = ("frozen",)
    needs = ("masks", "locations")
    measures: ClassVar = {"brightness": Measure("", None), "shift": Measure("px", False)}

    def adopt(self, guidance):
        return True

    def fit(self, train, val, guidance, ctx):
        raise AssertionError

    def load_state(self, state, guidance, device):
        raise AssertionError

    def measure(self, test, ctx):
        lungs = test.originals.masks & 1
        bright = (test.images * lungs).sum((1, 2, 3)) / lungs.sum((1, 2, 3))
        located = test.originals.locations.any((1, 2, 3)) & (test.originals.labels == 1).any(1)
        told = {"brightness": np.where(located, bright, np.nan)}
        if test.displacement is not None:
            told["shift"] = test.displacement(torch.from_numpy(test.images / 255)).abs().amax((1, 2, 3)).numpy()
        return told


class Unnamed(Brightness):
    def measure(self, test, ctx):
        return {"darkness": np.zeros(len(test.images))}


class Infinite(Brightness):
    def measure(self, test, ctx):
        return {"shift": np.full(len(test.images), np.inf)}


class OfPixels(Brightness):
    def measure(self, test, ctx):
        return {"shift": test.images / 255}


class ByPlace(Brightness):
    def measure(self, test, ctx):
        return {"brightness": np.where(np.arange(len(test.images)) < 3, np.nan, 1.0)}


class Fitted(Brightness):
    """What it raises in `fit` is met, because it adopts nothing."""

    def adopt(self, guidance):
        return False


@pytest.mark.parametrize(
    ("cls", "promise"),
    [
        (Bare, "its modes and needs are known ones"),
        (Melted, "its modes and needs are known ones"),
        (Needy, "its modes and needs are known ones"),
        (ForgetfulReader, "a saved state does the same when it is loaded"),
        (PeekingReader, "fitting does not look at test images"),
        (RestlessReader, "fitting repeats to the bit"),
        (LeaningReader, "fitting repeats to the bit"),
        (FewerOnceAdopted, "values are finite and of the right shape"),
        (Unnamed, "values are finite and of the right shape"),
        (Infinite, "values are finite and of the right shape"),
        (OfPixels, "values are finite and of the right shape"),
        (ByPlace, "an image's values do not depend on its order"),
        (Fitted, "fitting repeats to the bit"),
        (Wrong, "values are finite and of the right shape"),
        (Wrong, "an image's values do not depend on its order"),
    ],
)
def test_broken_promises_of_tasks_are_seen(cls, promise, around):
    assert promise in broken(cls, around)


@pytest.mark.parametrize("cls", [Reader, Brightness])
def test_honest_tasks_keep_their_promises(cls, around):
    assert broken(cls, around) == {}
