"""Where a run took place is told as it is, and no other project's commit passes for privbench's."""

import os
import platform
import subprocess
from importlib.metadata import version

import pytest

from privbench.running import environment


def commit(folder, *files):
    """Makes the folder a checkout with one commit of those files, and returns it."""
    nobody = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    nobody |= {f"GIT_{who}_{what}": "x@y" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}

    def git(*words):
        command = ["git", "-C", str(folder), *words]
        return subprocess.run(command, check=True, capture_output=True, text=True, env=os.environ | nobody).stdout

    git("init", "-q")
    git("add", *files)
    git("commit", "-q", "--allow-empty", "-m", "first")
    return git("rev-parse", "HEAD").strip()


@pytest.fixture
def copy(tmp_path, monkeypatch):
    """A copy of privbench that lies in a project of somebody's."""
    module = tmp_path / "lib" / "privbench" / "environment.py"
    module.parent.mkdir(parents=True)
    module.write_text("")
    (tmp_path / "own.py").write_text("")
    monkeypatch.setattr(environment, "__file__", str(module))
    return module


def test_versions_are_those_that_are_installed():
    told = environment.versions()
    assert told["privbench"] == version("privbench")
    assert told["python"] == platform.python_version()
    assert told["torch"] == version("torch")
    assert {"torchvision", "timm", "numpy", "pandas", "scipy", "scikit-learn", "pillow"} <= told.keys()


def test_the_device_is_told_with_what_a_repetition_may_differ_by():
    told = environment.device("cpu", "bf16-mixed", 3)
    assert (told["type"], told["precision"], told["threads"]) == ("cpu", "bf16-mixed", "3")
    assert told["system"] == platform.platform()
    assert told["name"].strip()
    assert told.keys() == {"type", "name", "precision", "threads", "system"}, "what is as ever is not told"
    assert environment.device("cpu", "32-true", 1, "auto")["batch"] == "auto"


def test_one_of_several_devices_is_told_with_its_number(monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    monkeypatch.setattr("torch.cuda.get_device_name", lambda number: f"GPU {number}")
    told = environment.device("cuda:1", "32-true", 1)
    assert (told["type"], told["number"], told["name"]) == ("cuda", "1", "GPU 1")
    assert told["tf32"] == "convolutions", "torch rounds there unless it is told otherwise"


def test_what_the_protocol_says_of_rounding_and_compiling_is_told():
    for tf32, words in ((True, "all products"), (False, "none")):
        told = environment.device("cpu", "32-true", 1, tf32=tf32, compiled="reduce-overhead")
        assert (told["tf32"], told["compile"]) == (words, "reduce-overhead")


def test_a_checkout_tells_its_commit_and_whether_it_was_changed(copy, tmp_path):
    made = commit(tmp_path, "lib/privbench/environment.py", "own.py")
    assert environment.git().model_dump() == {"commit": made, "modified": False}
    (tmp_path / "new.py").write_text("a file that git does not know changes nothing")
    assert not environment.git().modified
    copy.write_text("# changed")
    assert environment.git().modified


def test_a_copy_below_somebodys_project_has_no_commit(copy, tmp_path):
    commit(tmp_path, "own.py")
    assert environment.git() is None


def test_a_copy_outside_of_any_project_has_no_commit(copy):
    assert environment.git() is None


def test_without_git_there_is_no_commit(copy, tmp_path, monkeypatch):
    commit(tmp_path, "lib/privbench/environment.py")
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    assert environment.git() is None
