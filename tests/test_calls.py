"""`privbench.audit` beside `privbench.run`, and that both take what the command line takes."""

import inspect

import pytest
from releases import table_of, write_map, write_release

import privbench
from privbench import PrivbenchError
from privbench.cli.audit import command as audit_command
from privbench.cli.run import command as run_command
from privbench.record.run import read_run

CALLED = {"set_": "overrides", "column": "overrides", "plugin": "plugins", "param": "params", "map_": "map_file"}
"""What options are called in Python, where that differs."""
OF_THE_TERMINAL = {"context", "keep_going", "data_root"}
"""Who audits names the originals; and one run has no others to go on with."""


@pytest.fixture
def audit(tiny_protocol, store, tmp_path):
    return lambda *arguments, **options: privbench.audit(
        *arguments, protocol=str(tiny_protocol), store=store, out=tmp_path / "audited", **options
    )


def test_a_folder_gets_the_figures_of_the_run_that_wrote_it(audit, finished, store, tmp_path):
    numbers = {name: number for number, name in enumerate(table_of(finished, store)["image"])}
    files = write_release(finished, store, tmp_path / "release", lambda name: f"{numbers[name]}.png")
    told = {"mu": 0.05, "mode": "fast", "masked": False, "key": None}
    map_file = write_map(tmp_path / "map.csv", files)
    done = audit(tmp_path / "release", name="theirs", params=told, map_file=str(map_file))
    assert done.folder == tmp_path / "audited"
    assert read_run(done.folder) == done.record
    assert done.record.anonymizer.params == told
    for figures in ("worst_case", "attacks", "inferences", "utilities", "copies", "fingerprint", "data_digest"):
        assert getattr(done.record, figures) == getattr(finished.record, figures), figures


def test_mistakes_are_told_before_anything_is_computed(audit, tmp_path):
    params = {"my mu": 1, 3: 1, "mu": float("inf"), "where": tmp_path, "name": "theirs"}
    with pytest.raises(PrivbenchError, match="4 things are wrong") as told:
        audit(tmp_path, name="theirs", params=params)
    for said in ("'my mu' cannot be told", "3 cannot be told", "mu=inf cannot be told", "where="):
        assert said in str(told.value)
    with pytest.raises(PrivbenchError, match="There is no folder"):
        audit(tmp_path / "nowhere", name="theirs")
    assert not (tmp_path / "audited").exists()


@pytest.mark.parametrize(("call", "command"), [(privbench.run, run_command), (privbench.audit, audit_command)])
def test_what_the_command_takes_python_takes(call, command):
    options = {CALLED.get(one, one) for one in inspect.signature(command).parameters} - OF_THE_TERMINAL
    taken = inspect.signature(call).parameters
    assert options <= taken.keys()
    defaults = {one: parameter.default for one, parameter in inspect.signature(command).parameters.items()}
    same = [one for one in defaults if one in taken and one != "quiet" and taken[one].default is not inspect._empty]
    assert {one: taken[one].default for one in same} == {one: defaults[one] for one in same}
