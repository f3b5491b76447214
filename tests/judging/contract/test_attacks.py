"""Every broken promise of an attack is seen."""

import numpy as np
import pytest
import torch
from contracts import broken, whole_memory

from privbench.plugins.interfaces import InferenceAttack, LinkageAttack


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
        self.mean = torch.tensor(whole_memory(train.references))


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


class Correlating(Learning):
    """Divides by the spread of an image, which may be zero."""

    def similarity_matrix(self, gallery, ctx):
        spread = gallery.probes.reshape(len(gallery.probes), -1).std(1)
        with np.errstate(all="ignore"):
            return super().similarity_matrix(gallery, ctx) / spread[:, None]


class Inverting(Learning):
    """Changes what it is shown."""

    def similarity_matrix(self, gallery, ctx):
        np.subtract(255, gallery.probes, out=gallery.probes)
        return super().similarity_matrix(gallery, ctx)


class Crowded(Learning):
    """Sees the crowd where there is one."""

    def similarity(self, gallery, probes, references, ctx):
        scores = super().similarity(gallery, probes, references, ctx)
        return scores - scores.mean() * 2 if len(gallery.probes) > 256 else scores


class Alike(Learning):
    """Knows single images, on another scale than its scores."""

    def image_similarity(self, gallery, ctx):
        return 1e3 * self.similarity_matrix(gallery, ctx) + 5


class CrowdedAlike(Alike):
    def image_similarity(self, gallery, ctx):
        return super().image_similarity(gallery, ctx) * len(gallery.probes)


class ForgetfulAlike(Alike):
    def image_similarity(self, gallery, ctx):
        return super().image_similarity(gallery, ctx) * self.mean_of_training

    def fit(self, train, val, guidance, ctx):
        super().fit(train, val, guidance, ctx)
        self.mean_of_training = float(train.references.mean())

    mean_of_training = 1.0


class OddAlike(Alike):
    def image_similarity(self, gallery, ctx):
        return super().image_similarity(gallery, ctx)[:, 1:]


@pytest.mark.parametrize(
    ("cls", "promise"),
    [
        (CrowdedAlike, "a score does not depend on what else is in the gallery, or on its order"),
        (ForgetfulAlike, "a saved state does the same when it is loaded"),
        (OddAlike, "scores are finite and of the right shape"),
        (Correlating, "scores of dark, bright, grey and equal images are finite"),
        (Inverting, "the gallery is left as it was"),
        (Crowded, "a score does not depend on what else is in the gallery, or on its order"),
        (ByRow, "a score does not depend on what else is in the gallery, or on its order"),
        (Disagreeing, "scores are finite and of the right shape"),
        (ForgetfulAttack, "a saved state does the same when it is loaded"),
        (PeekingAttack, "fitting does not look at test images"),
        (RestlessAttack, "fitting repeats to the bit"),
        (Undeclared, "scores are finite and of the right shape"),
    ],
)
def test_broken_promises_of_attacks_are_seen(cls, promise, around):
    assert promise in broken(cls, around)


def test_an_honest_attack_keeps_its_promises(around):
    assert broken(Learning, around) == {}
    assert broken(Alike, around) == {}
