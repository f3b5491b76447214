"""Stages that are made in the order of what they read, once each, and what becomes of the rest when one fails."""

import logging
from concurrent.futures import ThreadPoolExecutor, wait

import pytest
from graphs import Fail, Forget, Mark, Say, Spoil, Starve, Write, engine_in, engine_on, node, text_of

from privbench.base.errors import PrivbenchError
from privbench.engine.executors.interface import carry_out
from privbench.engine.executors.serial import Serial
from privbench.engine.job import curves_of


def test_stages_are_made_of_what_they_read(tmp_path):
    a, b = node("a"), node("b")
    c = node("c", None, a, b)
    engine = engine_in(tmp_path)
    engine.make({"goal": [c]})
    assert text_of(engine, c) == "abc"
    assert [stage.cached for stage in engine.made.values()] == [False] * 3
    again = engine_in(tmp_path)
    again.make({"goal": [c]})
    assert [stage.cached for stage in again.made.values()] == [True] * 3


def test_an_engine_remembers_what_it_made(tmp_path):
    a = node("a")
    engine = engine_in(tmp_path)
    engine.make({"first": [a]})
    stage = engine.made[a]
    engine.make({"then": [node("b", None, a)]})
    assert engine.made[a] is stage


def test_other_ways_to_the_same_contents_are_one_stage(tmp_path):
    marks = tmp_path / "marks"
    marks.mkdir()
    one, two = node("a", Write("same"), way=1), node("a", Write("same"), way=2)
    assert one != two
    readers = [node("b", Mark(marks), one), node("b", Mark(marks), two)]
    engine = engine_in(tmp_path / "store")
    engine.make({"goal": readers})
    assert len(list(marks.iterdir())) == 1
    assert engine.made[readers[0]].key == engine.made[readers[1]].key


def test_goals_are_told_as_soon_as_they_are_reached(tmp_path):
    a = node("a")
    told = []
    engine = engine_in(tmp_path)
    engine.make(
        {"late": [node("c", None, node("b", None, a))], "early": [a]},
        lambda goal: told.append((goal, len(engine.made))),
    )
    assert [goal for goal, _ in told] == ["early", "late"]
    assert told[0][1] < told[1][1]


class Slow(Serial):
    """Takes one stage at a time, which is done a while later; keeps what each was thought to cost."""

    def __init__(self):
        super().__init__(lambda event: None)
        self.costs, self._pool = [], ThreadPoolExecutor(1)
        self._busy = []

    def takes(self, cost):
        return all(future.done() for future in self._busy)

    def finish(self):
        wait(self._busy)

    def submit(self, job, cost):
        self.costs.append(cost)
        self._busy = [self._pool.submit(carry_out, job, lambda event: None)]
        return self._busy[0]


def test_what_waits_learns_its_cost_of_the_first_of_its_kind(tmp_path):
    """A stage of unknown cost is taken to need a quarter of a GPU: of two hundred alike only three ran at once."""
    slow = Slow()
    engine_on(slow, tmp_path).make({"goal": [node("a"), node("a", more=1), node("a", more=2)]})
    assert slow.costs[0] is None
    assert all(cost is not None and cost.memory > 0 for cost in slow.costs[1:])


def test_the_next_stage_begins_before_all_goals_are_told(tmp_path):
    """Whoever is told of a goal draws and writes for seconds; meanwhile no process is to have nothing to do."""
    slow, begun = Slow(), []

    def tell(goal):
        begun.append((goal, len(slow.costs)))
        slow.finish()  # in which b is made

    b = node("b", None, shared := node("a"))
    engine_on(slow, tmp_path).make({"one": [shared], "two": [shared], "last": [node("c", None, b)]}, tell)
    assert begun == [("one", 2), ("two", 3), ("last", 3)], "c was begun before the second goal was told"


def test_a_stage_that_fails_costs_no_goal_that_is_reached(tmp_path):
    goals = {name: [node(name)] for name in "abcde"}
    engine_in(tmp_path).make(goals)
    for executor in (Slow(), Serial(lambda event: None)):
        told = []
        with pytest.raises(PrivbenchError, match="It cannot be made"):
            engine_on(executor, tmp_path).make(goals | {"bad": [node("bad", Fail())]}, told.append)
        assert told == list("abcde")


def test_a_stage_that_fails_ends_all_and_leaves_nothing_half_made(tmp_path):
    engine = engine_in(tmp_path)
    with pytest.raises(PrivbenchError, match=r"^It cannot be made: do something else\.$"):
        engine.make({"goal": [node("b", None, node("a", Fail()))]})
    assert not list((tmp_path / "unfinished").iterdir())


def test_whoever_keeps_going_makes_what_does_not_need_it_and_tells_it_then(tmp_path):
    bad, good = node("bad", Fail()), node("good")
    told = []
    engine = engine_in(tmp_path, keep_going=True)
    with pytest.raises(PrivbenchError, match=r"^The stage one: bad failed: It cannot be made: do something else\.$"):
        engine.make({"one": [node("after", None, bad)], "two": [node("last", None, good)]}, told.append)
    assert told == ["two"]
    assert {one.name.kind for one in engine.made} == {"good", "last"}


def test_want_of_memory_is_a_failure_to_go_on_from(tmp_path):
    with pytest.raises(PrivbenchError, match=r"The stage one: bad failed: Memory ran out"):
        engine_in(tmp_path, keep_going=True).make({"one": [node("bad", Starve())], "two": [good := node("good")]})
    assert (tmp_path / "good").exists()
    assert good.name.kind == "good"


def test_a_bug_is_no_failure_to_go_on_from(tmp_path):
    with pytest.raises(TypeError):
        engine_in(tmp_path, keep_going=True).make({"one": [node("bad", Write(None, seconds="x"))], "two": []})


def test_what_runs_out_of_memory_is_tried_again_alone(tmp_path, caplog):
    with caplog.at_level(logging.WARNING):
        engine = engine_in(tmp_path / "store")
        engine.make({"goal": [one := node("a", Forget(tmp_path / "failed"))]})
    assert text_of(engine, one) == "alone"
    assert "a ended for want of memory, or was killed: made again, with nothing beside it" in caplog.text


def test_what_is_changed_while_it_is_read_ends_the_run_and_spoils_no_stage(tmp_path):
    a = node("a")
    engine = engine_in(tmp_path)
    with pytest.raises(PrivbenchError, match=r"The stage a in .* was changed while b read it: run the same command"):
        engine.make({"goal": [node("b", Spoil(), a)]})
    assert not (tmp_path / "b").exists()


def test_a_run_logs_its_own_stages_and_not_those_of_others(tmp_path, caplog):
    shared = node("shared")
    with caplog.at_level(logging.INFO, "privbench"):
        engine_in(tmp_path).make({"one": [node("mine", None, shared)], "two": [node("yours", None, shared)]})
    lines = {record.getMessage(): record.goals for record in caplog.records}
    assert lines["shared …"] == ["one", "two"]
    assert lines["one: mine …"] == ["one"]
    assert any(line.startswith("two: yours: ") for line in lines)


def test_a_stage_keeps_its_curves(tmp_path):
    engine = engine_in(tmp_path)
    engine.make({"goal": [one := node("a of", Say())]})
    assert curves_of(engine.made[one]) == [{"stage": "a of", "epoch": 0}]
