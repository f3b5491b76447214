"""What an attack is shown in each scenario, and from which stages that comes."""

import numpy as np
import pandas as pd
import pytest
from attack_scores import thirty_patients

from privbench.learning.states import load_state
from privbench.plugins.interfaces import LinkageAttack
from privbench.protocols.kinds import Compared
from privbench.running.attack_galleries import AttackGalleries
from privbench.running.stage_names import DATA, RELEASE, StageName

GREY = {"train": 10, "val": 20, "test": 30}
"""Of the originals of each split; the release that has number n is 100 n brighter."""


SEEN = []
"""What attacks were shown, the latest last."""


class Watching(LinkageAttack):
    """Tells what it was shown."""

    name = "watching"
    releases = 1

    def fit(self, train, val, guidance, ctx):
        SEEN.append((train, val, guidance))

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
        split.table[["follow_up", "view", "split"]] = [0, "PA", name]
        made[name] = split
    return made


@pytest.fixture
def galleries(splits):
    """Three releases of every split."""
    released = [{name: images(grey + shift) for name, grey in GREY.items()} for shift in (100, 150, 200)]
    return AttackGalleries(splits, released, unchanged=False)


def greys(gallery):
    return [int(part[0, 0, 0, 0]) for part in (gallery.probes, gallery.references, *gallery.releases)]


@pytest.mark.parametrize(
    ("kinds", "seen"), [(Compared.ORIGINALS, [30, 30]), (Compared.RELEASES, [130, 130]), (Compared.ACROSS, [130, 30])]
)
def test_probes_and_references_are_of_the_kinds_of_the_scenario(galleries, kinds, seen):
    """The first release is the one under attack."""
    assert greys(galleries.gallery("test", kinds, Watching())) == seen


def test_further_releases_are_shown_to_who_asks_for_them_and_of_anonymized_probes_alone(galleries):
    assert greys(galleries.gallery("val", Compared.ACROSS, Averaging())) == [120, 20, 170]
    assert greys(galleries.gallery("val", Compared.ACROSS, Greedy())) == [120, 20, 170, 220]
    assert greys(galleries.gallery("val", Compared.ORIGINALS, Greedy())) == [20, 20]


def test_an_unchanged_release_is_taken_for_the_originals_that_it_is(galleries, splits):
    unchanged = AttackGalleries(splits, galleries.released, unchanged=True)
    for kinds in Compared:
        assert galleries.distinct(kinds) is kinds
        assert unchanged.distinct(kinds) is Compared.ORIGINALS


def test_an_attack_reads_the_stages_of_the_images_that_it_sees(galleries):
    """So an attack on originals is made once for all anonymizers."""
    assert galleries.inputs(Greedy(), Compared.ORIGINALS) == [DATA]
    for kinds in (Compared.RELEASES, Compared.ACROSS):
        assert galleries.inputs(Watching(), kinds) == [DATA, RELEASE]
        assert galleries.inputs(Averaging(), kinds) == [DATA, RELEASE, StageName("release", number=1)]
    further = [StageName("release", number=number) for number in (1, 2)]
    assert galleries.inputs(Greedy(), Compared.ACROSS) == [DATA, RELEASE, *further], "no more than there are"


def test_an_attack_is_fitted_to_training_and_validation_images_of_those_kinds(galleries, splits, ctx, tmp_path):
    guidance = object()
    galleries.fitting(Averaging(), Compared.ACROSS, guidance)(tmp_path, ctx)
    train, val, given = SEEN[-1]
    assert given is guidance
    assert (greys(train), greys(val)) == ([110, 10, 160], [120, 20, 170])
    assert (train.pairs, val.pairs) == (splits["train"].pairs, splits["val"].pairs)
    assert load_state(tmp_path) == {}


def test_an_attacker_knows_who_is_on_the_images_and_no_finding(galleries, splits, ctx, tmp_path):
    splits["train"].table["Mass"] = 1
    galleries.fitting(Watching(), Compared.ORIGINALS, None)(tmp_path, ctx)
    known = SEEN[-1][0]
    assert list(known.table.columns) == ["image", "patient", "follow_up", "age", "sex", "view"]
    assert np.array_equal(known.patients, splits["train"].patients)
    assert isinstance(known.table, pd.DataFrame)
