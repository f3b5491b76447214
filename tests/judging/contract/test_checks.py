"""Every built-in plugin keeps its promises, and every broken promise is seen."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from contracts import BUILT_IN, PARAMS, Guided, broken
from pydantic import BaseModel, ConfigDict

from privbench.cli.templates import dataset_test
from privbench.judging.contract.checks import Check, check
from privbench.judging.selftest.catalogue import traps
from privbench.plugins.interfaces import Anonymizer, Dataset
from privbench.plugins.registry import Registry

OF_TRAPS = PARAMS | {"trap-eraser": {"steps": 3}}


@pytest.mark.parametrize(("kind", "name"), BUILT_IN)
def test_built_ins_keep_their_promises(kind, name, around):
    cls = Registry().get(kind, name)
    assert broken(lambda: cls(**PARAMS.get(name, {})), around) == {}


@pytest.mark.parametrize("trap", traps(Guided), ids=lambda trap: trap.anonymizer.name)
def test_traps_keep_their_promises(trap, around):
    method = type(trap.anonymizer)
    params = trap.anonymizer.params.model_dump() | OF_TRAPS.get(method.name, {})
    assert broken(lambda: method(**params), around) == {}


EXAMPLES = re.findall(
    r"^```python\n(.*?)^```$", (Path(__file__).parents[3] / "docs" / "plugins.md").read_text(), re.DOTALL | re.MULTILINE
)


@pytest.mark.parametrize("text", [text for text in EXAMPLES if "class " in text])
def test_the_examples_of_the_manual_keep_their_promises(text, around, tmp_path):
    (tmp_path / "mine.py").write_text(text)
    registry = Registry([tmp_path / "mine.py"])
    (cls,) = registry.handed_over()
    if issubclass(cls, Dataset):
        (tmp_path / "data").mkdir()
        dataset_test.write_data(tmp_path / "data")
        around = replace(around, root=tmp_path / "data")
    assert broken(cls, around) == {}


def test_one_broken_promise_does_not_hide_another(around):
    """Nor does code that raises; every promise is told, in order, by what was seen."""

    class Careless(Anonymizer):
        name = "careless"
        deterministic = True

        def fit(self, train, val, guidance, ctx):
            raise ZeroDivisionError("by hand")

        def anonymize(self, images, generator):
            return images

    checks = check(Careless, around)
    assert checks[0] == Check("unknown parameters are refused", None)
    assert len(checks) == 13
    assert all("'careless' failed in fit" in one.failure for one in checks[1:])


def test_a_plugin_that_takes_any_parameter_is_seen(around):
    class Open(BaseModel):
        model_config = ConfigDict(extra="ignore", frozen=True)

    class Generous(Anonymizer):
        name = "generous"
        deterministic = True
        Params = Open

        def anonymize(self, images, generator):
            return images

    (first, *others) = check(Generous, around)
    assert first.failure.startswith("a parameter 'no_such_parameter' was accepted")
    assert all(one.failure is None for one in others)
