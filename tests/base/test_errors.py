"""What goes wrong with disks and memory is told in a sentence, with the option that mends it."""

import resource
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.numpy import save_file

from privbench.base.errors import (
    OutOfMemory,
    PrivbenchError,
    disk_errors_of,
    explain_disk_error,
    explain_memory_error,
    raise_all,
    some_of,
)


def test_a_full_disk_is_told_in_a_sentence():
    with pytest.raises(OSError, match="No space left") as full, open("/dev/full", "wb", buffering=0) as file:
        file.write(b"x")
    assert "The disk is full" in str(explain_disk_error(full.value))
    assert "No permission for /x" in str(explain_disk_error(PermissionError(13, "no", "/x")))
    assert "/x cannot be used (no such): check the path" in str(
        explain_disk_error(FileNotFoundError(2, "no such", "/x"))
    )
    native = RuntimeError("I/O error: No space left on device (os error 28)")  # as safetensors says it
    assert "The disk is full" in str(explain_disk_error(native))
    assert explain_disk_error(RuntimeError("something else")) is None


@pytest.fixture
def small_disk(tmp_path):
    """A real disk of 64 KiB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("no disk may be mounted here")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


@pytest.fixture
def small_files():
    """No file may grow beyond 64 KiB."""
    before, handler = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2**16, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
    signal.signal(signal.SIGXFSZ, handler)


def write_plainly(path):
    path.write_bytes(bytes(2**20))


def write_parquet(path):
    pd.DataFrame({"a": np.random.default_rng(0).normal(size=2**17)}).to_parquet(path)


def write_safetensors(path):
    save_file({"a": np.zeros(2**17)}, path)


WRITERS = [write_plainly, write_parquet, write_safetensors]


@pytest.mark.parametrize("write", WRITERS)
def test_the_disk_that_is_full_is_named_with_its_option(small_disk, write):
    """Native libraries do not say which file they were writing."""
    out = small_disk / "out"
    out.mkdir()
    with (
        pytest.raises(PrivbenchError, match=f"The disk of {out} is full: .*, or point --out to another disk"),
        disk_errors_of(small_disk.parent / "store", "--store"),
        disk_errors_of(out, "--out"),
    ):
        write(out / "file")


@pytest.mark.parametrize("write", WRITERS)
def test_a_limit_of_files_is_told(tmp_path, small_files, write):
    with pytest.raises(PrivbenchError, match=f"A file of {tmp_path} outgrew"), disk_errors_of(tmp_path, "--out"):
        write(tmp_path / "file")


def test_a_file_elsewhere_is_left_to_who_knows_its_place(tmp_path):
    store, out = tmp_path / "store", tmp_path / "out"
    with (
        pytest.raises(PrivbenchError, match="No permission for .*/store/data: .* with --store"),
        disk_errors_of(store, "--store"),
        disk_errors_of(out, "--out"),
    ):
        raise PermissionError(13, "no", str(store / "data"))
    for own in (out, out / "a" / "b", tmp_path / ".out.privbench-unfinished" / "a", tmp_path, Path("/")):
        with pytest.raises(PrivbenchError, match="with --out"), disk_errors_of(out, "--out"):
            raise PermissionError(13, "no", str(own))
    with pytest.raises(ZeroDivisionError), disk_errors_of(out, "--out"):
        raise ZeroDivisionError


def test_paths_that_cannot_be_are_told(tmp_path):
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "file").touch()
    for path in ("loop", "n" * 300, "file/below"):
        with (
            pytest.raises(PrivbenchError, match="cannot be used .*: check the path"),
            disk_errors_of(tmp_path, "--out"),
        ):
            (tmp_path / path).stat()
    nul = tmp_path / "a\0b"
    with pytest.raises(PrivbenchError, match="is no path, because it holds a NUL byte"), disk_errors_of(nul, "--out"):
        nul.stat()


def test_want_of_memory_is_told():
    with pytest.raises(MemoryError) as numpys:
        np.empty(2**60, dtype=np.uint8)
    with pytest.raises(RuntimeError) as torchs:
        torch.empty(2**60, dtype=torch.uint8)
    for error in (numpys.value, torchs.value, MemoryError()):
        assert str(explain_memory_error(error)).startswith("Memory ran out: end other programs, or lower --jobs")
    on_device = torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
    assert "The memory of the device ran out" in str(explain_memory_error(on_device))
    told = OutOfMemory("The training needs more: 16 would fit.")
    assert explain_memory_error(told) is told, "which knows better, and is made again with nothing beside it"
    assert explain_memory_error(RuntimeError("something else")) is None


def test_many_names_are_not_all_told():
    assert some_of(["b", "a"]) == "a, b"
    assert some_of("edcba") == "a, b, c and 2 more"


def test_a_plain_error_needs_no_library():
    """The command line is there at once."""
    code = "import sys; import privbench.base.errors; print({'numpy', 'torch', 'typer'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_nothing_wrong_is_no_error():
    raise_all([])


def test_one_problem_is_told_as_it_is():
    with pytest.raises(PrivbenchError, match=r"^Image a is too small: enlarge it\.$"):
        raise_all(["Image a is too small: enlarge it."])


def test_five_of_many_problems_are_told():
    with pytest.raises(PrivbenchError) as error:
        raise_all([f"Image {number} is lost: find it." for number in range(7)])
    told = [f"- Image {number} is lost: find it." for number in range(5)]
    assert str(error.value).splitlines() == ["7 things are wrong:", *told, "- and 2 more."]
