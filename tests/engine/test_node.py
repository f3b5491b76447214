"""Nodes: what tells one from another before anything is made."""

from dataclasses import replace

import pytest
from graphs import CONDITIONS, Write, node

from privbench import Anonymizer, Dataset
from privbench.engine.node import Instead, Nodes, StageName, in_order, with_parts
from privbench.plugins.registry import Registry

VERSIONS = {"data": "1", "attack": "3"}


def made(conditions=CONDITIONS, versions=VERSIONS, config=None, plugins=(), inputs=True):
    nodes = Nodes(versions, conditions)
    data = nodes.node(StageName("data"), {}, [], Write())
    return nodes.node(StageName("attack", ("a",), 0), config or {}, [data] if inputs else [], Write(), plugins)


def test_a_name_is_read_as_it_stands_in_records():
    assert str(StageName("attack", ("contrastive", "AO"), 0)) == "attack contrastive AO 0"
    assert str(StageName("data")) == "data"


def test_what_is_made_by_the_same_from_the_same_is_one():
    assert made() == made()
    assert len({made(), made()}) == 1


@pytest.mark.parametrize(
    "other",
    [{"config": {"x": 1}}, {"versions": VERSIONS | {"attack": "4"}}, {"versions": VERSIONS | {"data": "2"}},
     {"conditions": replace(CONDITIONS, seed=1)}, {"conditions": replace(CONDITIONS, threads=2)},
     {"conditions": replace(CONDITIONS, tf32=False)}, {"conditions": replace(CONDITIONS, compile="default")},
     {"conditions": replace(CONDITIONS, device="cuda")}, {"conditions": replace(CONDITIONS, precision="bf16-mixed")},
     {"inputs": False}, {"plugins": [Registry().create(Anonymizer, "dp-pix", {})]}],
)  # fmt: skip
def test_what_can_change_what_comes_out_makes_another(other):
    assert made(**other) != made()


def test_what_reads_nothing_computes_nothing():
    """The data are the same wherever they are read."""
    data = made().inputs[0]
    elsewhere = replace(CONDITIONS, device="cuda", precision="bf16-mixed", threads=4)
    assert made(elsewhere).inputs[0] == data
    assert made(replace(CONDITIONS, seed=1)).inputs[0] != data


def test_what_may_stand_for_a_node_belongs_to_it():
    a, b = node("a"), node("b")
    assert node("c", None, instead=Instead(a, b, "text", a)) != node("c")


def test_a_plugin_counts_with_what_it_hands_work_to():
    parts = {"one": {"dataset": "phantom"}, "two": {"dataset": "phantom"}}
    merged = Registry().create(Dataset, "merged", {"parts": parts})
    assert [one.name for one in with_parts(merged)] == ["merged", "phantom", "phantom"]


def test_what_is_read_comes_first_and_each_once():
    a, b = node("a"), node("b")
    c = node("c", None, b, a)
    assert in_order([c, node("d", None, c, b)]) == [b, a, c, node("d", None, c, b)]
    assert in_order([]) == []
