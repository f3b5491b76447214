"""Elsewhere is a process that never saw a plugin, in the place of who asks, however the one before ended."""

import os
from functools import cache

import pytest
from contracts import broken

import privbench
from privbench.judging.contract import anew
from privbench.plugins.registry import Registry

PLUGIN = """
import os
from pathlib import Path
import privbench
{top}
class Method(privbench.Anonymizer):
    \"\"\"Darkens.\"\"\"
    name = "method"
    deterministic = True
    def anonymize(self, images, generator):
        {first}
        return images * {factor}
"""
ANEW = "what it learnt does the same in a new process"
LEFT = "getattr(privbench, 'LEFT', 1.0)"


@pytest.fixture
def told(around, tmp_path):
    """The promises that an anonymizer breaks, each with what was seen."""

    def tell(factor="0.5", *, top="", first="pass"):
        file = tmp_path / "method.py"
        file.write_text(PLUGIN.format(top=top, first=first, factor=factor))
        (cls,) = Registry([file]).handed_over()
        return broken(cls, around, elsewhere=True)

    return tell


def test_it_is_where_the_caller_is_now(told, tmp_path, monkeypatch):
    anew.start()
    (tmp_path / "folder").mkdir()
    (tmp_path / "beside_the_method.py").write_text("HALF = 0.5")
    monkeypatch.chdir(tmp_path / "folder")
    monkeypatch.setenv("FACTOR", "0.8")
    monkeypatch.syspath_prepend(str(tmp_path))
    top = "from beside_the_method import HALF\nFACTOR = HALF * float(os.environ['FACTOR'])"
    assert told("(FACTOR if Path.cwd().name == 'folder' else 1.0)", top=top) == {}


def test_nothing_is_left_of_the_plugin_before(told, monkeypatch):
    monkeypatch.setattr(privbench, "LEFT", 1.0, raising=False)
    assert told(LEFT, first="privbench.LEFT = 0.5") == {}, "here and there it leaves the same"
    assert privbench.LEFT == 0.5
    assert ANEW in told(LEFT), "there nothing was left"


@pytest.mark.parametrize("failing", ["raise ValueError('by hand')", "os.write(2, b'ValueError: by hand'), os._exit(3)"])
def test_who_fails_there_is_told_with_the_last_words_and_harms_no_other(told, monkeypatch, failing):
    monkeypatch.setenv("ASKS", str(os.getpid()))
    seen = told(top=f"if os.getpid() != int(os.environ['ASKS']):\n    {failing}")
    assert seen[ANEW] == "in a new process it fails: ValueError: by hand"
    assert told() == {}


def test_one_that_ends_with_its_job_tells_its_status_and_is_followed_by_another(monkeypatch):
    """As beside a GPU."""
    monkeypatch.setattr(anew, "_started", cache(anew._started.__wrapped__))
    monkeypatch.setattr(anew, "_SERVE", "import json, sys\nsys.exit(json.loads(sys.stdin.readline())['status'])")
    assert [anew.carry_out({"status": status}) for status in (3, 0, 70)] == [3, 0, 70]
