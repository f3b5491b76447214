"""The attacks of a run, stage by stage."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from attack_scores import thirty_patients
from stage_folders import PAIRS, source, stage_folders

import privbench
from privbench.data.gallery import Gallery
from privbench.data.pairs import Pairs
from privbench.learning.states import load_state, save_state
from privbench.plugins.interfaces import Attack, LinkageAttack
from privbench.plugins.registry import Registry
from privbench.protocols.kinds import CONTROL, Compared
from privbench.protocols.schema import parse_value
from privbench.record.folder import LINKAGE_SCORES, RETRIEVAL_SCORES, SEARCH_SCORES, UTILITY_SCORES
from privbench.record.scores import AttackOrigin, read_scores
from privbench.running import attack_stages
from privbench.running.attack_stages import FitAttack, LinkImages, _shuffled, _some
from privbench.running.stage_names import (
    DATA,
    IMAGES_FILE,
    LINKAGE_FILE,
    MATCHES_FILE,
    RELEASE,
    RETRIEVAL_FILE,
    SEARCH_FILE,
    StageName,
)


@pytest.mark.slow
def test_every_attack_goes_the_whole_way(tiny_protocol, store, tmp_path):
    """Several releases, figures of an attack's own, and attributes, from the stages to run.json."""
    network = "{backbone='test_resnet',features=8,epochs=1,steps=2,batch_size=8,learning_rate=1e-3"
    restorer = "restorer={width=2,epochs=1,batch_size=16,learning_rate=1e-3}"
    classifier = "{backbone='test_resnet',epochs=1,batch_size=16,learning_rate=1e-3}"
    arguments = {
        "protocol": str(tiny_protocol),
        "store": store,
        "overrides": [
            "attacks.siamese=none",
            'attacks.contrastive.scenarios=["ignorant","paper","linked-releases"]',
            "attacks.four.attack=averaging",
            f"attacks.four.params={network},releases=4}}",
            f"attacks.restoration.params={network},{restorer}}}",
            f"attacks.attributes.params={classifier}",
        ],
    }
    noisy = privbench.run("dp-pix", params={"b": 2, "epsilon": 5}, out=tmp_path / "noisy", **arguments)
    stages = [stage.name for stage in noisy.record.stages]
    assert [name for name in stages if name.startswith("release")] == ["release", "release 1", "release 2", "release 3"]
    folder = {stage.name: store / "release" / stage.key for stage in noisy.record.stages if "release" in stage.name}
    first, second = (np.load(folder[name] / "images.npy") for name in ("release", "release 1"))
    assert not np.array_equal(first, second), "every release has noise of its own"
    assert stages.count("attack contrastive AA 0") == 1, "one training serves two scenarios"
    results = {attack.label: attack for attack in noisy.record.attacks}
    assert set(results["restoration (informed)"].measures) == {
        "psnr_released", "psnr_restored", "ssim_released", "ssim_restored",
    }  # fmt: skip
    assert {inference.attribute: inference.metric for inference in noisy.record.inferences}.items() <= {
        "sex": "auc", "age": "mae", "view": "auc",
    }.items()  # fmt: skip
    assert {"sex", "age"} <= {inference.attribute for inference in noisy.record.inferences}
    assert noisy.record.worst_case.scenario != "linked-releases"
    still = privbench.run("prichexy", out=tmp_path / "still", **arguments)
    assert "four (informed)" not in [attack.label for attack in still.record.attacks]
    assert any("four is left out" in warning for warning in still.record.warnings)


@pytest.mark.parametrize("count", [1, 2, 7, 200, 400, 1000])
def test_training_pairs_that_are_scored_are_spread_evenly_over_the_list(rng, count):
    pairs = thirty_patients(rng).pairs
    pairs = Pairs(np.arange(400), pairs.reference, np.arange(400) < 100)
    some = _some(pairs, count)
    assert len(some) == min(count, 400)
    assert len(set(some.probe.tolist())) == len(some), "none stands twice"
    assert some.probe[0] == 0
    assert abs(some.mated.mean() - 0.25) <= 1 / len(some) + 0.26 * (count < 3), "both kinds stay in proportion"
    assert np.array_equal(some.reference, pairs.reference[some.probe])


def test_an_attack_sees_the_gallery_in_an_order_that_tells_nothing(ctx):
    """And every image is found again in its new place."""
    images = np.arange(200, dtype=np.uint8)[:, None, None, None]
    gallery = Gallery(images, images, (255 - images,))
    shuffled, place = _shuffled(gallery, ctx)
    assert np.array_equal(shuffled.probes[place], images)
    assert np.array_equal(shuffled.releases[0][place], 255 - images)
    assert shuffled.probes is shuffled.references, "what is one array stays one"
    moved = np.abs(place - np.arange(200))
    assert 40 < moved.mean() < 90, "as far as chance moves them: a third of the gallery"
    assert np.array_equal(_shuffled(gallery, ctx)[1], place), "the same for the same stage"


@pytest.fixture
def attacks(pipeline):
    """The attacks of a run whose data nobody has read yet."""
    return pipeline.graph(None).attacks


def names(nodes):
    return list(map(str, (node.name for node in nodes)))


@pytest.mark.parametrize(
    ("scenario", "unchanged", "reads", "learnt"),
    [
        (CONTROL, False, ["data"], "attack contrastive OO 0"),
        ("ignorant", False, ["data", "release"], "attack contrastive OO 0"),
        ("paper", False, ["data", "release"], "attack contrastive AA 0"),
        ("informed", False, ["data", "release"], "attack contrastive AO 0"),
        ("informed", True, ["data"], "attack contrastive OO 0"),
        ("paper", True, ["data"], "attack contrastive OO 0"),
    ],
)
def test_an_attack_reads_what_it_learnt_and_the_images_that_it_sees(attacks, scenario, unchanged, reads, learnt):
    """So what is known of originals is known for all anonymizers; and an unchanged release is the originals."""
    node = attacks.score(AttackOrigin("contrastive", scenario, 0), unchanged)
    assert names(node.inputs) == [*reads, learnt]
    trained_on = reads[:1] if "OO" in learnt else reads
    assert names(node.inputs[-1].inputs) == [*trained_on, "classifier", "verifier"]


def test_nothing_is_trained_twice_on_the_same_images(attacks):
    control = attacks.score(AttackOrigin("contrastive", CONTROL, 0), False).inputs[-1]
    for scenario in ("ignorant", "paper", "informed"):
        assert attacks.score(AttackOrigin("contrastive", scenario, 0), True).inputs[-1] == control
        same = scenario == "ignorant"
        assert (attacks.score(AttackOrigin("contrastive", scenario, 0), False).inputs[-1] == control) is same
    assert attacks.score(AttackOrigin("contrastive", "informed", 1), True).inputs[-1] != control, "nor is a seed twice"


class Watching(LinkageAttack):
    """Tells what it was shown."""

    name = "watching"
    releases = 2

    def fit(self, train, val, guidance, ctx):
        SEEN.append((train, val, guidance))

    def similarity(self, gallery, probes, references, ctx):
        raise AssertionError

    def similarity_matrix(self, gallery, ctx):
        raise AssertionError


class Greedy(Watching):
    releases = 9


SEEN = []
"""What attacks were shown, the latest last."""


@pytest.mark.parametrize(("attack", "further"), [(Watching, ["release 1"]), (Greedy, ["release 1", "release 2"])])
def test_an_attack_reads_as_many_releases_as_it_wants_and_no_more_than_there_are(attacks, attack, further):
    first = attacks.common.releases[0]
    more = [replace(first, name=StageName("release", number=number)) for number in (1, 2)]
    common = replace(attacks.common, releases=(first, *more))
    watching = replace(attacks, common=common, create=lambda label: attack())
    node = watching.score(AttackOrigin("contrastive", "informed", 0), False)
    assert names(node.inputs)[:-1] == ["data", "release", *further]
    control = watching.score(AttackOrigin("contrastive", CONTROL, 0), False)
    assert names(control.inputs)[:-1] == ["data"]


def greys(gallery):
    return [int(part[0, 0, 0, 0]) for part in (gallery.probes, gallery.references, *gallery.releases)]


def test_an_attack_is_fitted_to_training_and_validation_images_of_those_kinds(ctx, tmp_path):
    reads, folder = stage_folders(tmp_path, releases=3), tmp_path / "fitted"
    folder.mkdir()
    FitAttack(Watching(), Compared.ACROSS, source())(reads, folder, ctx)
    train, val, guidance = SEEN[-1]
    assert (greys(train), greys(val)) == ([110, 10, 160], [120, 20, 170])
    assert (train.pairs, val.pairs) == (PAIRS["train"], PAIRS["val"])
    assert guidance.recipe == source().recipe
    assert load_state(folder) == {}


def test_the_scores_of_all_attacks_are_told_with_the_floor_first(attacks):
    assert names(attacks.nodes(["contrastive", "correlation"], False)) == [
        "linkage (floor)",
        "linkage contrastive control 0",
        "linkage contrastive informed 0",
        "linkage correlation informed 0",
    ]


def test_what_infers_attributes_links_no_images(attacks):
    recipe = "{backbone='test_resnet',epochs=1,batch_size=16,learning_rate=1e-3}"
    inferring = Registry().create(Attack, "attributes", parse_value(recipe))
    mine = replace(attacks, create=lambda label: inferring)
    assert str(mine.score(AttackOrigin("mine", "informed", 0), False).name) == "inference mine informed 0"


def test_one_attack_in_one_scenario_says_what_it_says_in_the_whole_run(finished, pipeline, engine):
    engine.make({"data": [pipeline.data]})
    graph = pipeline.graph(engine.made[pipeline.data])
    node = graph.attacks.score(AttackOrigin("contrastive", "informed", 0), unchanged=False)
    engine.make({"alone": [node]})
    assert all(stage.cached for stage in engine.made.values()), "the run has made it"
    alone = read_scores(engine.made[node].folder / LINKAGE_FILE)
    every = read_scores(finished.folder / LINKAGE_SCORES)
    own = every[(every["attack"] == "contrastive") & (every["scenario"] == "informed")].reset_index(drop=True)
    pd.testing.assert_frame_equal(alone, own)
    assert set(alone["split"]) == {"train", "val", "test"}
    pairs = graph.common.source.pairs
    scored = (alone["split"] == "train").sum()
    assert scored == len(pairs["val"]) < len(pairs["train"]), "as many as validation pairs"


def test_releases_are_searched_for_among_originals_of_validation_and_test_patients(finished):
    """Every image but its own; who searches originals, or releases, for originals or releases, is no such attacker."""
    searches = read_scores(finished.folder / SEARCH_SCORES)
    assert set(zip(searches["attack"], searches["scenario"], strict=True)) == {
        ("siamese", "paper"), ("contrastive", "informed"), ("correlation", "informed"),
    }  # fmt: skip
    utility = read_scores(finished.folder / UTILITY_SCORES)
    for (_, _, _, split), rows in searches.groupby(["attack", "scenario", "seed", "split"]):
        assert set(rows["probe"]) >= set(utility.loc[utility["split"] == split, "image"])
        assert (rows.groupby("patient")["mates"].max() == rows.groupby("patient").size() - 1).all()
    ranks = read_scores(finished.folder / RETRIEVAL_SCORES)
    key = ["attack", "scenario", "seed", "probe"]
    first = ranks.groupby(key)["outranked_by"].min() == 0
    told = searches[(searches["split"] == "test") & (searches["mates"] > 0)].set_index(key)["found"]
    assert told.reindex(first.index).mean() == pytest.approx(first.mean(), abs=0.05), "but for how ties fall"


def test_every_attack_that_is_trained_has_a_control_and_the_floor_stands_beside_them(finished):
    every = read_scores(finished.folder / LINKAGE_SCORES)
    controls = every[every["scenario"] == CONTROL]
    assert set(controls["attack"]) == {"(floor)", "siamese", "contrastive"}, "correlation needs no training"
    assert set(controls["images"]) == {"OO"}
    assert set(controls.loc[controls["attack"] == "(floor)", "split"]) == {"test"}


class Matching(Watching):
    """Takes images for one that are equally bright."""

    releases = 1

    def similarity(self, gallery, probes, references, ctx):
        return np.zeros(len(probes))

    def similarity_matrix(self, gallery, ctx):
        return np.zeros((len(gallery.probes), len(gallery.references)))

    def image_similarity(self, gallery, ctx):
        SEEN.append(gallery)
        first, second = (images[:, 0, 0, 0].astype(float) for images in (gallery.probes, gallery.references))
        return -np.abs(first[:, None] - second)


class Blind(Matching):
    def image_similarity(self, gallery, ctx):
        return None


@pytest.fixture
def shades(tmp_path):
    """Stages whose originals are each of another grey; the releases of the test patients 0 and 2 are exchanged."""
    learnt = StageName("attack", ("watching", "AO"), 0)
    reads = stage_folders(tmp_path / "stages") | {learnt: tmp_path / "learnt"}
    (tmp_path / "learnt").mkdir()
    save_state({}, tmp_path / "learnt")
    greys = np.arange(18, dtype=np.uint8)
    released = greys.copy()
    released[[12, 16]] = released[[16, 12]]
    for name, told in ((DATA, greys), (RELEASE, released)):
        np.save(reads[name] / IMAGES_FILE, np.ones((18, 1, 32, 32), np.uint8) * told[:, None, None, None])
    return reads, learnt


def link(shades, attack, scenario, folder, ctx, *, unchanged=False):
    reads, learnt = shades
    folder.mkdir()
    LinkImages(attack, AttackOrigin("watching", scenario, 0), unchanged, learnt, source())(reads, folder, ctx)
    return read_scores(folder / MATCHES_FILE) if (folder / MATCHES_FILE).exists() else None


def test_one_release_of_each_patient_looks_for_its_own_original(shades, ctx, tmp_path):
    told = link(shades, Matching(), "informed", tmp_path / "a", ctx)
    assert sorted(SEEN[-1].references[:, 0, 0, 0].tolist()) == [12, 14, 16], "the first of two images each"
    assert dict(zip(told["image"], told["outranked_by"], strict=True)) == {
        "test0.png": 2,
        "test2.png": 0,
        "test4.png": 2,
    }
    assert (told["candidates"] == 3).all()
    unchanged = link(shades, Matching(), "paper", tmp_path / "b", ctx, unchanged=True)
    assert (unchanged["outranked_by"] == 0).all()


@pytest.mark.parametrize(
    ("released", "candidates", "found"),
    [([14, 14, 16], 2, {"test0.png": True, "test4.png": True}),
     ([14, 14, 14], 3, {"test0.png": False, "test2.png": True, "test4.png": False})],
)  # fmt: skip
def test_a_picture_that_stands_for_several_originals_looks_for_any_of_them(
    shades, ctx, tmp_path, released, candidates, found
):
    """One picture for all tells of none, and is counted image by image."""
    greys = np.arange(18, dtype=np.uint8)
    greys[[12, 14, 16]] = released
    np.save(shades[0][RELEASE] / IMAGES_FILE, np.ones((18, 1, 32, 32), np.uint8) * greys[:, None, None, None])
    told = link(shades, Matching(), "informed", tmp_path / "a", ctx)
    assert dict(zip(told["image"], told["outranked_by"] == 0, strict=True)) == found
    assert set(told["candidates"]) == {candidates}


def test_a_released_picture_is_not_linked_with_itself(shades, ctx, tmp_path):
    """The test patients 0 and 1 share a picture of one of their two images each, and 2 has one of both of his."""
    greys = np.arange(18, dtype=np.uint8)
    greys[[12, 14]], greys[[16, 17]] = 100, 101
    np.save(shades[0][RELEASE] / IMAGES_FILE, np.ones((18, 1, 32, 32), np.uint8) * greys[:, None, None, None])
    pairs = Pairs(np.array([0, 4, 0, 0, 1]), np.array([1, 5, 2, 5, 4]), np.array([True, True, False, False, False]))
    reads, learnt = shades
    (tmp_path / "scored").mkdir()
    origin, known = AttackOrigin("watching", "linked-releases", 0), replace(source(), pairs=PAIRS | {"test": pairs})
    LinkImages(Matching(), origin, False, learnt, known)(reads, tmp_path / "scored", ctx)
    ranks = read_scores(tmp_path / "scored" / RETRIEVAL_FILE)
    assert ranks[["probe", "mate", "strangers"]].to_numpy().tolist() == [
        ["test0.png", "test1.png", 2], ["test1.png", "test0.png", 2],
        ["test2.png", "test3.png", 2], ["test3.png", "test2.png", 2],
    ]  # fmt: skip
    scored = read_scores(tmp_path / "scored" / LINKAGE_FILE)
    test = scored[scored["split"] == "test"]
    assert list(zip(test["probe"], test["reference"], strict=True)) == [
        ("test0.png", "test1.png"), ("test0.png", "test5.png"), ("test1.png", "test4.png"),
    ]  # fmt: skip


def test_originals_of_whom_a_released_picture_shows_are_no_strangers_to_it(shades, ctx, tmp_path):
    """Patients 0 and 1 share a picture of one of their two images each; the two of 2 have a picture each."""
    greys = np.arange(18, dtype=np.uint8)
    greys[[12, 14]] = 100
    np.save(shades[0][RELEASE] / IMAGES_FILE, np.ones((18, 1, 32, 32), np.uint8) * greys[:, None, None, None])
    pairs = Pairs(np.array([0, 4, 0, 0, 1]), np.array([1, 5, 2, 5, 4]), np.array([True, True, False, False, False]))
    reads, learnt = shades
    (tmp_path / "scored").mkdir()
    origin, known = AttackOrigin("watching", "informed", 0), replace(source(), pairs=PAIRS | {"test": pairs})
    LinkImages(Matching(), origin, False, learnt, known)(reads, tmp_path / "scored", ctx)
    ranks = read_scores(tmp_path / "scored" / RETRIEVAL_FILE).set_index("probe")
    strangers = {f"test{row}.png": 4 for row in range(6)} | {"test0.png": 2, "test2.png": 2}
    assert ranks["strangers"].to_dict() == strangers
    scored = read_scores(tmp_path / "scored" / LINKAGE_FILE)
    test = scored[scored["split"] == "test"]
    assert list(zip(test["probe"], test["reference"], strict=True)) == [
        ("test0.png", "test1.png"), ("test4.png", "test5.png"), ("test0.png", "test5.png"), ("test1.png", "test4.png"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("attack", "scenario"), [(Matching, "linked-releases"), (Matching, CONTROL), (Blind, "informed")]
)
def test_who_compares_no_releases_with_originals_or_knows_no_images_matches_none(
    shades, ctx, tmp_path, attack, scenario
):
    assert link(shades, attack(), scenario, tmp_path / "a", ctx) is None


def test_a_gallery_that_is_searched_in_parts_has_the_ranks_of_the_whole(shades, ctx, tmp_path, monkeypatch):
    """Of all images equally alike, so that chance orders them, and the same chance."""
    link(shades, Matching(), "informed", tmp_path / "whole", ctx)
    monkeypatch.setattr(attack_stages, "SIMILARITIES", 10)  # of six images two at a time at the most
    link(shades, Matching(), "informed", tmp_path / "parts", ctx)
    for file in (RETRIEVAL_FILE, SEARCH_FILE):
        one, other = (read_scores(tmp_path / place / file) for place in ("whole", "parts"))
        assert len(one)
        assert one.equals(other)
