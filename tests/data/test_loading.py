import numpy as np
import pytest

from privbench.data.arrays import ArrayWriter, read_array
from privbench.data.loading import guidance_pairs, read_splits, write_data
from privbench.data.phantom_dataset import PhantomDataset
from privbench.errors import PrivbenchError
from privbench.interfaces import DataRequest
from privbench.progress import Progress
from privbench.protocol import PairsSection

PAIRS = PairsSection(guidance=60, train=40, val=10, test=10, cap=5)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    write_data(PhantomDataset(patients=40), DataRequest(32, 0, None, 1, Progress(quiet=True)), 0.25, folder)
    return folder


def test_phantom_splits(folder):
    splits = read_splits(folder, PhantomDataset.findings, PAIRS, 0)
    patients = {name: set(split.patients) for name, split in splits.items()}
    assert {name: len(p) for name, p in patients.items()} == {"train": 24, "val": 8, "test": 8}
    assert patients["test"] == set(range(33, 41))
    for split in splits.values():
        assert split.images.shape == (len(split.table), 1, 32, 32)
        assert split.labels.shape == (len(split.table), 14)
        assert len(set(split.table["split"])) == 1


def test_images_and_masks_stay_with_their_rows(folder):
    from privbench.data.phantom import generate
    from privbench.seeds import derive_seed

    drawn = generate(patients=40, size=32, seed=derive_seed(0, "phantom"), workers=1)
    row_of = {image: row for row, image in enumerate(drawn.table["image"])}
    splits = read_splits(folder, PhantomDataset.findings, PAIRS, 0)
    masks = read_array(folder / "masks.npy")
    for split in splits.values():
        rows = [row_of[image] for image in split.table["image"]]
        assert np.array_equal(split.images, drawn.images[rows])
    assert sorted(m.tobytes() for m in masks) == sorted(m.tobytes() for m in drawn.masks)


def test_guidance_sees_other_pairs_of_the_same_patients(folder):
    train = read_splits(folder, PhantomDataset.findings, PAIRS, 0)["train"]
    wide = guidance_pairs(train, PAIRS, 0)
    assert len(wide) > len(train.pairs)
    assert wide.probe.max() < len(train.images)


def test_a_phantom_reads_no_folder(tmp_path):
    with pytest.raises(PrivbenchError, match="leave out --data-root"):
        PhantomDataset().source(DataRequest(32, 0, tmp_path, 1, Progress(quiet=True)))


def test_a_phantom_has_a_smallest_size():
    with pytest.raises(PrivbenchError, match="at least 32 px, not 16"):
        PhantomDataset().source(DataRequest(16, 0, None, 1, Progress(quiet=True)))


def test_array_writer_round_trip_and_complaints(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (5, 1, 4, 4)).astype(np.uint8)
    with ArrayWriter(tmp_path / "a.npy", (5, 1, 4, 4)) as writer:
        writer.append(images[:2])
        writer.append(images[2:])
    assert np.array_equal(read_array(tmp_path / "a.npy"), images)
    with (
        pytest.raises(PrivbenchError, match="handed 2 of 5 images"),
        ArrayWriter(tmp_path / "b", (5, 1, 4, 4)) as writer,
    ):
        writer.append(images[:2])
    with (
        pytest.raises(PrivbenchError, match="takes uint8"),
        ArrayWriter(tmp_path / "c", (5, 1, 4, 4)) as writer,
    ):
        writer.append(images / 255)
