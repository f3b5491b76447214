"""A folder becomes a release: every image once, whatever happens, and nothing that tells who is in it."""

import csv
import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from privbench.base.errors import PrivbenchError
from privbench.base.progress import Progress
from privbench.judging.verify_release import verify_release
from privbench.record.manifest import read_manifest
from privbench.releasing.method import named_method
from privbench.releasing.release import make_release, would_make
from privbench.releasing.unfinished import HIDDEN, LOCK, Unfinished

DEADLY = """
import os
from privbench import Anonymizer
class Deadly(Anonymizer):
    \"\"\"Moves nothing, and ends over an image in one grey.\"\"\"
    name = "deadly"
    deterministic = True
    moves_pixels_alone = True
    def anonymize(self, images, generator):
        return images
    def displacement(self, images):
        if images.std() == 0:
            os.kill(os.getpid(), 9)
        return None
"""


def pixels_of(file):
    return np.asarray(Image.open(file))


def mapped(order):
    """Originals and their releases, as the map tells."""
    with order.map.open(newline="") as file:
        return {row["original"]: order.out / row["released"] for row in csv.DictReader(file)}


def tree(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_identity_gives_every_pixel_back_at_8_and_16_bits(order, make, pictures):
    before = tree(pictures)
    outcome = make(order)
    assert (len(outcome.files), outcome.kept, outcome.failures) == (20, 0, [])
    for original, released in mapped(order).items():
        one, other = pixels_of(pictures / original), pixels_of(released)
        assert one.dtype == other.dtype
        assert np.array_equal(one, other)
    assert tree(pictures) == before
    assert list(verify_release(order.out)) == []


def test_nothing_in_the_release_tells_where_it_came_from(order, make, pictures):
    make(order)
    for path in order.out.rglob("*"):
        content = path.name.encode() + path.read_bytes()
        for name in (b"DOE", b"JANE", b"MRN", b"patients", order.key.read_bytes(), str(pictures.parent).encode()):
            assert name not in content, path
    assert {path.suffix for path in order.out.iterdir()} == {".png", ".json"}, "nothing is hidden in it any more"


def test_it_is_its_owners_alone(order, make):
    make(order)
    assert stat.S_IMODE(order.out.stat().st_mode) == 0o700
    files = [*order.out.iterdir(), order.key, order.map]
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}


def test_nothing_tells_in_which_order_the_originals_lay(order, make, monkeypatch):
    """Neighbours in a folder are of one patient, and files are as old as the order in which they are made."""
    put, add = [], Unfinished.add
    monkeypatch.setattr(Unfinished, "add", lambda self, mark, made: put.append(made.name) or add(self, mark, made))
    make(order)
    assert put == sorted(put)
    assert len(put) == 20


def test_names_hang_on_the_key_alone(order, make, tmp_path):
    first = make(order).files
    again = make(replace(order, out=tmp_path / "again", map=None)).files
    other = make(replace(order, out=tmp_path / "other", map=None, key=tmp_path / "another")).files
    assert again == first
    assert not other.keys() & first.keys()


@pytest.mark.parametrize("jobs", [1, 2])
def test_what_is_bad_is_told_and_the_rest_goes_on(order, make, pictures, jobs, caplog):
    names = sorted(pictures.rglob("*.png"))
    names[0].write_bytes(names[0].read_bytes()[:200])
    names[1].write_bytes(b"")
    Image.new("L", (8000, 8001)).save(pictures / "bomb.png")
    Image.new("RGB", (40, 40), (255, 0, 0)).save(pictures / "red.png")
    frames = [Image.new("L", (40, 40), grey) for grey in (1, 2)]
    frames[0].save(pictures / "two.tiff", save_all=True, append_images=frames[1:])
    (pictures / "loop").symlink_to(pictures, target_is_directory=True)
    (pictures / "circle.png").symlink_to("circle.png")
    (pictures / "gone.png").symlink_to("nowhere.png")
    (pictures / "labels.csv").write_text("image,finding\n")
    shutil.copy(names[2], pictures / "without-an-ending")
    outcome = make(replace(order, jobs=jobs))
    assert len(outcome.files) == 18 + 1
    assert [path.split("/")[-1] for path in outcome.others] == ["labels.csv"]
    assert len(outcome.failures) == 8
    for name in (names[0].name, names[1].name, "bomb.png", "red.png", "two.tiff", "loop", "circle.png", "gone.png"):
        told = [one for one in outcome.failures if name in one]
        assert len(told) == 1, name
        assert told[0].endswith(".")
    assert len(caplog.messages) >= 8
    manifest = read_manifest(order.out)
    assert (manifest.images, manifest.left_out) == (19, 8)
    assert list(verify_release(order.out)) == []


@pytest.mark.slow
def test_a_file_that_kills_its_process_is_told_and_the_others_are_released(
    order, make, pictures, tmp_path, monkeypatch
):
    """As a decoder that a damaged file leads astray."""
    monkeypatch.setattr("privbench.releasing.release._TOGETHER", 1)
    bad, *others = sorted(pictures.rglob("*.png"))
    for path in others[2:]:
        path.unlink()
    Image.fromarray(np.full((33, 77), 7, np.uint8)).save(bad)
    (tmp_path / "deadly.py").write_text(DEADLY)
    method = named_method("deadly", {}, (tmp_path / "deadly.py",), 32, "squeeze", False)
    outcome = make(replace(order, method=method, jobs=2))
    assert len(outcome.files) == 2
    assert [str(bad) in told and "makes the process end" in told for told in outcome.failures] == [True]
    assert list(verify_release(order.out)) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read_is_told(order, make, pictures):
    for path in (next(pictures.rglob("*.png")), pictures / "DOE^JANE-1"):
        path.chmod(0)
    assert len(make(order).failures) == 2


def test_where_nothing_can_be_done_nothing_is_left(order, make, pictures):
    for path in pictures.rglob("*.png"):
        path.write_bytes(b"no image")
    outcome = make(order)
    assert (len(outcome.failures), outcome.files) == (20, {})
    assert not order.out.exists()


def test_a_dry_run_tells_and_writes_nothing(order, pictures):
    next(pictures.rglob("*.png")).write_bytes(b"no image")
    before = tree(pictures.parent)
    outcome = would_make(order, Progress(quiet=True))
    assert (len(outcome.files), len(outcome.failures)) == (19, 1)
    assert tree(pictures.parent) == before
    assert not order.out.exists()


class Stop(BaseException):
    """What a kill looks like from inside."""


@pytest.mark.parametrize("done", [0, 1, 11, 19])
@pytest.mark.parametrize("moment", ["before", "between", "after"])
def test_what_is_killed_goes_on_with_what_is_missing(order, make, monkeypatch, done, moment):
    """Before the index tells of a file, before it is put in its place, and after."""
    whole = make(replace(order, out=order.out.with_name("whole"), map=None)).files
    add, rename, added = Unfinished.add, type(order.out).replace, 0

    def stopped(*arguments):
        raise Stop

    def add_some(self, mark, made):
        nonlocal added
        added += 1
        if added > done:
            if moment == "between":
                monkeypatch.setattr(type(order.out), "replace", stopped)
            if moment != "before":
                add(self, mark, made)
            raise Stop
        add(self, mark, made)

    monkeypatch.setattr(Unfinished, "add", add_some)
    with pytest.raises(Stop):
        make(order)
    monkeypatch.setattr(type(order.out), "replace", rename)
    assert any(verify_release(order.out)) if (order.out / "manifest.json").exists() else (order.out / HIDDEN).is_dir()
    made_again = []
    monkeypatch.setattr(Unfinished, "add", lambda self, mark, made: made_again.append(made) or add(self, mark, made))
    outcome = make(order)
    kept = done if moment == "before" else done + 1
    assert (outcome.kept, len(made_again)) == (kept, 20 - kept)
    assert outcome.files == whole
    assert list(verify_release(order.out)) == []
    assert {path.name for path in order.out.iterdir()} == {*whole, "manifest.json"}


def test_what_is_killed_at_its_very_end_is_finished(order, make, monkeypatch):
    monkeypatch.setattr(Unfinished, "drop", lambda self: (_ for _ in ()).throw(Stop))
    with pytest.raises(Stop):
        make(order)
    monkeypatch.undo()
    assert any(HIDDEN in told for told in verify_release(order.out))
    assert make(order).kept == 20
    assert list(verify_release(order.out)) == []


@pytest.mark.parametrize("removed", [0, 1, 2, 3])
@pytest.mark.parametrize("map_file", ["map.csv", None])
def test_a_kill_while_what_is_hidden_is_taken_away_leaves_a_finished_release(
    order, make, monkeypatch, removed, map_file, tmp_path
):
    """After so many hidden files; the last one is the folder."""
    order = replace(order, map=map_file and tmp_path / map_file)

    def killed(folder):
        for path in sorted(folder.iterdir())[:removed]:
            path.unlink()
        raise Stop

    with monkeypatch.context() as patched:
        patched.setattr("privbench.releasing.unfinished.shutil.rmtree", killed)
        with pytest.raises(Stop):
            make(order)
    assert any(".privbench-over" in told for told in verify_release(order.out))
    released = {path.name for path in order.out.glob("*.*") if path.is_file()}
    for again in (order, replace(order, key=tmp_path / "another", map=None)):
        with pytest.raises(PrivbenchError, match="holds a finished release"):
            make(again)
        assert list(verify_release(order.out)) == []
    assert {path.name for path in order.out.iterdir()} == released
    assert len(released) == 21


def test_the_lock_of_a_release_that_is_finished_goes(order, make):
    """A kill between the end and the giving up of the lock leaves it."""
    make(order)
    (order.out / LOCK).touch()
    with pytest.raises(PrivbenchError, match="holds a finished release"):
        make(order)
    assert list(verify_release(order.out)) == []


def test_what_somebody_puts_beside_it_is_not_released(order, make, monkeypatch):
    add = Unfinished.add

    def add_and_litter(self, mark, made):
        (self.out / "DOE^JANE.txt").touch()
        add(self, mark, made)

    monkeypatch.setattr(Unfinished, "add", add_and_litter)
    with pytest.raises(PrivbenchError, match=r"holds DOE\^JANE\.txt, which this release did not write"):
        make(order)
    assert not (order.out / "manifest.json").exists()
    (order.out / "DOE^JANE.txt").unlink()
    assert make(order).kept == 20


def test_an_original_that_goes_or_changes_meanwhile_is_seen(order, make, monkeypatch, pictures):
    monkeypatch.setattr(Unfinished, "finish", lambda self, manifest: (_ for _ in ()).throw(Stop))
    with pytest.raises(Stop):
        make(order)
    monkeypatch.undo()
    gone, other, *_ = sorted(pictures.rglob("*.png"))
    gone.unlink()
    Image.new("L", (50, 50), 7).save(other)
    outcome = make(order)
    assert (outcome.kept, len(outcome.files)) == (18, 19)
    assert (pixels_of(mapped(order)[other.relative_to(pictures).as_posix()]) == 7).all()
    assert list(verify_release(order.out)) == []


def test_what_other_terms_began_is_left_alone(order, make, monkeypatch):
    monkeypatch.setattr(Unfinished, "finish", lambda self, manifest: (_ for _ in ()).throw(Stop))
    with pytest.raises(Stop):
        make(order)
    monkeypatch.undo()
    with pytest.raises(PrivbenchError, match="other terms began"):
        make(replace(order, key=order.key.with_name("another")))


@pytest.mark.slow
def test_a_process_that_is_killed_goes_on(order, tmp_path):
    """By SIGKILL, with processes of its own, wherever it is."""
    line = [sys.executable, "-m", "privbench", "anonymize", order.source, order.out, "--anonymizer", "identity",
            "--size", "32", "--key", order.key, "--jobs", "2", "--device", "cpu"]  # fmt: skip
    begun = subprocess.Popen(list(map(str, line)), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    until = time.monotonic() + 60
    while not (order.out / HIDDEN / "index.jsonl").exists() and begun.poll() is None and time.monotonic() < until:
        time.sleep(0.002)
    begun.send_signal(signal.SIGKILL)
    begun.communicate()
    done = subprocess.run(list(map(str, line)), capture_output=True, text=True, check=False)
    if done.returncode == 2:
        assert "holds a finished release" in done.stderr  # it was faster than the signal
    else:
        assert done.returncode == 0, done.stderr
    assert list(verify_release(order.out)) == []
    assert read_manifest(order.out).images == 20


def test_a_full_disk_stops_it_and_it_goes_on(order, make, monkeypatch):
    add, added = Unfinished.add, 0

    def full(self, mark, made):
        nonlocal added
        added += 1
        if added == 4:
            raise OSError(28, "No space left on device", str(self.out / made.name))
        add(self, mark, made)

    monkeypatch.setattr(Unfinished, "add", full)
    with pytest.raises(PrivbenchError, match="is full: free some space"):
        make(order)
    monkeypatch.undo()
    assert make(order).kept == 3


def test_what_a_full_disk_tore_off_costs_no_other_line(order, make, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(Unfinished, "finish", lambda self, manifest: (_ for _ in ()).throw(Stop))
        with pytest.raises(Stop):
            make(order)
        index = order.out / HIDDEN / "index.jsonl"
        lines = index.read_text().split()
        index.write_text(index.read_text()[:-70])  # in the last line
        with pytest.raises(Stop):
            make(order)
        assert index.read_text().split()[-1] == lines[-1]
    assert make(order).kept == 20


@pytest.mark.parametrize("place", ["patients", "patients/out", ".", "link", "link/out"])
def test_never_over_its_input(order, make, tmp_path, place):
    (tmp_path / "link").symlink_to(order.source, target_is_directory=True)
    with pytest.raises(PrivbenchError, match="lie in one another"):
        make(replace(order, out=tmp_path / place))
    assert len(list(order.source.rglob("*"))) == 22


@pytest.mark.parametrize("option", ["key", "map"])
def test_key_and_map_never_lie_in_the_release(order, make, tmp_path, option):
    (tmp_path / "way").symlink_to(order.out)
    for place in (order.out / "x", tmp_path / "way" / "x"):
        with pytest.raises(PrivbenchError, match=f"--{option} .* lies in OUT"):
            make(replace(order, **{option: place}))
    assert not order.out.exists()


@pytest.mark.parametrize("option", ["key", "map"])
def test_key_and_map_never_lie_in_the_input_and_are_two_files(order, make, pictures, option):
    before = tree(pictures)
    with pytest.raises(PrivbenchError, match=f"--{option} .* lies in IN, which is never written to"):
        make(replace(order, **{option: pictures / "x"}))
    with pytest.raises(PrivbenchError, match="--key and --map are one file"):
        make(replace(order, **{option: {"key": order.map, "map": order.key}[option]}))
    assert tree(pictures) == before
    assert not order.out.exists()


def test_an_older_map_is_not_written_over_by_what_goes_on(order, make, monkeypatch):
    monkeypatch.setattr(Unfinished, "finish", lambda self, manifest: (_ for _ in ()).throw(Stop))
    with pytest.raises(Stop):
        make(order)
    monkeypatch.undo()
    own, older = order.map.read_bytes(), order.map.with_name("older.csv")
    older.write_bytes(own + b"more,of.png\n")
    with pytest.raises(PrivbenchError, match="may be the map of another release"):
        make(replace(order, map=older))
    assert older.read_bytes() == own + b"more,of.png\n"
    assert make(order).kept == 20
    assert order.map.read_bytes() == own


def test_terms_map_and_manifest_are_on_the_disk_before_they_have_their_names(order, make, monkeypatch):
    flushed, named = set(), []
    fsync, rename = os.fsync, Path.replace

    def flush(descriptor):
        flushed.add(os.fstat(descriptor).st_ino)
        fsync(descriptor)

    def put(path, target):
        named.append((Path(target).name, path.stat().st_ino in flushed))
        return rename(path, target)

    monkeypatch.setattr(os, "fsync", flush)
    monkeypatch.setattr(Path, "replace", put)
    make(order)
    assert [one for one in named if one[0] in ("terms", "map.csv")] == [("terms", True), ("map.csv", True)]
    assert {flush for name, flush in named if name == "manifest.json"} == {True}


def test_what_is_there_is_not_written_over(order, make, tmp_path):
    order.map.write_text("precious")
    with pytest.raises(PrivbenchError, match="may be the map of another release"):
        make(order)
    order.map.unlink()
    order.out.mkdir()
    (order.out / "theirs").touch()
    with pytest.raises(PrivbenchError, match="holds files of others"):
        make(order)
    (order.out / "theirs").unlink()
    make(order)
    order.map.unlink()
    with pytest.raises(PrivbenchError, match="holds a finished release"):
        make(order)


def test_a_single_file_and_no_file(order, make, pictures, tmp_path):
    one = next(pictures.rglob("*.png"))
    assert len(make(replace(order, source=one)).files) == 1
    for place, told in ((tmp_path / "nowhere", "There is no file or folder"), (tmp_path / "empty", "holds no PNG")):
        (tmp_path / "empty").mkdir(exist_ok=True)
        with pytest.raises(PrivbenchError, match=told):
            make_release(replace(order, source=place, out=tmp_path / "out2", map=None), Progress(quiet=True))
    assert not (tmp_path / "out2").exists()


def test_the_manifest_tells_the_method(order, make):
    make(order)
    told = json.loads((order.out / "manifest.json").read_text())
    assert told["anonymizer"]["name"] == "identity"
    assert (told["weights"], told["size"], told["fit"], told["evidence"]) == (None, 32, "squeeze", None)


def test_real_radiographs_come_back_at_their_own_size(order, make, real_data, tmp_path):
    """Of the collection as it is published, in which some are RGBA."""
    originals = sorted((real_data / "chestxray14-1024" / "images").glob("*.png"))
    chosen = [next(one for one in originals if Image.open(one).mode == mode) for mode in ("L", "RGBA")]
    (tmp_path / "some").mkdir()
    for one in chosen:
        (tmp_path / "some" / one.name).symlink_to(one)
    make(replace(order, source=tmp_path / "some"))
    for name, released in mapped(order).items():
        with Image.open(tmp_path / "some" / name) as original:
            assert np.array_equal(np.asarray(original.convert("L")), pixels_of(released))
