"""What of a graph is still to be made."""

import pytest
from graphs import engine_in, node
from hypothesis import given, settings
from hypothesis import strategies as st

from privbench.engine.node import Instead
from privbench.engine.todo import Todo, needed, resolved


def todo_of(goals, made=None, seconds=lambda one: 1.0):
    return Todo(goals, {} if made is None else made, seconds)


@pytest.fixture
def stage(tmp_path):
    """A stage that is there."""
    engine, one = engine_in(tmp_path), node("there")
    engine.make({"goal": [one]})
    return engine.made[one]


def test_a_node_arrives_once_when_all_that_it_reads_is_there(stage):
    a, b = node("a"), node("b")
    c = node("c", None, a, b)
    todo = todo_of({"goal": [c]})
    assert todo.arrivals() == [a, b]
    assert todo.arrivals() == []
    todo.put(a, stage)
    assert todo.arrivals() == []
    todo.put(b, stage)
    assert todo.has_arrivals
    assert todo.arrivals() == [c]
    assert not todo.has_arrivals
    assert todo.reached() == []
    todo.put(c, stage)
    assert todo.reached() == ["goal"]
    assert todo.reached() == [], "told once"


def test_what_is_equal_is_one_node_however_many_goals_need_it(stage):
    shared, again = node("shared"), node("shared")
    one, two = node("one", None, shared), node("two", None, again)
    todo = todo_of({"first": [one], "second": [two]})
    assert todo.arrivals() == [shared]
    assert todo.goals_of(shared) == ["first", "second"]
    assert todo.goals_of(two) == ["second"]
    todo.put(again, stage)
    todo.put(two, stage)
    assert todo.reached() == ["second"]


def test_what_is_made_is_not_to_be_made(stage):
    a = node("a")
    b = node("b", None, a)
    todo = todo_of({"goal": [b], "at once": [a]}, {a: stage})
    assert todo.reached() == ["at once"]
    assert todo.arrivals() == [b]
    assert list(todo.open) == [b]


def test_the_way_of_a_node_is_the_longest_that_begins_with_it():
    a = node("a")
    b, c = node("b", None, a), node("c", None, a)
    d = node("d", None, b)
    todo = todo_of({"goal": [d, c]}, seconds=lambda one: {"a": 1, "b": 2, "c": 7, "d": 3}[one.name.kind])
    assert {one.name.kind: way for one, way in todo.way.items()} == {"a": 8, "b": 5, "c": 7, "d": 3}


def test_where_nobody_knows_how_long_a_stage_lasts_all_are_taken_alike():
    a = node("a")
    todo = todo_of({"goal": [node("b", None, a)]}, seconds=lambda one: None)
    assert todo.way[a] == 2 * next(way for one, way in todo.way.items() if one != a)


@pytest.fixture
def alternatives(tmp_path):
    """Makes a graph in which `other` stands for `long` where two stages hold the same text."""

    def make(first_text, second_text):
        from graphs import Write

        first, second = node("first", Write(first_text)), node("second", Write(second_text), text=second_text)
        other = node("result", None, first, way="short")
        long = node("long", None, first, second)
        result = node("result", None, long, way="long", instead=Instead(first, second, "text", other))
        return engine_in(tmp_path), first, second, long, result, other

    return make


def test_what_stands_for_a_node_is_made_where_two_stages_are_alike(alternatives):
    engine, first, second, _, result, other = alternatives("same", "same")
    engine.make({"goal": [result, second]})
    assert set(engine.made) == {first, second, other}, "and nothing of what it stands for"
    assert resolved(result, engine.made) == other
    assert needed([result], engine.made) == [first, other]


def test_it_is_not_where_they_differ(alternatives):
    engine, first, second, long, result, _ = alternatives("one", "another")
    engine.make({"goal": [result]})
    assert set(engine.made) == {first, second, long, result}
    assert resolved(result, engine.made) == result


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.integers(0, 11), max_size=3), min_size=1, max_size=12), st.randoms())
def test_whatever_the_order_in_which_they_are_done_each_comes_after_what_it_reads(layers, order):
    nodes = []
    for number, inputs in enumerate(layers):
        nodes.append(node(f"n{number}", None, *dict.fromkeys(nodes[one % number] for one in inputs if number)))
    todo, waiting, done = todo_of({"goal": nodes}), [], []
    while True:
        waiting += todo.arrivals()
        if not waiting:
            break
        one = waiting.pop(order.randrange(len(waiting)))
        assert all(earlier in done for earlier in one.inputs)
        done.append(one)
        todo.put(one, None)
    assert sorted(done, key=nodes.index) == nodes
    assert todo.reached() == ["goal"]
