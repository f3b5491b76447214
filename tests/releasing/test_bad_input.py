"""Two hundred files, among which is all that goes wrong, and a disk without room, through the command."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import faults
import numpy as np
import pytest
from dicoms import write_dicom
from PIL import Image
from pydicom.uid import generate_uid

from privbench.judging.verify_release import verify_release
from privbench.record.manifest import read_manifest

pytestmark = pytest.mark.slow
FILES = 200
_DROP_FROM_BOUNDING_SET, _OVERRIDES = 24, (1, 2)  # prctl(2); CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
_libc = ctypes.CDLL(None, use_errno=True)


@pytest.fixture
def folder(tmp_path):
    """Two hundred pictures of 32 pixels and more in ten folders: PNG, JPEG, TIFF and DICOM files."""
    source = tmp_path / "in"
    for number in range(FILES):
        place = source / f"patient{number % 10}"
        place.mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(number).integers(0, 256, (32 + number % 7, 40), np.uint8)
        if number % 4 == 3:
            write_dicom(place / f"{number:03}.dcm", pixels.astype(np.int16) * 16, SOPInstanceUID=generate_uid(None))
        else:
            Image.fromarray(pixels).save(place / f"{number:03}.{('png', 'jpg', 'tiff')[number % 4]}")
    return source


@pytest.fixture
def call(folder, tmp_path):
    """Carries the command out in a process of its own, which `before` is called in first."""
    line = [sys.executable, "-m", "privbench", "anonymize", folder, "OUT", "--anonymizer", "identity", "--size", "32",
            "--key", tmp_path / "safe" / "key", "--map", tmp_path / "safe" / "map.csv", "--device", "cpu",
            "--jobs", "2", "--quiet"]  # fmt: skip
    (tmp_path / "safe").mkdir()

    def carried_out(out: Path, before: Callable[[], None] | None = None) -> subprocess.CompletedProcess[str]:
        told = [str(out if one == "OUT" else one) for one in line]
        wide = os.environ | {"COLUMNS": "1000", "PRIVBENCH_STORE": str(tmp_path / "safe" / "store")}
        return subprocess.run(
            told, cwd=tmp_path, env=wide, capture_output=True, text=True, check=False, timeout=600, preexec_fn=before
        )

    return carried_out


def without_overrides() -> None:
    """Takes from root, and from what it starts, the right to read whatever it likes."""
    for right in _OVERRIDES if os.geteuid() == 0 else ():
        if _libc.prctl(_DROP_FROM_BOUNDING_SET, right, 0, 0, 0):
            os._exit(77)


def unreadable(path: Path) -> None:
    path.chmod(0)


def pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def pages(path: Path) -> None:
    image = Image.open(path).convert("L")
    image.save(path, "TIFF", save_all=True, append_images=[image.rotate(180)])


def frames(path: Path) -> None:
    write_dicom(path, np.zeros((32, 32), np.int16), NumberOfFrames=2)


def behind_a_link(path: Path) -> None:
    """A link to the folder that it lies in, which leads round and round."""
    path.unlink()
    path.symlink_to(path.parent, target_is_directory=True)


def link_to_nothing(path: Path) -> None:
    path.unlink()
    path.symlink_to("nowhere.png")


BAD = (
    faults.empty, faults.cut_short, faults.no_picture, faults.coloured, faults.transparent, faults.animated,
    faults.turned, faults.bomb, faults.link_in_a_circle, unreadable, pipe, pages, frames, behind_a_link,
    link_to_nothing,
)  # fmt: skip


def snapshot(folder: Path) -> dict[str, object]:
    """All that lies there, whatever it is, as it is."""
    found: dict[str, object] = {}
    for place, folders, names in os.walk(folder):
        for path in (Path(place, name) for name in (*folders, *names)):
            told = os.lstat(path)
            content = path.read_bytes() if path.is_file() else os.readlink(path) if path.is_symlink() else b""
            found[str(path)] = (told.st_mode, told.st_size, told.st_mtime_ns, content)
    return found


def test_each_bad_file_is_told_in_a_sentence_and_all_others_are_released(folder, call, tmp_path):
    files = sorted(folder.rglob("*.*"))
    bad = {path: fault for path, fault in zip(files[::13], BAD, strict=False)}
    assert len(bad) == len(BAD)
    renamed = {}
    for path, fault in bad.items():  # what Pillow writes hangs on the ending
        named = path.with_name(f"{fault.__name__}.png")
        Image.new("L", (48, 48), 9).save(path.with_suffix(".x"), "PNG")
        path.unlink()
        path.with_suffix(".x").rename(named)
        fault(named)
        renamed[named.name] = fault
    (folder / "labels.csv").write_text("image,finding\n")
    before = snapshot(tmp_path)
    done = call(tmp_path / "out", without_overrides)
    if done.returncode == 77:
        pytest.skip("root may not give up its rights here")
    assert done.returncode == 3, done.stderr
    told = [line.split("left out: ", 1)[1].strip() for line in done.stderr.splitlines() if "left out: " in line]
    for name in renamed:
        sentences = [one for one in told if name in one]
        assert len(sentences) == 1, (name, sentences)
        assert sentences[0].endswith("."), sentences
        assert ": " in sentences[0], "what is to be done"
    assert len(told) == len(bad)
    assert "Traceback" not in done.stderr
    assert f"{len(bad)} images could not be anonymized" in done.stdout
    assert f"{FILES - len(bad)} images were anonymized by identity" in done.stdout
    assert "1 other files are no images" in done.stdout
    assert list(verify_release(tmp_path / "out")) == []
    manifest = read_manifest(tmp_path / "out")
    assert (manifest.images, manifest.left_out) == (FILES - len(bad), len(bad))
    after = snapshot(tmp_path)
    assert {name: after.pop(name) for name in before if name != str(tmp_path / "safe")} == {
        name: one for name, one in before.items() if name != str(tmp_path / "safe")
    }
    new = {Path(name).relative_to(tmp_path).parts[0] for name in after} - {"safe"}
    assert new == {"out"}
    assert {path.name for path in (tmp_path / "safe").iterdir()} == {"key", "map.csv"}


@pytest.fixture
def disk(tmp_path):
    """A disk of 400 KiB, and what makes it larger."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o"]
    if subprocess.run([*mount, "size=400k", "tmpfs", place], capture_output=True, check=False).returncode:
        pytest.skip("no disk may be mounted here")
    yield place, lambda: subprocess.run([*mount, "remount,size=16m", place], check=True)
    subprocess.run(["umount", place], check=True)


def test_a_full_disk_ends_in_a_sentence_and_the_same_command_goes_on_once_there_is_room(call, disk, tmp_path):
    place, enlarge = disk
    full = call(place / "out")
    assert full.returncode == 2, full.stderr
    told = [line for line in full.stderr.splitlines() if line.startswith("error:")]
    assert told == [
        f"error: The disk of {place / 'out'} is full: free some space and give the same command again, which goes on "
        "from what is finished, or point OUT to another disk."
    ]
    assert not (place / "out" / "manifest.json").exists()
    done = len([path for path in (place / "out").iterdir() if not path.name.startswith(".")])
    assert 0 < done < FILES
    enlarge()
    again = call(place / "out")
    assert again.returncode == 0, again.stderr
    assert f"{FILES} images were anonymized by identity, at their own size and depth ({done} of them before)" in (
        again.stdout
    )
    assert list(verify_release(place / "out")) == []
