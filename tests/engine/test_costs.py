"""What a stage will cost, learnt from its like."""

from dataclasses import replace

import pytest
from graphs import Write, engine_in, node

from privbench.engine.costs import Cost, Costs
from privbench.engine.manifest import MANIFEST, Manifest


@pytest.fixture
def known(tmp_path):
    """Makes stages and tells what they cost."""

    def make(cost, **config):
        engine, one = engine_in(tmp_path), node("attack", Write(), **config)
        engine.make({"goal": [one]})
        file = engine.made[one].folder / MANIFEST
        told = Manifest.model_validate_json(file.read_text())
        values = {"seconds": cost.seconds, "peak_memory_mib": cost.memory, "device_memory_mib": cost.device_memory}
        file.write_text(told.model_copy(update=values).model_dump_json())

    return make


def test_where_nothing_of_the_kind_was_made_nobody_knows(tmp_path):
    assert Costs(tmp_path).of(node("attack"), {}) is None


def test_the_most_alike_count(known, tmp_path):
    known(Cost(1, 100), plugin="siamese", params={"epochs": 1}, seed=0)
    known(Cost(3, 300, 7), plugin="siamese", params={"epochs": 1}, seed=1)
    known(Cost(50, 500), plugin="siamese", params={"epochs": 9})
    known(Cost(900, 900), plugin="contrastive", params={})
    costs = Costs(tmp_path)
    assert costs.of(node("attack", plugin="siamese", params={"epochs": 1}, seed=5), {}) == Cost(2, 300, 7)
    assert costs.of(node("attack", plugin="siamese", params={"epochs": 2}), {}) == Cost(3, 500, 7), "of the plugin"
    assert costs.of(node("attack", plugin="averaging", params={}), {}) == Cost(26.5, None, None), "of the kind"
    assert costs.of(node("release", plugin="siamese", params={"epochs": 1}), {}) is None


def test_the_same_data_count_before_others(tmp_path):
    small, large = node("data", Write("small"), size=1), node("data", Write("large"), size=2)
    engine = engine_in(tmp_path)
    ones = [node("attack", Write("x"), data, plugin="p") for data in (small, large)]
    engine.make({"goal": ones})
    seconds = (10.0, 70.0)
    for one, took in zip(ones, seconds, strict=True):
        file = engine.made[one].folder / MANIFEST
        told = Manifest.model_validate_json(file.read_text())
        file.write_text(told.model_copy(update={"seconds": took}).model_dump_json())
    costs = Costs(tmp_path)
    for data, took in zip((small, large), seconds, strict=True):
        later = replace(ones[0], config={**ones[0].config, "seed": 4})
        assert costs.of(later, {"data": engine.made[data].digest}).seconds == took
    assert costs.of(ones[0], {}).seconds == 40, "on data that are not made yet"


def test_what_cannot_be_read_is_passed_over(known, tmp_path):
    known(Cost(1, 100))
    known(Cost(5, 100), x="other")
    next((tmp_path / "attack").glob(f"*/{MANIFEST}")).write_text("{")
    assert Costs(tmp_path).of(node("attack"), {}).seconds in (1, 5)
