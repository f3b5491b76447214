"""Every broken promise of a data set is seen."""

import itertools

import numpy as np
import pytest
from contracts import broken

from privbench.cli.templates.dataset import MyDataset
from privbench.cli.templates.dataset_test import write_data
from privbench.datasets.phantom.dataset import PhantomDataset
from privbench.interfaces import Chunk

COUNT = itertools.count()


class Honest(MyDataset):
    """That of the manual, from a folder."""


class Sourceless(Honest):
    def source(self, request):
        return {}


class Placed(Honest):
    def source(self, request):
        return super().source(request) | {"root": str(request.root)}


class Restless(Honest):
    def source(self, request):
        return {"count": next(COUNT)}


class Shuffled(Honest):
    def table(self, request):
        return super().table(request).sample(frac=1, random_state=next(COUNT)).reset_index(drop=True)


class Doubled(Honest):
    def table(self, request):
        table = super().table(request)
        return table.assign(image=table["image"].iloc[0])


class Sorted(Honest):
    """Hands out the images in an order of its own."""

    def read(self, table, request):
        return super().read(table.sort_values("path"), request)


class Large(Honest):
    def read(self, table, request):
        for chunk in super().read(table, request):
            yield Chunk(chunk.images.repeat(2, -1))


class Noisy(Honest):
    def read(self, table, request):
        for chunk in super().read(table, request):
            yield Chunk(chunk.images + np.uint8(next(COUNT) % 7))


class Masked(Honest):
    """Masks for some images alone."""

    def read(self, table, request):
        for row in range(len(table)):
            chunk = next(super().read(table.iloc[[row]], request))
            yield Chunk(chunk.images, chunk.images if row else None)


SOURCE, FOLLOWS = "the source is told, and twice the same", "the source changes with the files"
SHAPE, ORDER = "images, masks and locations are uint8 and of the right shape", "images come in the order of the table"
TABLE = "columns, labels, patients and splits of the table are sound"


@pytest.fixture(scope="module")
def placed(around, tmp_path_factory):
    root = tmp_path_factory.mktemp("data")
    write_data(root)
    return around.at(root)


@pytest.mark.parametrize(
    ("cls", "promise"),
    [
        (Sourceless, FOLLOWS),
        (Placed, FOLLOWS),
        (Restless, SOURCE),
        (Shuffled, "the table is the same twice"),
        (Doubled, TABLE),
        (Sorted, ORDER + ", whatever that is"),
        (Large, SHAPE),
        (Noisy, "the images are the same twice"),
        (Masked, SHAPE),
    ],
)
def test_broken_promises_of_data_sets_are_seen(cls, promise, placed):
    assert promise in broken(cls, placed)


def test_honest_data_sets_keep_their_promises(around, placed):
    assert broken(Honest, placed) == {}
    assert broken(lambda: PhantomDataset(patients=40), around) == {}
