"""The code that a plugin counts with: all that decides what it does, and as it was when it was registered."""

import sys

import pytest
import torch
from privbench.anonymizers.prichexy import PriCheXyNet
from torch import nn

from privbench import Anonymizer
from privbench.plugins.code import code_of, plugin_digest, stated
from privbench.plugins.reach import plugin_code
from privbench.plugins.registry import Registry

BASE = """
from privbench import Anonymizer
from helper_of_base import STRENGTH
class Base(Anonymizer):
    deterministic = True
    def anonymize(self, images, generator):
        return images * STRENGTH
"""
METHOD = """
from base_of_method import Base
class Method(Base):
    \"\"\"One of a family.\"\"\"
    name = "method"
"""


@pytest.fixture
def digests(tmp_path, monkeypatch):
    """The plugin of three files: its digest, and that of all it reaches, after the named file was written so."""
    monkeypatch.syspath_prepend(str(tmp_path))
    files = {"helper_of_base.py": "STRENGTH = 0.5\n", "base_of_method.py": BASE, "method.py": METHOD}
    for name, text in files.items():
        (tmp_path / name).write_text(text)

    def read(name=None, text=""):
        if name is not None:
            (tmp_path / name).write_text(text)
        for module in ("helper_of_base", "base_of_method", "privbench_plugin_method"):
            sys.modules.pop(module, None)
        registry = Registry()
        registry.add_file(tmp_path / "method.py")
        method = registry.get("anonymizer", "method")
        return plugin_digest(method), plugin_code(method).digest

    return read


@pytest.mark.parametrize(
    ("name", "text"),
    [("helper_of_base.py", "STRENGTH = 0.6\n"), ("base_of_method.py", BASE + "#\n"), ("method.py", METHOD + "#\n")],
)
def test_its_file_its_bases_and_their_helpers_count_in_fingerprint_and_key(digests, name, text):
    before = digests()
    after = digests(name, text)
    assert after[0] != before[0]
    assert after[1] != before[1]


class Network(Anonymizer, nn.Module):
    """A method that is a network itself."""

    name = "network"
    deterministic = True

    def anonymize(self, images, generator):
        return images


def test_a_base_from_a_library_counts_with_the_librarys_version():
    code = plugin_code(Network)
    assert code.libraries["torch"].startswith(torch.__version__.split("+")[0])
    assert not [module for module in code.modules if module.startswith("torch")]
    Registry().add(Network)


def test_what_comes_with_privbench_counts_with_its_version_in_fingerprints():
    assert "code" not in stated(PriCheXyNet())
    assert "code" in stated(Network())


def test_codes_together_do_not_depend_on_their_order():
    both = [Network, PriCheXyNet]
    assert code_of([], both) == code_of([], both[::-1])
    assert set(code_of([], both).modules) == set(plugin_code(Network).modules) | set(plugin_code(PriCheXyNet).modules)
