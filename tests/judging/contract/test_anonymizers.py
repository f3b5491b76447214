"""Every broken promise of an anonymizer is seen."""

import numpy as np
import pytest
import torch
from contracts import broken, whole_memory

from privbench.base.params import Params
from privbench.metrics.deformation import moved
from privbench.plugins.interfaces import Anonymizer


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
        self.seen = torch.tensor([whole_memory(train.images)])

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


class Neighbourly(Honest):
    """Looks at its neighbours where there are many."""

    def anonymize(self, images, generator):
        return (images + images.mean(0, keepdim=True)) / 2 if len(images) > 64 else images.clone()


class Normalizing(Honest):
    """Divides by what may be zero."""

    def anonymize(self, images, generator):
        return images / images.amax((1, 2, 3), keepdim=True)


class Masked(Honest):
    """Cannot do without masks."""

    def fit(self, train, val, guidance, ctx):
        train.masks.mean()


class Seeding(Honest):
    """Seeds what everybody draws from."""

    def fit(self, train, val, guidance, ctx):
        np.random.seed(0)  # noqa: NPY002


class Rewriting(Honest):
    """Changes its own parameters."""

    class Params(Params):
        width: int = 3

    def fit(self, train, val, guidance, ctx):
        self.params = self.params.model_copy(update={"width": 4})


class Darkening(Honest):
    """Says that it only moves pixels."""

    moves_pixels_alone = True

    def anonymize(self, images, generator):
        return images / 2


class Shifting(Honest):
    """Moves by half a pixel, and says so."""

    moves_pixels_alone = True

    def anonymize(self, images, generator):
        return moved(images, self.displacement(images))

    def displacement(self, images):
        return torch.full((len(images), 2, *images.shape[2:]), 0.5, device=images.device)


class Overstating(Shifting):
    """Says that it moves twice as far."""

    def displacement(self, images):
        return 2 * super().displacement(images)

    def anonymize(self, images, generator):
        return moved(images, super().displacement(images))


LENT = "images, tables, parameters and global random states are left as they were"


@pytest.mark.parametrize(
    ("cls", "promise"),
    [
        (Neighbourly, "an image's release does not depend on its batch"),
        (Normalizing, "shape, dtype, device and range are kept"),
        (Masked, "fitting does without masks where there are none"),
        (Seeding, LENT),
        (Rewriting, LENT),
        (GlobalNoise, LENT),
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
        (Darkening, "it only moves pixels, where it declares so"),
        (Overstating, "it only moves pixels, where it declares so"),
    ],
)
def test_broken_promises_of_anonymizers_are_seen(cls, promise, around):
    assert promise in broken(cls, around)


def test_an_honest_anonymizer_keeps_its_promises(around):
    assert broken(Honest, around) == {}
    assert broken(Shifting, around) == {}
