"""Workers that end with who started them."""

import signal
from pathlib import Path

import pytest
from processes import Command, until
from work import fail, hold, last, read_all, share, sleep, square

from privbench.base.errors import PrivbenchError
from privbench.base.processes import map_in_processes, map_parts_in_processes

SCRIPT = """
import sys, time
from privbench.base.processes import map_in_processes
def work(number):
    open(f"{number}.begun", "w").close()
    time.sleep(300)
if __name__ == "__main__":
    list(map_in_processes(work, range(4), 2))
"""


def test_results_come_in_order():
    assert list(map_in_processes(square, range(20), 3)) == [number**2 for number in range(20)]


def test_tasks_wait_until_results_are_taken():
    begun = []
    results = map_in_processes(square, (begun.append(number) or number for number in range(50)), 2)
    for number in range(50):
        assert next(results) == number**2
        assert len(begun) <= number + 4
    assert list(results) == []


def test_a_failure_of_a_task_is_the_callers():
    with pytest.raises(ZeroDivisionError, match="0"):
        list(map_in_processes(fail, [0, 1], 2))


def test_nobody_works_on_for_an_iterator_that_is_closed():
    results = map_in_processes(sleep, [0, 1, 1], 2)
    assert next(results) == 0
    results.close()  # waits for the processes, and would wait for minutes


def test_a_worker_that_is_killed_is_told():
    with pytest.raises(PrivbenchError, match="A process that computes was killed, .*: lower --jobs"):
        list(map_in_processes(last, range(6), 2))


def told(path):
    return f"{path} ended it"


def test_a_task_that_kills_its_process_is_told_and_the_others_are_done():
    names = ["0", "1", "2", "3kills", "4"]
    parts = [[Path(name) for name in names[first : first + 2]] for first in (0, 2, 4)]
    found = [one for part in map_parts_in_processes(read_all, parts, 2, told) for one in part]
    assert found == [told(Path(name)) if "kills" in name else name for name in names]


@pytest.mark.parametrize(("rooms", "at_once"), [(1, ["2", "2 1"]), (2, ["2"]), (4, [""])])
def test_where_memory_runs_out_fewer_go_on(tmp_path, caplog, rooms, at_once):
    """Down to one, where two meet again, and everything is done, in order, once."""
    names = [f"{rooms} {number}" for number in range(24)]
    parts = [[tmp_path / name for name in names[first : first + 2]] for first in range(0, 24, 2)]
    found = [one for part in map_parts_in_processes(share, parts, 4, told) for one in part]
    assert found == names
    gone_on = [one.split(" with ")[1].split()[0] for one in caplog.messages if "memory runs out" in one]
    assert " ".join(gone_on) in at_once


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="there is no /proc to ask for memory")
def test_what_needs_more_memory_than_there_is_for_one_process_is_told():
    parts = [[1, 40, 40], [100, 1], [2]]
    assert list(map_parts_in_processes(hold, parts, 2, str)) == [[1, 40, 40], ["100", 1], [2]]


def test_what_else_fails_is_the_callers():
    with pytest.raises(ZeroDivisionError):
        list(map_parts_in_processes(fail, [[0], [1]], 2, told))


@pytest.fixture
def working(tmp_path):
    """A script with two workers in the midst of their work."""
    (tmp_path / "script.py").write_text(SCRIPT)
    command = Command(["script.py"], tmp_path)
    until(lambda: len(list(tmp_path.glob("*.begun"))) == 2)
    return command


def test_workers_end_with_a_process_that_is_killed(working):
    assert len(working.alive()) > 2
    status, errors = working.stop(signal.SIGKILL, group=False)
    assert status == -signal.SIGKILL
    until(lambda: not working.alive())
    assert "Traceback" not in errors


def test_ctrl_c_is_told_by_one_process_alone(working):
    _, errors = working.stop(signal.SIGINT)
    until(lambda: not working.alive())
    assert errors.count("Traceback") == 1


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_workers_that_only_begin_end_too(tmp_path, number):
    """They may still be importing what they need."""
    (tmp_path / "script.py").write_text(SCRIPT)
    command = Command(["script.py"], tmp_path)
    until(lambda: len(command.alive()) > 2)  # the script, what keeps track of its semaphores, and a worker
    _, errors = command.stop(number, group=number == signal.SIGINT)
    until(lambda: not command.alive())
    assert errors.count("Traceback") == (number == signal.SIGINT)
