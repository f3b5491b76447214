"""A module that a plugin loads past its import statements is refused, whenever it does so."""

import sys
from types import ModuleType

import pytest
import torch

from privbench.base.errors import PrivbenchError
from privbench.plugins.interfaces import Anonymizer
from privbench.plugins.reach import check_loaded, plugin_code
from privbench.plugins.registry import Registry

PLUGIN = """
import importlib, sys
from privbench import Anonymizer
{top}
class Method(Anonymizer):
    \"\"\"Scales.\"\"\"
    name = "method"
    deterministic = True
    def anonymize(self, images, generator):
        {inside}
        return images * STRENGTH
"""
HELPER = "helper_that_hides"
IMPORT = "from helper_that_hides import STRENGTH"
DYNAMIC = "STRENGTH = importlib.import_module('helper_that_hides').STRENGTH"


@pytest.fixture
def plugin(tmp_path):
    """Makes the plugin file of that top and inside, beside a helper; `{folder}` stands for where they lie."""
    (tmp_path / f"{HELPER}.py").write_text("STRENGTH = 0.5\n")
    path = list(sys.path)

    def write(top="", inside="pass"):
        file = tmp_path / "plugin.py"
        file.write_text(PLUGIN.format(top=top, inside=inside).replace("{folder}", str(tmp_path)))
        sys.modules.pop(HELPER, None)
        return file

    yield write
    sys.path[:] = path
    sys.modules.pop(HELPER, None)


def hack(statement, joint):
    return f"sys.path.insert(0, '{{folder}}'){joint}{statement}"


@pytest.mark.parametrize("statement", [DYNAMIC, f"STRENGTH = __import__('{HELPER}').STRENGTH"])
def test_a_module_loaded_by_its_name_as_text_is_refused_at_once(plugin, statement):
    with pytest.raises(PrivbenchError, match=rf"'method' loads {HELPER} \(.*\.py\) in a way that its source does not"):
        Registry([plugin(top=hack(statement, "\n"))])


def test_a_second_name_of_the_program_itself_is_nothing_new(plugin, tmp_path, monkeypatch):
    """Importing multiprocessing gives it one, and so does torch, which a plugin may be the first to import."""
    program, other = ModuleType("__main__"), ModuleType("other")
    program.__file__ = other.__file__ = str(tmp_path / "bin" / "privbench")
    monkeypatch.setitem(sys.modules, "__main__", program)
    monkeypatch.delitem(sys.modules, "__mp_main__", raising=False)
    (method,) = Registry([plugin(top="STRENGTH = 1")]).handed_over()
    before = frozenset(sys.modules)
    monkeypatch.setitem(sys.modules, "__mp_main__", program)
    check_loaded([method], "method", before)
    monkeypatch.setitem(sys.modules, "__mp_main__", other)
    with pytest.raises(PrivbenchError, match="The method loads __mp_main__"):
        check_loaded([method], "method", before)


@pytest.mark.parametrize("statement", [DYNAMIC, IMPORT])
def test_a_module_that_is_found_only_when_a_method_runs_is_refused_then(plugin, statement):
    """Also where it is imported by a statement: when the key was made, nobody could find it."""
    method = Registry([plugin(inside=hack(statement, "; "))]).create(Anonymizer, "method", {})
    with pytest.raises(PrivbenchError, match=f"'method' loads {HELPER}"):
        method.anonymize(torch.ones(1, 1, 2, 2), torch.Generator())


@pytest.mark.parametrize("late", [False, True])
def test_a_module_that_statements_lead_to_is_taken_and_counts(plugin, late):
    file = plugin(inside=IMPORT, top=hack("", "")) if late else plugin(top=hack(IMPORT, "\n"))
    registry = Registry([file])
    assert HELPER in plugin_code(registry.get("anonymizer", "method")).modules
    method = registry.create(Anonymizer, "method", {})
    assert method.anonymize(torch.ones(1, 1, 2, 2), torch.Generator()).mean() == 0.5


def test_a_relative_import_of_a_neighbour_does_not_run(plugin):
    with pytest.raises(PrivbenchError, match="does not run .*relative import"):
        Registry([plugin(top="from .helper_that_hides import STRENGTH")])
