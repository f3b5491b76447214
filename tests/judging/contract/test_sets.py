"""Every broken promise of an anonymizer of whole sets is seen."""

import pytest
import torch
from contracts import broken, whole_memory

from privbench.plugins.interfaces import SetAnonymizer


class Mixing(SetAnonymizer):
    """Draws every image towards its patient's mean."""

    name = "mixing"
    deterministic = True

    def anonymize_set(self, images, table, generator):
        pixels = torch.cat(list(images.batches()))
        for patient in table["patient"]:
            yield pixels[torch.tensor((table["patient"] == patient).tolist())].mean(0, keepdim=True)


class Counting(Mixing):
    """Remembers what it released before."""

    before = 0

    def anonymize_set(self, images, table, generator):
        seen, self.before = self.before, len(table)
        yield (torch.cat(list(images.batches())) + seen / 1000).clamp(0, 1)


class Peeking(Mixing):
    def anonymize_set(self, images, table, generator):
        yield torch.cat(list(images.batches())) * whole_memory(images._images) / 255


class Short(Mixing):
    def anonymize_set(self, images, table, generator):
        yield images[torch.arange(1)]


class Marking(Mixing):
    def anonymize_set(self, images, table, generator):
        table["sex"] = "F"
        yield from images.batches()


class Drawing(Mixing):
    def anonymize_set(self, images, table, generator):
        for batch in images.batches():
            yield batch * torch.rand((), generator=generator)


class Forgetful(Mixing):
    shift = 0.0

    def fit(self, train, val, guidance, ctx):
        self.shift = 0.2

    def anonymize_set(self, images, table, generator):
        for batch in images.batches():
            yield (batch + self.shift) / 2


class Choosing(Mixing):
    """Publishes now this and now that."""

    times = 0

    def published(self, table):
        self.times += 1
        return (table["image"].str.len() + torch.arange(len(table)).numpy()).to_numpy() % (self.times + 1) == 0


@pytest.mark.parametrize(
    ("cls", "promise"),
    [
        (Counting, "a split's release does not depend on other splits"),
        (Peeking, "a split's release does not depend on what lies beside it in memory"),
        (Short, "number, shape, dtype and range are kept"),
        (Marking, "images, tables, parameters and global random states are left as they were"),
        (Drawing, "noise is declared, and drawn from the generator alone"),
        (Forgetful, "a saved state does the same when it is loaded"),
        (Choosing, "what is published is told by the table, image by image"),
    ],
)
def test_broken_promises_of_sets_are_seen(cls, promise, around):
    assert promise in broken(cls, around)


def test_who_mixes_the_images_of_a_set_keeps_the_promises_of_sets(around):
    assert broken(Mixing, around) == {}


def test_who_leaves_images_out_is_never_handed_them(around):
    class Suppressing(Mixing):
        def published(self, table):
            return table["image"].map(lambda name: sum(name.encode()) % 2 == 0).to_numpy(bool)

        def anonymize_set(self, images, table, generator):
            assert self.published(table).all()
            yield from super().anonymize_set(images, table, generator)

    assert not Suppressing().published(around.splits["test"].table).all()
    assert broken(Suppressing, around) == {}
