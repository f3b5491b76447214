"""What an attack is shown in each scenario."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from attack_scores import thirty_patients

from privbench.plugins.interfaces import MEMBERSHIP, InferenceAttack, LinkageAttack
from privbench.protocols.kinds import Compared
from privbench.running.attack_galleries import gallery, known_gallery, searched_gallery
from privbench.running.halves import rows_to_judge
from privbench.running.source import Shown

GREY = {"train": 10, "val": 20, "test": 30}
"""Of the originals of each split; the release that has number n is 100 + 50 n brighter."""


class Watching(LinkageAttack):
    name = "watching"
    releases = 1

    def fit(self, train, val, guidance, ctx):
        raise AssertionError

    def similarity(self, gallery, probes, references, ctx):
        raise AssertionError

    def similarity_matrix(self, gallery, ctx):
        raise AssertionError


class Averaging(Watching):
    releases = 2


class Greedy(Watching):
    releases = 9


def images(grey):
    return np.full((90, 1, 4, 4), grey, np.uint8)


@pytest.fixture
def splits(rng):
    made = {}
    for name, grey in GREY.items():
        split = thirty_patients(rng).with_images(images(grey))
        split.table[["study", "follow_up", "view", "split"]] = ["", 0, "PA", name]
        made[name] = split
    return made


@pytest.fixture
def shown(splits):
    """Three releases of every split."""
    return Shown(splits, [{name: images(grey + shift) for name, grey in GREY.items()} for shift in (100, 150, 200)])


def greys(gallery):
    return [int(part[0, 0, 0, 0]) for part in (gallery.probes, gallery.references, *gallery.releases)]


@pytest.mark.parametrize(
    ("kinds", "seen"), [(Compared.ORIGINALS, [30, 30]), (Compared.RELEASES, [130, 130]), (Compared.ACROSS, [130, 30])]
)
def test_probes_and_references_are_of_the_kinds_of_the_scenario(shown, kinds, seen):
    """The first release is the one under attack."""
    assert greys(gallery(shown, "test", kinds, Watching())) == seen


def test_further_releases_are_shown_to_who_asks_for_them_and_of_anonymized_probes_alone(shown):
    assert greys(gallery(shown, "val", Compared.ACROSS, Averaging())) == [120, 20, 170]
    assert greys(gallery(shown, "val", Compared.ACROSS, Greedy())) == [120, 20, 170, 220]
    assert greys(gallery(shown, "val", Compared.ORIGINALS, Greedy())) == [20, 20]


def test_originals_are_shown_where_no_release_was_read(splits):
    assert greys(gallery(Shown(splits, []), "test", Compared.ORIGINALS, Greedy())) == [30, 30]


def test_who_is_to_learn_sees_the_same_images_with_the_pairs_of_the_split(shown, splits):
    for name in GREY:
        known = known_gallery(shown, name, Compared.ACROSS, Averaging())
        assert greys(known) == greys(gallery(shown, name, Compared.ACROSS, Averaging()))
        assert known.pairs == splits[name].pairs


def test_an_attacker_knows_who_is_on_the_images_and_no_finding(shown, splits):
    splits["train"].table["Mass"] = 1
    known = known_gallery(shown, "train", Compared.ORIGINALS, Watching())
    assert list(known.table.columns) == ["image", "patient", "study", "follow_up", "age", "sex", "view"]
    assert np.array_equal(known.patients, splits["train"].patients)
    assert isinstance(known.table, pd.DataFrame)


@pytest.fixture
def partly(splits):
    """Every third image is released; the grey value of an image tells its row."""
    rows = np.arange(0, 90, 3)
    numbered = np.arange(90, dtype=np.uint8)[:, None, None, None] * np.ones((1, 1, 4, 4), np.uint8)
    originals = {name: split.with_images(numbered) for name, split in splits.items()}
    return Shown(originals, [dict.fromkeys(splits, numbered[rows] + 100)], dict.fromkeys(splits, rows))


def test_of_a_part_released_images_are_probes_beside_their_own_originals(partly):
    seen = gallery(partly, "test", Compared.ACROSS, Watching())
    assert seen.references[:, 0, 0, 0].tolist() == list(range(0, 90, 3))
    assert np.array_equal(seen.probes, seen.references + 100)


def test_of_a_part_all_originals_are_searched_and_stand_ins_are_releases_too(partly):
    seen = searched_gallery(partly, "test", Compared.ACROSS, Watching())
    rows = partly.rows("test")
    assert seen.references[:, 0, 0, 0].tolist() == list(range(90))
    assert np.array_equal(seen.probes[rows], partly.releases[0]["test"])
    assert set(seen.probes.ravel()) == set(partly.releases[0]["test"].ravel())
    originals = searched_gallery(partly, "test", Compared.ORIGINALS, Watching())
    assert originals.probes is originals.references
    assert len(originals.probes) == 90
    assert len(searched_gallery(partly, "test", Compared.RELEASES, Watching()).references) == 30


def test_of_a_part_attackers_learn_from_what_is_released_and_from_all_originals(partly):
    known = known_gallery(partly, "train", Compared.ACROSS, Watching())
    assert len(known.probes) == len(known.table) == 30
    assert known.table["image"].tolist() == partly.originals["train"].table["image"][::3].tolist()
    assert len(known_gallery(partly, "train", Compared.ORIGINALS, Watching()).probes) == 90


class Remembering(InferenceAttack):
    name = "remembering"
    attributes = (MEMBERSHIP,)

    def fit(self, train, val, guidance, ctx):
        raise AssertionError

    def infer(self, gallery, ctx):
        raise AssertionError


@pytest.mark.parametrize("kinds", [Compared.ORIGINALS, Compared.ACROSS])
def test_of_a_part_nobody_is_both_known_and_judged(partly, kinds):
    """Patients are told apart by their places, which shift where some of them have no released image."""
    rows = np.flatnonzero(partly.originals["train"].patients % 3 > 0)
    part = replace(
        partly, published={"train": rows}, releases=[{"train": partly.originals["train"].images[rows] + 100}]
    )
    released = part.attacked("train")
    known = set(known_gallery(part, "train", kinds, Remembering()).table["patient"])
    judged = set(released.table["patient"].iloc[rows_to_judge(released.patients, "train")])
    assert not known & judged
    assert known | judged == set(released.table["patient"])
