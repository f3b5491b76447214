"""What a graph will take before it is made."""

import pytest
from graphs import Write, engine_in, node
from hypothesis import given, settings
from hypothesis import strategies as st

from privbench.engine.node import Instead, ways_of
from privbench.engine.outlook import lasting, outlook, stages_there
from privbench.engine.store import Store


def test_what_is_there_is_found_and_the_rest_is_told(tmp_path):
    a = node("a")
    b, c = node("b", None, a), node("c", None, a)
    engine = engine_in(tmp_path)
    engine.make({"one": [b]})
    told = outlook({"one": [b], "two": [c]}, Store(tmp_path), 2)
    assert [(one.name, one.goals, one.there) for one in told.stages] == [
        ("a", 2, True), ("b", 1, True), ("c", 1, False),
    ]  # fmt: skip
    assert told.unknown == 1
    assert told.stages[2].critical


def test_what_stands_for_a_stage_is_told_in_its_place(tmp_path):
    first, second = node("first", Write("same")), node("second", Write("same"))
    short, long = node("short", None, first), node("long", None, first, second)
    goal = node("goal", None, long, instead=Instead(first, second, "text", node("goal", None, short)))
    before = outlook({"run": [goal]}, Store(tmp_path), 1)
    assert [one.name for one in before.stages] == ["first", "second", "long", "goal"], "as far as it is known"
    engine = engine_in(tmp_path)
    engine.make({"run": [first, second]})
    after = outlook({"run": [goal]}, Store(tmp_path), 1)
    assert [one.name for one in after.stages] == ["first", "short", "goal"]
    engine.make({"run": [goal]})
    assert all(one.there for one in outlook({"run": [goal]}, Store(tmp_path), 1).stages)
    assert len(stages_there([[goal]], Store(tmp_path))) >= 3


def test_a_known_graph_lasts_as_long_as_it_does_by_hand():
    """a (2) before b (3) and c (4), d (1) alone: two at once make a and d, then b and c."""
    a, d = node("a"), node("d")
    b, c = node("b", None, a), node("c", None, a)
    seconds = {a: 2.0, d: 1.0, b: 3.0, c: 4.0}
    assert ways_of(seconds) == {a: 6, d: 1, b: 3, c: 4}
    assert lasting(seconds, 1) == 10
    assert lasting(seconds, 2) == 6
    assert lasting(seconds, 64) == 6


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.tuples(st.floats(0, 100), st.lists(st.integers(0, 14), max_size=3)), min_size=1, max_size=15),
    st.integers(1, 6),
)
def test_it_lasts_at_least_as_long_as_the_longest_way_and_the_shared_work(layers, slots):
    nodes, seconds = [], {}
    for number, (took, inputs) in enumerate(layers):
        nodes.append(node(f"n{number}", None, *dict.fromkeys(nodes[one % number] for one in inputs if number)))
        seconds[nodes[-1]] = took
    way, work, lasts = max(ways_of(seconds).values()), sum(seconds.values()), lasting(seconds, slots)
    assert lasts >= max(way, work / slots) - 1e-9
    assert lasts <= way + work / slots + 1e-9, "Graham's bound of list scheduling"
    assert lasting(seconds, 1) == pytest.approx(work)
    assert lasting(seconds, len(nodes)) == pytest.approx(way)
