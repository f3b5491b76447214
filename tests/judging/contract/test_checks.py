"""Every built-in plugin keeps its promises, and every broken promise is seen."""

import re
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
import torch

from privbench.base.errors import PrivbenchError
from privbench.datasets.phantom.dataset import PhantomDataset
from privbench.judging.contract.checks import check
from privbench.judging.contract.surroundings import surroundings
from privbench.judging.selftest.judge import traps
from privbench.learning.recipes import GuidanceRecipe
from privbench.plugins.interfaces import (
    Anonymizer,
    InferenceAttack,
    LinkageAttack,
    Measure,
    MeasuringTask,
    ReadingTask,
    UtilityTask,
)
from privbench.plugins.registry import Registry
from privbench.running.device import create_fabric

NETWORK = {"backbone": "test_resnet", "options": {"stem_type": ""}}
SHORT = {"epochs": 1, "batch_size": 8, "learning_rate": 1e-3}
EMBEDDING = NETWORK | SHORT | {"steps": 2, "features": 8}
GAME = {"pretrain_epochs": 1, "epochs": 1, "batch_size": 16}
GUIDANCE = GuidanceRecipe(classifier=NETWORK | SHORT, verifier=NETWORK | SHORT | {"features": 8})
PARAMS = {
    "prichexy": GAME | {"init_features": 2, "mu": 0.05},
    "privacy-net": GAME | {"features": 2},
    "siamese": NETWORK | SHORT | {"features": 8},
    "contrastive": EMBEDDING,
    "averaging": EMBEDDING | {"releases": 3},
    "restoration": EMBEDDING | {"restorer": SHORT | {"width": 2}},
    "attributes": NETWORK | SHORT,
    "segmentation": NETWORK | SHORT | {"width": 2},
}
BUILT_IN = [(kind, name) for kind in ("anonymizer", "attack", "utility") for name in Registry().names(kind)]


@pytest.fixture(scope="module")
def around():
    with surroundings(PhantomDataset(patients=40), GUIDANCE, 32, create_fabric("cpu", "32-true")) as made:
        yield made


def broken(create, around):
    return {one.promise: one.failure for one in check(create, around) if one.failure is not None}


@pytest.mark.parametrize(("kind", "name"), BUILT_IN)
def test_built_ins_keep_their_promises(kind, name, around):
    cls = Registry().get(kind, name)
    assert broken(lambda: cls(**PARAMS.get(name, {})), around) == {}


class _Protocol:
    guidance = GUIDANCE


@pytest.mark.parametrize("trap", traps(_Protocol), ids=lambda trap: trap[0].name)
def test_traps_keep_their_promises(trap, around):
    assert broken(lambda: type(trap[0])(**trap[0].params.model_dump()), around) == {}


class Honest(Anonymizer):
    name = "honest"
    deterministic = True

    def anonymize(self, images, generator):
        return images.clone()


class Noisy(Honest):
    def anonymize(self, images, generator):
        return (images + 0.1 * torch.rand(images.shape, generator=generator)).clamp(0, 1)


class GlobalNoise(Honest):
    deterministic = False

    def anonymize(self, images, generator):
        return (images + 0.1 * torch.rand(images.shape)).clamp(0, 1)


class Cropped(Honest):
    def anonymize(self, images, generator):
        return images[..., 1:]


class TooBright(Honest):
    def anonymize(self, images, generator):
        return images + 1


class InPlace(Honest):
    def anonymize(self, images, generator):
        return images.mul_(0.5)


class BatchMean(Honest):
    def anonymize(self, images, generator):
        return (images + images.mean(0, keepdim=True)) / 2


class Forgetful(Honest):
    """Learns something and does not keep it."""

    shift = 0.0

    def fit(self, train, val, guidance, ctx):
        self.shift = float(train.images.mean()) / 255

    def anonymize(self, images, generator):
        return (images + self.shift) / 2


class Peeking(Honest):
    """Looks beyond its slice of the memory."""

    def fit(self, train, val, guidance, ctx):
        whole = train.images if train.images.base is None else train.images.base
        self.seen = torch.tensor([float(np.asarray(whole).mean())])

    def state(self):
        return {"seen": self.seen}


class Restless(Honest):
    """Learns something else every time."""

    count = 0

    def fit(self, train, val, guidance, ctx):
        Restless.count += 1

    def state(self):
        return {"count": torch.tensor([Restless.count])}


class Borrower(Honest):
    """Trains the guidance that it was lent."""

    def fit(self, train, val, guidance, ctx):
        next(guidance.verifier.parameters()).data += 1


@pytest.mark.parametrize(
    ("cls", "promise"),
    [
        (Noisy, "noise is declared, and drawn from the generator alone"),
        (GlobalNoise, "noise is declared, and drawn from the generator alone"),
        (Cropped, "shape, dtype, device and range are kept"),
        (TooBright, "shape, dtype, device and range are kept"),
        (InPlace, "the images handed over are left as they were"),
        (BatchMean, "an image's release does not depend on its batch"),
        (Forgetful, "a saved state does the same when it is loaded"),
        (Peeking, "fitting does not look at test images"),
        (Restless, "fitting repeats to the bit"),
        (Borrower, "the guidance is left as it was"),
    ],
)
def test_broken_promises_of_anonymizers_are_seen(cls, promise, around):
    assert promise in broken(cls, around)
    assert broken(Honest, around) == {}


class ByRow(LinkageAttack):
    """Scores depend on where an image stands."""

    name = "by-row"

    def fit(self, train, val, guidance, ctx):
        pass

    def similarity(self, gallery, probes, references, ctx):
        return (probes * 1000 + references).astype(float)

    def similarity_matrix(self, gallery, ctx):
        return np.arange(len(gallery.probes))[:, None] * 1000.0 + np.arange(len(gallery.references))


class Disagreeing(ByRow):
    def similarity(self, gallery, probes, references, ctx):
        return np.zeros(len(probes))

    def similarity_matrix(self, gallery, ctx):
        return np.full((len(gallery.probes), len(gallery.references)), np.nan)


class Learning(ByRow):
    """Keeps one number; its scores are the same for everything that looks alike."""

    def fit(self, train, val, guidance, ctx):
        self.mean = torch.tensor(float(train.probes.mean()))

    def similarity(self, gallery, probes, references, ctx):
        return self.similarity_matrix(gallery, ctx)[probes, references]

    def similarity_matrix(self, gallery, ctx):
        first, second = (x.reshape(len(x), -1).mean(1) - float(self.mean) for x in (gallery.probes, gallery.references))
        return 1e-6 * first[:, None] * second

    def state(self):
        return {"mean": self.mean}

    def load_state(self, state, device):
        self.mean = state["mean"]


class ForgetfulAttack(Learning):
    def load_state(self, state, device):
        self.mean = torch.tensor(100.0)


class PeekingAttack(Learning):
    def fit(self, train, val, guidance, ctx):
        whole = train.references if train.references.base is None else train.references.base
        self.mean = torch.tensor(float(np.asarray(whole).mean()))


class RestlessAttack(Learning):
    count = 0

    def fit(self, train, val, guidance, ctx):
        RestlessAttack.count += 1
        self.mean = torch.tensor(float(RestlessAttack.count))


class Undeclared(InferenceAttack):
    name = "undeclared"
    attributes = ("sex",)

    def fit(self, train, val, guidance, ctx):
        pass

    def infer(self, gallery, ctx):
        return {"age": np.zeros(len(gallery.probes))}


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
        whole = train.images if train.images.base is None else train.images.base
        self.mean = torch.tensor(float(np.asarray(whole).mean()))


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
        (ByRow, "a score does not depend on what else is in the gallery, or on its order"),
        (Disagreeing, "scores are finite and of the right shape"),
        (ForgetfulAttack, "a saved state does the same when it is loaded"),
        (PeekingAttack, "fitting does not look at test images"),
        (RestlessAttack, "fitting repeats to the bit"),
        (Undeclared, "scores are finite and of the right shape"),
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
def test_broken_promises_of_attacks_and_tasks_are_seen(cls, promise, around):
    assert promise in broken(cls, around)


@pytest.mark.parametrize("cls", [Learning, Reader, Brightness])
def test_honest_attacks_and_tasks_keep_theirs(cls, around):
    assert broken(cls, around) == {}


def test_the_test_split_knows_where_organs_and_findings_are(around):
    """Also beside other test images, where a task could tell."""
    for splits in (around.splits, around.with_other_test_images().splits):
        for split in splits.values():
            assert split.masks.any((1, 2, 3)).all()
            assert split.locations.any()
            assert split.locations.shape[:2] == split.labels.shape


EXAMPLES = re.findall(
    r"^```python\n(.*?)^```$", (Path(__file__).parents[3] / "docs" / "plugins.md").read_text(), re.DOTALL | re.MULTILINE
)


@pytest.mark.parametrize("text", [text for text in EXAMPLES if "class " in text])
def test_the_examples_of_the_manual_keep_their_promises(text, around, tmp_path):
    (tmp_path / "mine.py").write_text(text)
    registry = Registry([tmp_path / "mine.py"])
    (cls,) = registry._handed_over.values()
    assert broken(cls, around) == {}


def test_data_sets_are_checked_by_a_run(around):
    with pytest.raises(PrivbenchError, match="a run checks its table and images"):
        check(lambda: PhantomDataset(patients=40), around)
