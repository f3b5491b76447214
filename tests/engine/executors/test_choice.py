"""Which executor, and how much at once."""

import pytest

from privbench.base.errors import PrivbenchError
from privbench.engine.executors.choice import VARIABLE, Means, open_executor
from privbench.engine.executors.local import Local
from privbench.engine.executors.serial import Serial
from privbench.engine.resources import cores


def test_what_is_said_counts_before_the_environment_and_that_before_the_default(monkeypatch):
    monkeypatch.setenv(VARIABLE, "ray")
    assert Means("serial").name == "serial"
    assert Means().name == "ray"
    monkeypatch.delenv(VARIABLE)
    assert Means().name == "local"


def test_an_unknown_executor_is_told_with_the_known_ones():
    with pytest.raises(PrivbenchError, match="There is no executor 'locl': did you mean 'local'"):
        _ = Means("locl").name


def test_stages_at_once_are_the_jobs_or_the_cores_by_their_threads():
    assert Means("local", jobs=3).slots(threads=8) == 3
    assert Means("serial", jobs=3).slots(threads=1) == 1
    assert Means("local").slots(threads=1) == cores()
    assert Means("local").slots(threads=10_000) == 1


def test_a_cluster_is_named_to_who_has_none():
    with pytest.raises(PrivbenchError, match="The executor local has no cluster: leave out --address"):
        _ = Means("local", address="192.0.2.1:6379").name


def test_each_name_opens_its_executor(tmp_path):
    with open_executor(Means("serial"), tmp_path, "cpu", 1, [], print) as executor:
        assert isinstance(executor, Serial)
    with open_executor(Means("local", jobs=3), tmp_path, "cpu", 1, [], print) as executor:
        assert isinstance(executor, Local)
        assert executor.slots == 3
