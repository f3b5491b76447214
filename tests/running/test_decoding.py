"""Images are read chunk by chunk: what is broken is told together, and what was decoded is not decoded again."""

import dataclasses
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from privbench.base.errors import PrivbenchError
from privbench.base.progress import Progress
from privbench.data.decoded import opened
from privbench.data.exclusion import Exclusion
from privbench.data.problems import DataError
from privbench.datasets.table import TableDataset
from privbench.plugins.interfaces import DataRequest
from privbench.running.decoding import Kept, chunks_of, decode, sound_table
from privbench.running.loading import read_splits, write_data


def write(root, patients=10, images=3):
    """A folder of images of noise, and their table."""
    rng = np.random.default_rng(0)
    rows = [(f"{p}-{i}.png", f"P{p}", p % 2) for p in range(patients) for i in range(images)]
    root.mkdir()
    for name, _, _ in rows:
        Image.fromarray(rng.integers(0, 256, (20, 20), np.uint8)).save(root / name)
    pd.DataFrame(rows, columns=["image", "patient", "Mass"]).to_csv(root / "labels.csv", index=False)
    return root


def cut(path):
    path.write_bytes(path.read_bytes()[:200])


def request(root, *left_out, size=20):
    return DataRequest(size, 0, root, 2, Progress(quiet=True), lambda notice: None, exclude=Exclusion.of(left_out))


class Counting(TableDataset):
    """Tells which images were asked for."""

    def __init__(self):
        super().__init__()
        self.asked = []

    def read(self, table, request):
        self.asked += table["image"].tolist()
        yield from super().read(table, request)


def loaded(root, place, *left_out):
    """The images of a folder by name, as they are written; and those that were decoded for it."""
    dataset, folder = Counting(), place / "stage"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with opened(place / "store" / "decoded" / "key") as decoded:
        write_data(dataset, request(root, *left_out), 0.25, folder, lambda t: None, Kept(decoded, "source", "data/x"))
    splits = read_splits(folder, dataset.findings).values()
    names = [name for split in splits for name in split.table["image"]]
    return dict(zip(names, np.concatenate([split.images for split in splits])[:, 0], strict=True)), dataset.asked


def on_disk(root, name):
    return np.asarray(Image.open(root / name))


def test_all_broken_images_are_told_together_and_the_others_are_kept(tmp_path):
    root = write(tmp_path / "root")
    broken = [f"{patient}-1.png" for patient in range(4)]
    for name in broken:
        cut(root / name)  # its head is whole, so that no look at the heads finds it
    with pytest.raises(DataError, match="4 things are wrong:") as told:
        loaded(root, tmp_path)
    assert sorted(name for one in told.value.problems for name in one.images) == broken
    assert {one.kind for one in told.value.problems} == {"not readable"}
    rng = np.random.default_rng(1)
    for name in broken[:2]:
        Image.fromarray(rng.integers(0, 256, (20, 20), np.uint8)).save(root / name)
    images, asked = loaded(root, tmp_path, *broken[2:])
    assert sorted(asked) == broken[:2], "all others were decoded before"
    assert len(images) == 28
    assert all(np.array_equal(image, on_disk(root, name)) for name, image in images.items())


def test_a_changed_file_is_read_again(tmp_path):
    root = write(tmp_path / "root")
    loaded(root, tmp_path)
    Image.fromarray(np.random.default_rng(1).integers(0, 256, (20, 20), np.uint8)).save(root / "4-2.png")
    images, asked = loaded(root, tmp_path)
    assert asked == ["4-2.png"]
    assert np.array_equal(images["4-2.png"], on_disk(root, "4-2.png"))


def test_sixteen_bits_are_read_again_where_another_image_changes_their_scale(tmp_path):
    root = write(tmp_path / "root")
    rng = np.random.default_rng(0)
    for path in root.glob("*.png"):
        Image.fromarray(rng.integers(0, 1024, (20, 20)).astype(np.uint16)).save(path)
    loaded(root, tmp_path)
    Image.fromarray(rng.integers(0, 4096, (20, 20)).astype(np.uint16)).save(root / "0-0.png")
    images, asked = loaded(root, tmp_path)
    assert len(asked) == 30
    assert np.array_equal(images["1-1.png"], np.rint(on_disk(root, "1-1.png") * (255 / 4095)).astype(np.uint8))


def test_another_folder_of_the_same_names_sizes_and_times_is_read(tmp_path):
    root = write(tmp_path / "root")
    loaded(root, tmp_path)
    shutil.copytree(root, tmp_path / "other")
    _, asked = loaded(tmp_path / "other", tmp_path)
    assert len(asked) == 30


@pytest.mark.parametrize("masks", [True, False])
def test_where_masks_come_or_vanish_all_is_read_anew(tmp_path, masks):
    class Masked(Counting):
        with_masks = masks

        def read(self, table, request):
            for chunk in super().read(table, request):
                yield dataclasses.replace(chunk, masks=np.zeros_like(chunk.images) if self.with_masks else None)

    root, dataset = write(tmp_path / "root"), Masked()
    table = sound_table(dataset, request(root))
    files = {"images": tmp_path / "i.npy", "masks": tmp_path / "m.npy"}
    with opened(tmp_path / "store" / "decoded" / "key") as decoded:
        kept = Kept(decoded, "", "")
        decode(dataset, table[:20], request(root), kept)
        dataset.with_masks = not masks
        decode(dataset, table, request(root), kept)
        decoded.deliver(kept.marks(table), files)
    assert files["masks"].exists() != masks
    assert len(np.load(files["images"])) == 30


class Marked(TableDataset):
    """Says nothing of what its images are made from."""

    def table(self, request):
        return super().table(request).drop(columns="made_from")


def test_without_marks_the_source_decides(tmp_path):
    root = write(tmp_path / "root")
    dataset = Marked()
    table = sound_table(dataset, request(root))
    with opened(tmp_path / "store" / "decoded" / "key") as decoded:
        decode(dataset, table, request(root), Kept(decoded, "source", ""))
        marks = [Kept(decoded, source, "").marks(table) for source in ("source", "another")]
        assert all(mark in decoded for mark in marks[0])
        assert not any(mark in decoded for mark in marks[1])


def test_masks_that_were_added_begin_anew(tmp_path):
    """Else some rows would have masks, and others none."""

    class WithMasks(Counting):
        def read(self, table, request):
            for chunk in super().read(table, request):
                yield dataclasses.replace(chunk, masks=np.zeros_like(chunk.images))

    root = write(tmp_path / "root")
    with opened(tmp_path / "store" / "decoded" / "key") as decoded:
        for dataset, source in ((Marked(), "none"), (WithMasks(), "some")):
            table = sound_table(dataset, request(root)).drop(columns="made_from", errors="ignore")
            decode(dataset, table, request(root), Kept(decoded, source, ""))
        decoded.deliver(
            Kept(decoded, "some", "").marks(table), {"images": tmp_path / "i.npy", "masks": tmp_path / "m.npy"}
        )
    assert not np.load(tmp_path / "m.npy").any()


@pytest.mark.parametrize(
    ("hand_out", "message"),
    [
        (lambda chunk: [], "lists 30 images and hands out none"),
        (lambda chunk: [dataclasses.replace(chunk, images=chunk.images[:7])], r"images\.npy was handed 7 of 30 rows"),
        (lambda chunk: [chunk, chunk], r"images\.npy was handed 60 of 30 rows"),
        (lambda chunk: [dataclasses.replace(chunk, images=chunk.images / 255)], "takes uint8 rows"),
        (lambda chunk: [dataclasses.replace(chunk, masks=chunk.images[:3])], r"masks\.npy was handed 3 of 30 rows"),
    ],
)
def test_what_a_plugin_hands_out_is_counted(tmp_path, hand_out, message):
    class Odd(TableDataset):
        def read(self, table, request):
            for chunk in super().read(table, request):
                yield from hand_out(chunk)

    root = write(tmp_path / "root")
    dataset = Odd()
    with pytest.raises(PrivbenchError, match=message):
        list(chunks_of(dataset, sound_table(dataset, request(root)), request(root)))


def test_what_is_left_out_is_not_checked(tmp_path):
    root = write(tmp_path / "root")
    (root / "0-0.png").unlink()
    (root / "1-0.png").write_bytes(b"")
    Image.new("L", (2, 2)).save(root / "2-0.png")
    with pytest.raises(PrivbenchError, match=r"1 images are listed and are not there .*: 0-0\.png"):
        sound_table(TableDataset(), request(root))
    left_out = [f"{patient}-0.png" for patient in range(3)]
    assert len(sound_table(TableDataset(), request(root, *left_out))) == 27
    with pytest.raises(PrivbenchError, match=r"1 images are to be left out and stand in no table: 99\.png"):
        sound_table(TableDataset(), request(root, *left_out, "99.png"))


def test_a_data_set_that_knows_of_no_exclusion_is_relieved_of_it(tmp_path):
    class Unaware(TableDataset):
        def table(self, request):
            return super().table(dataclasses.replace(request, exclude=Exclusion()))

    table = sound_table(Unaware(), request(write(tmp_path / "root"), "3-1.png"))
    assert len(table) == 29
    assert "3-1.png" not in set(table["image"])


KILLED = """
import os, sys
from pathlib import Path
import test_decoding as tests
root, place = Path(sys.argv[1]), Path(sys.argv[2])
from privbench.datasets import radiographs
radiographs._CHUNK = 4
from privbench.data.decoded import DecodedImages
append = DecodedImages.append
calls = []
def counted(self, arrays, marks):
    append(self, arrays, marks)
    calls.append(marks)
    if len(calls) == 4:
        os.kill(os.getpid(), 9)
DecodedImages.append = counted
tests.loaded(root, place)
"""


def test_after_a_kill_only_the_rest_is_read(tmp_path):
    root = write(tmp_path / "root")
    script = f"import sys; sys.path[:0] = {[str(Path(__file__).parent), *sys.path]!r}\n{KILLED}"
    command = [sys.executable, "-c", script, str(root), str(tmp_path)]
    killed = subprocess.run(command, capture_output=True, text=True, check=False)
    assert killed.returncode == -9, killed.stderr
    images, asked = loaded(root, tmp_path)
    assert len(asked) == 30 - 4 * 4
    assert all(np.array_equal(image, on_disk(root, name)) for name, image in images.items())
    assert len(images) == 30
