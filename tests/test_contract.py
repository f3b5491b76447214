"""Every built-in plugin keeps its promises, and every broken promise is seen."""

import numpy as np
import pytest
import torch

from privbench.api import create_fabric
from privbench.contract.checks import check
from privbench.contract.surroundings import surroundings
from privbench.data.phantom_dataset import PhantomDataset
from privbench.errors import PrivbenchError
from privbench.guidance import GuidanceRecipe
from privbench.interfaces import Anonymizer, InferenceAttack, LinkageAttack, UtilityTask
from privbench.registry import Registry
from privbench.selftest.judge import traps

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


class Wrong(UtilityTask):
    name = "wrong"

    def fit(self, train, val, guidance, ctx):
        pass

    def predict(self, images, ctx):
        return np.arange(len(images))[:, None].astype(float)


@pytest.mark.parametrize(
    ("cls", "promise"),
    [
        (ByRow, "a score does not depend on what else is in the gallery, or on its order"),
        (Disagreeing, "scores are finite and of the right shape"),
        (ForgetfulAttack, "a saved state does the same when it is loaded"),
        (PeekingAttack, "fitting does not look at test images"),
        (RestlessAttack, "fitting repeats to the bit"),
        (Undeclared, "scores are finite and of the right shape"),
        (Wrong, "scores are finite and of the right shape"),
        (Wrong, "an image's scores do not depend on its order"),
    ],
)
def test_broken_promises_of_attacks_and_tasks_are_seen(cls, promise, around):
    assert promise in broken(cls, around)
    assert broken(Learning, around) == {}


def test_data_sets_are_checked_by_a_run(around):
    with pytest.raises(PrivbenchError, match="a run checks its table and images"):
        check(lambda: PhantomDataset(patients=40), around)
