"""What all runs of one command share, and a run's pipeline that is made of it."""

from pathlib import Path

import pytest

from privbench.base.errors import PrivbenchError
from privbench.engine.executors.choice import Means
from privbench.engine.store import STORE_VARIABLE
from privbench.plugins.interfaces import Anonymizer
from privbench.running.setting import Setting


@pytest.fixture
def setting(tiny_protocol, tmp_path):
    def made(**more):
        return Setting(**{"protocol": str(tiny_protocol), "store": tmp_path, "device": "cpu"} | more)

    return made


def pipeline_of(setting, named="identity"):
    protocol = setting.load()
    return setting.pipeline(protocol, setting.anonymizer(named, {}, protocol))


def test_what_the_user_changes_wins_over_the_shorthands(setting):
    assert setting(seed=7).load().seed == 7
    assert setting(seed=7, overrides=["seed=8"]).load().seed == 8
    assert setting(seed=7, overrides=["seed=8"]).load(["seed=9"]).seed == 9


def test_another_data_set_begins_without_the_parameters_of_the_protocols(setting):
    assert setting().load().data.params == {"patients": 60, "test_share": 0.3}
    assert setting(dataset="phantom").load().data.params == {"patients": 60, "test_share": 0.3}, "it is the same"
    other = setting(dataset="chestxray14").load().data
    assert (other.dataset, other.params) == ("chestxray14", {})


@pytest.mark.parametrize(("means", "helpers"), [(Means(jobs=1), 1), (Means(jobs=3), 3), (Means("serial", jobs=2), 2)])
def test_a_data_set_is_read_with_as_many_helpers_as_there_are_jobs(setting, means, helpers):
    assert pipeline_of(setting(means=means)).request.workers == helpers


def test_stages_whose_batches_may_be_computed_in_parts_are_others(setting):
    """What batch norm saw hangs on the memory that there was. The data do not."""
    one, other = ([*pipeline_of(setting(**told)).graph(None).nodes] for told in ({}, {"batch": "auto"}))
    same = [node.name.kind for node, twin in zip(one, other, strict=True) if node.identity == twin.identity]
    assert same in ([], ["data"])
    with pytest.raises(PrivbenchError, match="There is no batch 'half': choose one of protocol, auto"):
        pipeline_of(setting(batch="half"))


def test_no_figure_hangs_on_the_means(setting):
    one, other = (pipeline_of(setting(means=means)) for means in (Means("serial", 1), Means("local", 4)))
    assert one.key == other.key
    assert [node.identity for node in one.graph(None).nodes] == [node.identity for node in other.graph(None).nodes]


def test_the_store_is_the_one_that_was_named(setting, tmp_path, monkeypatch):
    assert pipeline_of(setting()).store.root == tmp_path
    monkeypatch.setenv(STORE_VARIABLE, str(tmp_path / "other"))
    assert pipeline_of(setting(store=None)).store.root == tmp_path / "other"


def test_a_device_or_precision_that_is_not_there_is_told(setting):
    with pytest.raises(PrivbenchError, match="There is no device 'tpu'"):
        pipeline_of(setting(device="tpu"))
    assert pipeline_of(setting(precision="bf16-mixed")).precision == "bf16-mixed"
    assert pipeline_of(setting(device="auto")).device in ("cpu", "cuda", "mps"), "a type, and no wish"
    on_a_cluster = setting(device="cuda", means=Means("ray"))
    assert pipeline_of(on_a_cluster).device == "cuda", "its machines are asked, and not the one of the command"


class Own(Anonymizer):
    name = "own"
    deterministic = True

    def anonymize(self, images, generator):
        return images


def test_a_method_that_is_named_gets_the_protocols_parameters_below_the_users(setting):
    given = setting()
    method = given.anonymizer("prichexy", {"mu": 0.25}, given.load())
    assert (method.params.mu, method.params.init_features) == (0.25, 2)


def test_a_method_that_is_handed_over_is_known_from_then_on_and_holds_its_parameters(setting):
    given, own = setting(), Own()
    assert given.anonymizer(own, {}, given.load()) is own
    assert given.registry.get("anonymizer", "own") is Own
    assert given.anonymizer(own, {}, given.load()) is own, "and is handed over twice"
    with pytest.raises(PrivbenchError, match="holds its parameters: leave out params"):
        given.anonymizer(own, {"mu": 1}, given.load())


def test_a_data_set_on_disk_is_looked_for_where_it_was_said_to_be(setting):
    with pytest.raises(PrivbenchError, match="/nowhere"):
        pipeline_of(setting(dataset="chestxray14", data_root=Path("/nowhere")))


@pytest.mark.parametrize("told", [{"precision": "16-mixed"}, {"device": "mps"}])
def test_batches_are_not_computed_in_parts_where_that_would_be_another_training(setting, told):
    with pytest.raises(PrivbenchError, match="--batch auto computes no batch in parts"):
        pipeline_of(setting(batch="auto", **told))
