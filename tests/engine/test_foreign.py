"""Modules of plugin files in another process."""

import subprocess
import sys

import cloudpickle
import pytest

from privbench import Anonymizer
from privbench.engine.foreign import Foreign, ForeignModule, adopt, foreign_to_others
from privbench.plugins.registry import Registry

PLUGIN = """
from pathlib import Path
import torch
from privbench import Anonymizer, Params
from pydantic import Field

HERE = Path(__file__).name

class Mine(Anonymizer):
    name = "mine"
    deterministic = True
    class Params(Params):
        strength: int = Field(1, ge=0)
    def anonymize(self, images, generator):
        return images
"""


@pytest.fixture
def plugin(tmp_path):
    """A plugin of a file that no import finds."""
    (tmp_path / "far").mkdir()
    file = tmp_path / "far" / "my_plugin.py"
    file.write_text(PLUGIN)
    return Registry([file]).create(Anonymizer, "mine", {"strength": 3})


def test_modules_of_files_travel_and_those_of_packages_do_not(plugin):
    own = type(Registry().create(Anonymizer, "dp-pix", {}))
    (module,) = foreign_to_others([type(plugin), own]).modules
    assert module.name == "privbench_plugin_my_plugin"
    assert module.source.decode() == PLUGIN
    assert foreign_to_others([own]).modules == ()


def test_another_process_knows_the_plugin_by_its_source_though_the_file_is_gone(plugin, tmp_path):
    """With its parameters, and without what the instance came to know here."""
    plugin.learnt = "here"
    job = tmp_path / "job"
    job.write_bytes(cloudpickle.dumps((foreign_to_others([type(plugin)]), cloudpickle.dumps(plugin))))
    (tmp_path / "far" / "my_plugin.py").unlink()
    code = f"""
import pickle
from privbench.engine.foreign import adopt
modules, plugin = pickle.loads(open({str(job)!r}, "rb").read())
adopt(modules)
plugin = pickle.loads(plugin)
print(plugin.name, plugin.params.strength, hasattr(plugin, "learnt"), type(plugin).__module__)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["mine", "3", "False", "privbench_plugin_my_plugin"]


def test_what_is_loaded_already_stays():
    adopt(Foreign((), (ForeignModule(__name__, __file__, b"raise AssertionError"),)))
