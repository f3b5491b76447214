"""Stages in processes beside this one."""

import os
import time
from dataclasses import replace
from pathlib import Path

import pytest
from graphs import DieOnce, Environment, Fail, Mark, Say, Stumble, Write, engine_on, job_of, node

from privbench.base.errors import PrivbenchError
from privbench.engine.costs import Cost
from privbench.engine.executors.local import Local, _assumed
from privbench.engine.foreign import Foreign, foreign_to_others
from privbench.engine.manifest import key_of
from privbench.engine.node import Reached, StageName
from privbench.engine.resources import Device, Resources

PLENTY = Resources(1e6)
MODULES = foreign_to_others([Write])


def processes_of(mark):
    """The processes that were started with that mark in their environment and live."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            if mark.encode() in (place / "environ").read_bytes() and int(place.name) != os.getpid():
                found.append(int(place.name))
        except OSError:
            continue
    return found


@pytest.fixture(scope="module")
def two():
    """Two processes, which the tests of this module share."""
    with Local(2, PLENTY, MODULES, lambda event: None) as executor:
        yield executor


@pytest.mark.slow
def test_a_graph_gives_the_same_as_in_one_process(two, tmp_path):
    a, b = node("a"), node("b")
    c = node("c", None, a, b)
    engine = engine_on(two, tmp_path)
    engine.make({"goal": [c]})
    assert (engine.made[c].folder / "text").read_text() == "abc"
    assert list(engine.made)[-1] == c


def test_two_stages_are_made_at_once_and_by_others(two, tmp_path):
    marks = tmp_path / "marks"
    marks.mkdir()
    engine_on(two, tmp_path / "store").make({"goal": [node(name, Mark(marks, 0.5)) for name in "abcd"]})
    makers = {int(path.name.split("-")[1]) for path in marks.iterdir()}
    assert len(list(marks.iterdir())) == 4
    assert len(makers) == 2
    assert os.getpid() not in makers


def test_a_failure_is_told_as_it_was_meant(two, tmp_path):
    with pytest.raises(PrivbenchError, match=r"^It cannot be made: do something else\.$"):
        engine_on(two, tmp_path).make({"goal": [node("a", Fail())]})


def test_an_error_that_cannot_travel_is_told_in_its_words(two, tmp_path):
    with pytest.raises(RuntimeError, match=r"^OddError: 7 of a library$"):
        engine_on(two, tmp_path).make({"goal": [node("a", Stumble())]})


def test_a_process_with_other_code_makes_nothing(two, tmp_path):
    other = Reached(frozenset({"privbench.engine.job"}), "of yesterday", {})
    one = replace(node("a"), reached=other)
    with pytest.raises(PrivbenchError, match="has another code of privbench, or other libraries"):
        engine_on(two, tmp_path).make({"goal": [one]})


@pytest.mark.slow
def test_a_killed_process_costs_its_stage_which_is_made_again(two, tmp_path, caplog):
    one = node("a", DieOnce(tmp_path / "died"))
    engine = engine_on(two, tmp_path / "store")
    engine.make({"goal": [one, node("b")]})
    assert (engine.made[one].folder / "text").read_text() == "the second time"
    assert "a ended for want of memory, or was killed: made again, with nothing beside it" in caplog.text
    assert not list((tmp_path / "store" / "unfinished").iterdir())


def test_what_a_stage_says_is_heard(tmp_path):
    heard = []
    with Local(1, PLENTY, MODULES, heard.append) as executor:
        executor.submit(job_of(node("a"), tmp_path), None).result()
        executor.submit(job_of(node("b", Say()), tmp_path), None).result()
        for _ in range(100):
            if len(heard) >= 2:
                break
            time.sleep(0.02)
    assert [getattr(event, "done", None) for event in heard] == [2, None]
    assert heard[0].stage == "b"
    assert heard[1].getMessage() == "a word of warning"


def test_whoever_leaves_it_early_leaves_no_process(tmp_path, monkeypatch):
    mark = f"PRIVBENCH_TEST_{os.getpid()}_{time.time_ns()}"
    monkeypatch.setenv(mark, "1")
    with Local(2, PLENTY, MODULES, lambda event: None) as executor:
        executor.submit(job_of(node("a"), tmp_path), None).result()
        executor.submit(job_of(node("b", Write(seconds=60)), tmp_path), None)
        assert processes_of(mark)
        begun = time.monotonic()
    assert time.monotonic() - begun < 10, "nobody waits for the minute"
    for _ in range(100):
        if not (left := processes_of(mark)):
            break
        time.sleep(0.05)
    assert not left


def executor_with(memory, devices=(), slots=4):
    """An executor whose stages never end, and how many it takes of a cost."""
    executor = Local(slots, Resources(memory, devices), Foreign(), lambda event: None)

    def fill(cost):
        taken = 0
        while executor.takes(cost):
            slot = executor._slot_for(cost)
            slot.needs = _assumed(cost, slot)
            taken += 1
        return taken

    return executor, fill


@pytest.mark.parametrize(
    ("memory", "cost", "count"),
    [(10_000, Cost(1, 1000), 4), (10_000, Cost(1, 3000), 3), (10_000, Cost(1, 20_000), 1), (5000, None, 2)],
)
def test_no_more_stages_at_once_than_memory_allows(memory, cost, count):
    """A tenth is left to others. A stage that needs more than there is gets everything, rather than none."""
    assert executor_with(memory)[1](cost) == count


def test_stages_share_gpus_as_far_as_their_memory_goes():
    gpus = (Device("0", 10_000), Device("1", 20_000))
    executor, fill = executor_with(1e6, gpus, slots=8)
    assert fill(Cost(1, 1, 5000)) == 1 + 3, "each as many as it holds"
    assert {slot.device.name for slot in executor._slots if slot.needs} == {"0", "1"}
    assert executor_with(1e6, gpus, slots=12)[1](None) == 6, "three quarters of each are given to who is not known"
    assert executor_with(1e6, gpus, slots=12)[1](Cost(9, None, None)) == 6, "whose seconds are known, and no more"


def test_who_needs_all_waits_until_nothing_runs_and_nothing_begins_beside_it():
    executor, _ = executor_with(10_000)
    every = Cost(0, float("inf"), float("inf"))
    assert executor.takes(every)
    executor._slots[1].needs = _assumed(Cost(1, 1), executor._slots[1])
    assert not executor.takes(every)
    executor._slots[1].needs = _assumed(every, executor._slots[1])
    assert not executor.takes(Cost(0, 0, 0))


def test_threads_and_gpu_are_set_before_anything_is_loaded(tmp_path):
    with Local(1, Resources(1e6, (Device("GPU-7", 1000),)), foreign_to_others([Environment]), print) as executor:
        one = node("a", Environment())
        one = replace(one, conditions=replace(one.conditions, threads=3))
        stage = executor.submit(job_of(one, tmp_path), None).result()
    assert (stage.folder / "text").read_text() == "3 GPU-7 3"
    assert stage.key == key_of("a", "1", one.config, {})
    assert one.name == StageName("a")
