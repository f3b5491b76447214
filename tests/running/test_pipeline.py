"""A run, stage by stage."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from attack_scores import thirty_patients

import privbench
from privbench.base.errors import PrivbenchError
from privbench.datasets.phantom.dataset import PhantomDataset
from privbench.engine.manifest import Manifest
from privbench.engine.store import Stage
from privbench.engine.todo import needed
from privbench.judging.verify import verify_run
from privbench.plugins.interfaces import Anonymizer, Chunk, LinkageAttack
from privbench.plugins.registry import Registry
from privbench.protocols.modes import MODES
from privbench.protocols.schema import _apply, load_protocol
from privbench.running.pipeline import _few_pairs, _untold_visits


def test_identity_releases_the_originals(tiny_protocol, store, tmp_path):
    run = privbench.run("identity", protocol=str(tiny_protocol), store=store, out=tmp_path / "run")
    folder = {stage.name: store / stage.name / stage.key for stage in run.record.stages}
    assert np.array_equal(np.load(folder["release"] / "images.npy"), np.load(folder["data"] / "images.npy"))
    assert not [name for name in folder if name.startswith("task")], "nothing is trained twice on the same images"
    assert [utility.mode for utility in run.record.utilities] == list(MODES)
    for utility in run.record.utilities:
        assert utility.mean_auc == utility.original
        gaps = [gap.change for gap in utility.gaps]
        changes = [utility.change, *(finding.change for finding in utility.findings if finding.auc is not None), *gaps]
        assert [change.value for change in changes] == [0] * len(changes)
        assert not utility.lost


class Bare(PhantomDataset):
    """The phantom without masks and locations."""

    name = "bare"

    def read(self, table, request):
        for chunk in super().read(table, request):
            yield Chunk(chunk.images)


def test_a_task_whose_data_are_missing_is_left_out_and_told(tiny_protocol, store, tmp_path, caplog):
    registry = Registry()
    registry.add(Bare)
    run = privbench.run(
        protocol=str(tiny_protocol),
        dataset="bare",
        overrides=[
            "data.params={patients=60,test_share=0.3}",
            "attacks.siamese=none",
            "attacks.contrastive=none",
            "utilities.organs.task=segmentation",
            "utilities.organs.params={backbone='test_resnet',epochs=1,batch_size=16,learning_rate=1e-3}",
            "utilities.saliency={}",
        ],
        registry=registry,
        store=store,
        out=tmp_path / "run",
    )
    log = (run.folder / "log.txt").read_text()
    for told in (
        "organs is left out: the data set has no masks",
        "saliency is left out: the data set has no locations",
    ):
        assert told in run.record.warnings
        assert caplog.messages.count(told) == 1
        assert f"WARNING {told}" in log
    assert run.record.measurements == []
    assert {utility.name for utility in run.record.utilities} == {"classification"}
    assert list(verify_run(run.folder)) == []


def test_a_second_run_takes_everything_from_the_store(finished, tiny_protocol, store, tmp_path):
    again = privbench.run(
        "prichexy", params={"mu": 0.05}, protocol=str(tiny_protocol), store=store, out=tmp_path / "run"
    )
    assert all(stage.cached for stage in again.record.stages)
    assert again.record.attacks == finished.record.attacks
    assert again.record.fingerprint == finished.record.fingerprint


def test_other_anonymizers_share_data_guidance_and_fingerprint(finished, tiny_protocol, store, tmp_path):
    params = {"b": 2, "m": 3}  # which no other test runs on the shared store
    other = privbench.run("dp-pix", params=params, protocol=str(tiny_protocol), store=store, out=tmp_path / "run")
    cached = {stage.name: stage.cached for stage in other.record.stages}
    there = [name for name, was_there in cached.items() if was_there]
    assert there[:3] == ["data", "classifier", "verifier"]
    assert there[3:] == [
        "linkage (floor)",
        "attack siamese OO 0",
        "linkage siamese control 0",
        "attack contrastive OO 0",
        "linkage contrastive control 0",
        "utility classification control 0",
        "copies O",
    ], "what is known of originals is known"
    assert other.record.fingerprint == finished.record.fingerprint
    assert other.record.key != finished.record.key


def test_an_override_changes_the_fingerprint(finished, tiny_protocol, store, tmp_path):
    one = privbench.run(
        "identity",
        protocol=str(tiny_protocol),
        overrides=["attacks.siamese.seeds=1"],
        store=store,
        out=tmp_path / "run",
    )
    assert len(one.record.attacks[0].seed_aucs) == 1
    assert one.record.attacks[0].seed_std is None
    assert one.record.fingerprint != finished.record.fingerprint


def with_protocol(pipeline, *overrides, anonymizer=None):
    """The pipeline under a protocol that differs in those fields."""
    values = pipeline.protocol.model_dump()
    for override in overrides:
        _apply(values, override)
    return replace(
        pipeline, protocol=type(pipeline.protocol).model_validate(values), anonymizer=anonymizer or pipeline.anonymizer
    )


def test_the_key_is_of_all_that_decides_the_scores_and_the_fingerprint_of_what_makes_runs_comparable(pipeline):
    other_method = Registry().create(Anonymizer, "dp-pix", {"b": 2})
    method = with_protocol(pipeline, anonymizer=other_method)
    assert method.key != pipeline.key
    assert method.fingerprint("d") == pipeline.fingerprint("d")
    reworded = with_protocol(pipeline, "description=another", "anonymizers.prichexy.epochs=7")
    assert (reworded.key, reworded.fingerprint("d")) == (pipeline.key, pipeline.fingerprint("d"))
    for change in ("statistics.resamples=101", "attacks.contrastive.seeds=2", "seed=1", "guidance.verifier.epochs=2"):
        changed = with_protocol(pipeline, change)
        assert changed.key != pipeline.key
        assert changed.fingerprint("d") != pipeline.fingerprint("d")
    assert pipeline.fingerprint("e") != pipeline.fingerprint("d"), "nor are other data comparable"


def test_a_release_made_elsewhere_is_not_compared_with_those_that_faced_what_it_was_spared(pipeline):
    class Elsewhere(type(pipeline.anonymizer)):
        made_elsewhere = True

    given = pipeline.anonymizer.params.model_dump()
    assert with_protocol(pipeline, anonymizer=Elsewhere(**given)).terms == pipeline.terms
    values = pipeline.protocol.model_dump()
    _apply(values, "attacks.averaging={}")
    averaging = Registry().create(LinkageAttack, "averaging", pipeline.protocol.attacks["contrastive"].params)
    faced, spared = (
        replace(
            pipeline,
            protocol=type(pipeline.protocol).model_validate(values),
            attack=lambda label: averaging if label == "averaging" else pipeline.attack(label),
            anonymizer=anonymizer,
        )
        for anonymizer in (pipeline.anonymizer, Elsewhere(**given))
    )
    assert spared.terms == faced.terms | {"spared": ["averaging"]}
    assert spared.fingerprint("d") != faced.fingerprint("d")


def test_a_run_has_the_key_and_the_fingerprint_of_its_pipeline(finished, pipeline):
    assert finished.record.key == pipeline.key
    assert finished.record.fingerprint == pipeline.fingerprint(finished.record.data_digest)
    assert finished.record.terms == pipeline.terms


def test_figures_hang_on_the_protocol_and_on_the_versions_by_the_names_in_it(pipeline):
    config = pipeline.graph(None).figures.config
    assert set(config["attacks"]) == {"siamese", "contrastive", "correlation"}
    assert set(config["utilities"]) == {"classification"}
    assert config["attacks"]["correlation"] == pipeline.attack("correlation").version
    assert config["protocol"] == pipeline.terms["protocol"]


def test_runs_of_one_command_draw_and_rehearse_once(pipeline, engine, monkeypatch):
    """It takes a second a run: two hundred runs waited for minutes before their first stage."""
    engine.make({"data": [pipeline.data]})
    data, drawn = engine.made[pipeline.data], {}
    first = pipeline.graph(data, drawn)
    (of_data,) = drawn.values()
    monkeypatch.setattr("privbench.running.pipeline.Rehearsal.__call__", None)
    again = pipeline.graph(data, drawn)
    assert again.nodes == first.nodes
    assert again.common.source.pairs["test"] is of_data.splits["test"].pairs
    with pytest.raises(TypeError):
        with_protocol(pipeline, "pairs.cap=9").graph(data, drawn)


def test_mistakes_are_told_when_the_pipeline_is_made(pipeline):
    params = pipeline.protocol.attacks["siamese"].params
    with pytest.raises(PrivbenchError, match=r"certificate\.floor is to be an attack without training"):
        replace(pipeline, floor=lambda: Registry().create(LinkageAttack, "siamese", params))
    with pytest.raises(PrivbenchError, match="multiple of 16, not 40"):
        with_protocol(pipeline, "data.size=40")


def test_fewer_pairs_than_were_asked_for_are_told(pipeline, rng):
    """An odd number is one less, as half are mated; a list is as long as it is."""
    splits = {name: thirty_patients(rng) for name in ("train", "val", "test")}
    pairs = {"train": 401, "val": 402, "test": 500, "test_file": "a list"}
    protocol = pipeline.protocol.model_copy(update={"pairs": pipeline.protocol.pairs.model_copy(update=pairs)})
    assert _few_pairs(protocol, splits) == ["the val split has 400 verification pairs, 402 were asked for"]


def stage(**files):
    """A stage with files of those digests."""
    told = {name.replace("_", "."): digest for name, digest in files.items()}
    manifest = Manifest(name="data", version="1", config={}, inputs={}, files=told, seconds=1, peak_memory_mib=1)
    return Stage(Path("folder"), "key", manifest, cached=True, seen=())


def test_a_release_is_unchanged_where_its_images_are_those_of_the_data(pipeline):
    graph = pipeline.graph(None)
    data, release = graph.common.data, graph.common.releases[0]
    there = {data: stage(images_npy="d", table_csv="t")}
    assert not graph.unchanged(there), "nobody knows yet"
    assert graph.unchanged(there | {release: stage(images_npy="d", curves_json="c")})
    assert not graph.unchanged(there | {release: stage(images_npy="e", curves_json="c")})


def test_of_an_unchanged_release_nothing_is_trained_twice_on_the_same_images(pipeline):
    graph = pipeline.graph(None)
    there = {graph.common.data: stage(images_npy="d")}

    def trained(release):
        made = there | {graph.common.releases[0]: stage(images_npy=release)}
        names = [str(node.name) for node in needed(graph.nodes, made)]
        assert names[-1] == "figures"
        assert {"release", "examples", "linkage siamese paper 1"} <= set(names), "nothing is left out"
        return [name for name in names if name.startswith(("attack", "task"))]

    on_originals = ["attack siamese OO 0", "attack siamese OO 1", "attack contrastive OO 0", "attack correlation OO 0"]
    assert trained("d") == on_originals
    assert {"attack siamese AA 1", "attack contrastive AO 0", "task classification A 0"} < set(trained("e"))
    assert len(trained("e")) == len(set(trained("e")))


def test_visits_that_nobody_can_tell_apart_are_told(tiny_protocol, rng):
    """Of 90 images those of 29 patients; the last one's are told apart by their times."""
    split = thirty_patients(rng)
    times = np.where(split.table["patient"] == "29", np.arange(90), np.nan)
    untold = {"test": replace(split, table=split.table.assign(follow_up=times))}
    assert _untold_visits(load_protocol(str(tiny_protocol)), untold) == [
        "the studies of 87 of 90 images are not known: two pictures of one visit may count as a mated pair, and are "
        "easier to link"
    ]
    known = {"test": replace(split, table=split.table.assign(follow_up=times, study="9"))}
    assert _untold_visits(load_protocol(str(tiny_protocol)), known) == []
    assert _untold_visits(load_protocol(str(tiny_protocol), ["pairs.within_study=true"]), untold) == []
