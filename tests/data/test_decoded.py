"""Decoded images outlast whoever decodes them, and count only where they are what was written."""

import json
import os
import resource
import shutil
import signal
import time
from threading import Event, Thread

import numpy as np
import pytest

from privbench.base.files import sha256
from privbench.base.locks import locked
from privbench.data.arrays import ArrayWriter, read_array
from privbench.data.decoded import DecodedImages, clear, opened

SHAPE = (1, 4, 4)


@pytest.fixture
def images(rng):
    return rng.integers(0, 256, (20, *SHAPE)).astype(np.uint8)


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "store" / "decoded" / "key"


def marks(rows):
    return [f"{row}.png 1" for row in rows]


def fill(folder, images, chunks):
    with opened(folder) as decoded:
        for first, last in chunks:
            decoded.append({"images": images[first:last]}, marks(range(first, last)))


def known(folder):
    with opened(folder) as decoded:
        return [row for row in range(20) if f"{row}.png 1" in decoded]


def delivered(folder, rows, target, stage=""):
    with opened(folder) as decoded:
        decoded.deliver(marks(rows), {"images": target}, stage)
    return read_array(target)


def test_the_file_is_the_one_that_is_written_at_once(tmp_path, folder, images):
    """Digests of data, and so fingerprints, hang on every byte of it."""
    with ArrayWriter(tmp_path / "whole.npy", images.shape) as writer:
        writer.append(images)
    fill(folder, images, [(0, 7), (7, 8), (8, 20)])
    assert np.array_equal(delivered(folder, range(20), tmp_path / "images.npy"), images)
    assert sha256(tmp_path / "images.npy") == sha256(tmp_path / "whole.npy")
    assert os.path.samefile(tmp_path / "images.npy", folder / "images.npy"), "nothing was copied"


def test_what_a_stage_was_given_stays_whoever_decodes_more(tmp_path, folder, images):
    """The stage may not be in place yet, when the next command that waited for these images adds to them."""
    fill(folder, images, [(0, 7)])
    delivered(folder, range(7), tmp_path / "first.npy")
    before = sha256(tmp_path / "first.npy")
    fill(folder, images, [(7, 20)])
    assert np.array_equal(delivered(folder, range(20), tmp_path / "second.npy"), images)
    assert sha256(tmp_path / "first.npy") == before
    assert np.array_equal(np.load(tmp_path / "first.npy"), images[:7])


def test_other_rows_in_another_order_are_copied(tmp_path, folder, images, monkeypatch):
    monkeypatch.setattr("privbench.data.decoded._BLOCK", 3)
    fill(folder, images, [(0, 20)])
    order = [3, 19, 0, 7, 8]
    assert np.array_equal(delivered(folder, order, tmp_path / "some.npy"), images[order])


def test_a_disk_without_second_names_gets_a_copy(tmp_path, folder, images, monkeypatch):
    def none(source, target):
        raise OSError("no links here")

    monkeypatch.setattr(os, "link", none)
    fill(folder, images, [(0, 20)])
    assert np.array_equal(delivered(folder, range(20), tmp_path / "images.npy"), images)
    assert not os.path.samefile(tmp_path / "images.npy", folder / "images.npy")


def test_a_mark_that_comes_again_is_the_newer_row(tmp_path, folder, images):
    fill(folder, images, [(0, 3)])
    with opened(folder) as decoded:
        decoded.append({"images": images[5:6]}, marks([1]))
    assert np.array_equal(delivered(folder, [0, 1, 2], tmp_path / "a.npy"), images[[0, 5, 2]])


def cut_array(folder):
    os.truncate(folder / "images.npy", (folder / "images.npy").stat().st_size - 1)


def turn_a_bit(folder):
    content = bytearray((folder / "images.npy").read_bytes())
    content[-1] ^= 1
    (folder / "images.npy").write_bytes(content)


def tear_the_line(folder):
    os.truncate(folder / "index.jsonl", (folder / "index.jsonl").stat().st_size - 5)


def change_the_line(folder):
    text = (folder / "index.jsonl").read_text()
    (folder / "index.jsonl").write_text(text.replace("8.png 1", "9.png 1"))


def lose_the_array(folder):
    (folder / "images.npy").unlink()


@pytest.mark.parametrize(
    ("damage", "left"),
    [(cut_array, 8), (turn_a_bit, 8), (tear_the_line, 8), (change_the_line, 8), (lose_the_array, 0)],
)
def test_what_is_not_as_it_was_written_is_cut_off_and_made_again(tmp_path, folder, images, damage, left):
    fill(folder, images, [(0, 5), (5, 8), (8, 20)])
    damage(folder)
    assert known(folder) == list(range(left))
    fill(folder, images, [(left, 20)])
    assert np.array_equal(delivered(folder, range(20), tmp_path / "images.npy"), images)


def test_rows_that_came_to_disk_and_not_into_the_index_do_not_count(tmp_path, folder, images):
    """As after a kill between the two."""
    fill(folder, images, [(0, 5)])
    with (folder / "images.npy").open("ab") as file:
        file.write(images[9].tobytes() * 4)
    fill(folder, images, [(5, 20)])
    assert np.array_equal(delivered(folder, range(20), tmp_path / "images.npy"), images)


def test_a_kill_at_any_moment_loses_no_chunk_that_counts(tmp_path, folder, images):
    """The writer is killed after so many chunks as it says itself; each time the rest is written by another."""
    begun = []
    for _ in range(4):
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            with opened(folder) as decoded:
                for row in range(20):
                    if f"{row}.png 1" not in decoded:
                        decoded.append({"images": images[row : row + 1]}, marks([row]))
                        os.write(writer, b".")
            os._exit(0)
        os.close(writer)
        said = os.read(reader, 1) + os.read(reader, 1)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(reader)
        begun.append(len(known(folder)))
        assert begun[-1] >= len(said)
    assert begun == sorted(begun)
    rest = [row for row in range(20) if row not in known(folder)]
    with opened(folder) as decoded:
        for row in rest:
            decoded.append({"images": images[row : row + 1]}, marks([row]))
    assert np.array_equal(delivered(folder, range(20), tmp_path / "images.npy"), images)


def test_a_full_disk_keeps_what_is_whole(tmp_path, folder, images):
    """A file that may not grow further is as a disk that is full."""
    fill(folder, images, [(0, 8)])
    size = (folder / "images.npy").stat().st_size
    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 20, size + 20))
        try:
            fill(folder, images, [(8, 20)])
        except OSError:
            os._exit(27)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 27
    assert known(folder) == list(range(8))
    fill(folder, images, [(8, 20)])
    assert np.array_equal(delivered(folder, range(20), tmp_path / "images.npy"), images)


def test_masks_stay_beside_their_images(tmp_path, folder, images):
    with opened(folder) as decoded:
        decoded.append({"images": images[:5], "masks": images[:5] // 64}, marks(range(5)))
    with opened(folder) as decoded:
        decoded.append({"images": images[5:], "masks": images[5:] // 64}, marks(range(5, 20)))
        decoded.deliver(marks(range(20)), {"images": tmp_path / "i.npy", "masks": tmp_path / "m.npy"})
    assert np.array_equal(read_array(tmp_path / "m.npy"), images // 64)


def test_what_went_into_a_stage_is_removed_once_that_is_there(tmp_path, folder, images):
    fill(folder, images, [(0, 20)])
    stage = folder.parents[1] / "data" / "abc"
    delivered(folder, range(20), tmp_path / "images.npy", "data/abc")
    clear(folder.parent)
    assert known(folder) == list(range(20)), "the stage was never finished"
    stage.mkdir(parents=True)
    clear(folder.parent)
    assert list(folder.parent.iterdir()) == []
    assert np.array_equal(read_array(tmp_path / "images.npy"), images)


def test_who_removes_it_is_waited_for(tmp_path, folder, images):
    """Whoever takes the stage in the meantime would see its file change."""
    fill(folder, images, [(0, 20)])
    delivered(folder, range(20), tmp_path / "images.npy", "data/abc")
    (folder.parents[1] / "data" / "abc").mkdir(parents=True)
    begun, order = Event(), []

    def remove():
        with locked(folder.with_name(f"{folder.name}.lock"), ""):
            begun.set()
            time.sleep(0.2)
            order.append("removed")
            shutil.rmtree(folder)

    thread = Thread(target=remove)
    thread.start()
    begun.wait()
    clear(folder.parent)
    order.append("cleared")
    thread.join()
    assert order == ["removed", "cleared"]
    assert (tmp_path / "images.npy").stat().st_nlink == 1


def test_what_somebody_goes_on_with_is_used_up_no_more(tmp_path, folder, images):
    """Or all others would wait for him, once the stage of whom he came after is there."""
    fill(folder, images, [(0, 10)])
    delivered(folder, range(10), tmp_path / "images.npy", "data/abc")
    with opened(folder) as decoded:
        decoded.append({"images": images[10:]}, marks(range(10, 20)))
        (folder.parents[1] / "data" / "abc").mkdir(parents=True)
        clear(folder.parent)
    assert known(folder) == list(range(20))
    assert np.array_equal(read_array(tmp_path / "images.npy"), images[:10])


def test_what_went_into_a_stage_is_never_added_to(tmp_path, folder, images):
    """Its file is that of the stage."""
    fill(folder, images, [(0, 20)])
    delivered(folder, range(20), tmp_path / "images.npy", "data/abc")
    (folder.parents[1] / "data" / "abc").mkdir(parents=True)
    assert known(folder) == []
    fill(folder, images[::-1], [(0, 20)])
    assert np.array_equal(read_array(tmp_path / "images.npy"), images)


def test_after_a_week_nobody_is_expected_to_go_on(folder, images):
    fill(folder, images, [(0, 20)])
    for days, there in ((6.9, True), (7.1, False)):
        os.utime(folder / "index.jsonl", (time.time() - days * 24 * 3600,) * 2)
        clear(folder.parent)
        assert folder.exists() == there


def test_who_is_at_it_is_left_alone(folder, images):
    with opened(folder) as decoded:
        decoded.append({"images": images}, marks(range(20)))
        os.utime(folder / "index.jsonl", (0, 0))
        clear(folder.parent)
        assert folder.exists()


def test_only_the_owner_reads_it(folder, images):
    fill(folder, images, [(0, 20)])
    assert folder.stat().st_mode & 0o777 == 0o700


def test_forgotten_rows_are_gone(folder, images):
    fill(folder, images, [(0, 20)])
    with opened(folder) as decoded:
        decoded.forget()
        decoded.append({"images": images[:2], "masks": images[:2]}, marks(range(2)))
    assert known(folder) == [0, 1]
    assert json.loads((folder / "index.jsonl").read_text().splitlines()[0].partition(" ")[2])["shapes"].keys() == {
        "images",
        "masks",
    }


def test_another_opens_it_in_another_order(tmp_path, folder, images):
    assert DecodedImages(folder) is not None
    fill(folder, images, [(4, 9), (0, 4)])
    assert np.array_equal(delivered(folder, range(9), tmp_path / "a.npy"), images[:9])
