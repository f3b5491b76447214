"""What the first stages put out is read again by all others, whatever process makes them."""

import pickle
from dataclasses import replace

import numpy as np
import pytest
import torch
from stage_folders import COUNTS, FINDINGS, GREY, PAIRS, source, stage_folders

from privbench.learning.guidance import untrained_guidance
from privbench.learning.states import load_state
from privbench.plugins.code import code_of
from privbench.running.stage_names import CLASSIFIER, DATA, RELEASE, VERIFIER, StageName


@pytest.fixture
def reads(tmp_path):
    return stage_folders(tmp_path, releases=2)


def greys(images):
    return np.unique(images).tolist()


def test_every_split_has_its_images_its_pairs_and_its_part_of_every_release(reads):
    shown = source().shown(reads)
    for name, grey in GREY.items():
        split = shown.originals[name]
        assert (greys(split.images), len(split.images)) == ([grey], COUNTS[name])
        assert set(split.table["split"]) == {name}
        assert split.pairs == PAIRS[name]
        assert [greys(release[name]) for release in shown.releases] == [[grey + 100], [grey + 150]]
        assert [len(release[name]) for release in shown.releases] == [COUNTS[name]] * 2


def test_what_was_released_keeps_all_that_is_known_of_its_originals(reads):
    shown = source().shown(reads)
    for name, split in {name: shown.released(name) for name in shown.originals}.items():
        assert greys(split.images) == [GREY[name] + 100], "the first release is the one that is published"
        assert split.table is shown.originals[name].table


def test_releases_stand_in_the_order_of_their_numbers(reads):
    second = StageName(RELEASE.kind, number=1)
    shuffled = {second: reads[second], RELEASE: reads[RELEASE], DATA: reads[DATA]}
    assert [greys(release["test"]) for release in source().shown(shuffled).releases] == [[130], [180]]


def test_without_a_release_originals_alone_are_shown(reads):
    assert source().shown({DATA: reads[DATA]}).releases == []


def test_a_cut_takes_training_images_alone_from_originals_and_releases(reads):
    np.save(reads[RELEASE] / "images.npy", np.arange(sum(COUNTS.values()), dtype=np.uint8)[:, None, None, None])
    shown = source(rows=np.array([1, 4, 6])).shown(reads)
    assert shown.originals["train"].table["image"].tolist() == ["train1.png", "train4.png", "train6.png"]
    assert shown.releases[0]["train"].ravel().tolist() == [1, 4, 6]
    assert shown.originals["train"].pairs == PAIRS["train"], "whoever cuts tells the pairs of what is left"
    for name in ("val", "test"):
        assert len(shown.originals[name].images) == len(shown.releases[0][name]) == COUNTS[name]


def test_the_guidance_holds_what_its_stages_learnt(reads):
    guidance = source().guidance(reads, torch.device("cpu"))
    for network, name in ((guidance.classifier, CLASSIFIER), (guidance.verifier, VERIFIER)):
        stored, own = load_state(reads[name]), network.state_dict()
        assert stored.keys() == own.keys()
        assert all(torch.equal(stored[key], own[key]) for key in stored)
        assert not network.training
    fresh = untrained_guidance(guidance.recipe, len(FINDINGS), torch.device("cpu")).classifier.state_dict()
    assert any(not torch.equal(fresh[key], value) for key, value in guidance.classifier.state_dict().items())


def test_it_travels_to_another_process(reads):
    cut = replace(source(), rows=np.array([0, 1]))
    again = pickle.loads(pickle.dumps(cut)).shown(reads)
    assert np.array_equal(again.originals["train"].images, cut.shown(reads).originals["train"].images)


@pytest.mark.parametrize("module", ["attack_stages", "utility_stages", "guidance_stages", "release", "examples"])
def test_how_the_first_stages_are_read_counts_in_the_keys_of_all_that_read_them(module):
    """What parts a release, cuts rows and loads the guidance decides what comes out as much as a training does."""
    reached = code_of([f"privbench.running.{module}"], []).modules
    assert {"privbench.running.source", "privbench.running.loading", "privbench.learning.guidance"} <= set(reached)
