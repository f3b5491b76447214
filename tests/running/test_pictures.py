"""Which released files are one picture, and which pairs of them say something."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from privbench.data.gallery import Gallery
from privbench.data.pairs import Pairs
from privbench.metrics.identification import search_gallery
from privbench.metrics.retrieval import cumulative_match, rank_mates
from privbench.running.pictures import first_alike, pairs_of_strangers, pairs_of_two_pictures, pictures_of, set_aside


def released(greys, further=None):
    images, *more = (
        np.array(one, np.uint8)[:, None, None, None] * np.ones((1, 2, 2), np.uint8)
        for one in (greys, *([further] if further else []))
    )
    return Gallery(images, images, tuple(more))


@pytest.mark.parametrize(
    ("gallery", "who", "pictures"),
    [
        (released([5, 6, 5, 7]), [1, 1, 1, 1], [0, 1, 0, 3]),
        (released([5, 6, 5, 7]), [1, 1, 0, 1], [0, 1, 2, 3]),
        (released([5, 5, 5, 5]), [1, 1, 1, 1], [0, 1, 2, 3]),
        (released([5, 6, 5, 7], [1, 1, 2, 1]), [1, 1, 1, 1], [0, 1, 2, 3]),
    ],
)
def test_a_picture_is_known_by_its_pixels_in_all_releases(gallery, who, pictures):
    assert pictures_of(gallery, np.array(who, bool)).tolist() == pictures


def pairs_of(*lines):
    probe, reference, mated = zip(*lines, strict=True)
    return Pairs(np.array(probe), np.array(reference), np.array(mated, bool))


def test_pairs_of_one_picture_and_of_two_that_show_one_patient_are_no_strangers():
    patients = np.array([0, 0, 1, 1, 2, 2])
    pictures = np.array([0, 1, 0, 3, 1, 5])  # shows 0 and 1; 0 and 2; 1; 2
    pairs = pairs_of((0, 1, 1), (2, 3, 1), (4, 5, 1), (0, 2, 0), (2, 4, 0), (3, 0, 0), (3, 4, 0), (3, 5, 0))
    kept = pairs_of_two_pictures(pairs, pictures, patients)
    assert list(zip(kept.probe.tolist(), kept.reference.tolist(), kept.mated.tolist(), strict=True)) == [
        (0, 1, True), (2, 3, True), (4, 5, True), (3, 4, False), (3, 5, False),
    ]  # fmt: skip


def test_where_pictures_are_so_few_that_none_are_strangers_all_pairs_stay():
    pairs = pairs_of((0, 1, 1), (2, 3, 1), (0, 2, 0))
    assert pairs_of_two_pictures(pairs, np.array([0, 1, 0, 1]), np.array([0, 0, 1, 1])) is pairs


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 4)), min_size=3, max_size=12), st.randoms())
def test_what_is_left_is_what_a_look_at_both_files_tells(rows, draw):
    patients, pictures = (np.array(one) for one in zip(*rows, strict=True))
    chosen = [draw.sample(range(len(rows)), 2) for _ in range(20)]
    pairs = pairs_of(*((one, other, patients[one] == patients[other]) for one, other in chosen))
    kept = pairs_of_two_pictures(pairs, pictures, patients)
    shown = [set(patients[pictures == one]) for one in pictures]
    right = [
        pictures[one] != pictures[other] and (patients[one] == patients[other] or not shown[one] & shown[other])
        for one, other in chosen
    ]
    mated = pairs.mated[right]
    if mated.any() and not mated.all():
        assert np.array_equal(kept.probe, pairs.probe[right])
    else:
        assert len(kept) == len(pairs)


@pytest.fixture
def averaged():
    """24 patients with two visits each, either released in eight files of three patients; no two patients share both.

    Patients, visits and files of the 48 radiographs.
    """
    patient = np.arange(24)
    return np.tile(patient, 2), np.arange(48), np.concatenate([patient % 8, 8 + patient // 3])


def test_of_a_file_of_three_patients_each_is_found_or_not_beside_those_it_does_not_show(averaged):
    """Of each probe one mate is left, and 2 x 21 strangers. Who says nothing, or sees of which images a file was made,
    finds one of 43; who sees whom it shows finds everybody, where two patients stood before the one in turn.
    """
    patients, visits, files = averaged
    aside = set_aside(files, patients, visits, np.arange(48))
    shown = np.stack([np.isin(patients, patients[files == file]) for file in files])
    says = {"nothing": np.zeros((48, 48)), "images": (files[:, None] == files), "patients": shown}
    found = {name: [] for name in says}
    for seed in range(60):
        for name, similarity in says.items():
            given = similarity.astype(float), patients
            ranks = rank_mates(*given, patients, np.random.default_rng(seed), visits, aside=aside)
            assert (len(ranks), set(ranks["strangers"])) == (48, {42})
            searches = search_gallery(*given, np.random.default_rng(seed), visits, aside=aside)
            assert (len(searches), set(searches["mates"])) == (48, {1})
            found[name].append((cumulative_match(ranks, 1), searches["found"].mean()))
    for name, rate in {"nothing": 1 / 43, "images": 1 / 43, "patients": 1}.items():
        assert np.mean(found[name], 0) == pytest.approx([rate, rate], abs=0.008), name
    before = [rank_mates(shown.astype(float), patients, patients, np.random.default_rng(s), visits) for s in range(60)]
    assert np.mean([cumulative_match(ranks, 1) for ranks in before]) == pytest.approx(1 / 5, abs=0.02)


def test_a_patient_is_not_found_by_another_image_of_his_that_is_in_the_file():
    """Nor by one of the same visit as that: files 0 and 3; patient 0 has the visits 0, 1, 1 and 2."""
    patients, visits = np.array([0, 0, 0, 0, 1]), np.array([0, 1, 1, 2, 3])
    files = np.array([0, 0, 2, 3, 3])
    aside = set_aside(files, patients, visits, np.arange(5))
    assert aside[0].tolist() == [True, True, True, False, False]
    assert not aside[2].any()
    assert not aside[3].any(), "of a picture of everybody nobody is a stranger"
    ranks = rank_mates(np.ones((5, 5)), patients, patients, np.random.default_rng(0), visits, aside=aside)
    first = ranks[ranks["probe"] == 0]
    assert first[["mate", "strangers"]].to_numpy().tolist() == [[3, 1]]


def test_where_no_picture_is_shared_nothing_is_set_aside():
    rows = np.arange(4)
    assert set_aside(rows, rows // 2, rows, rows) is None
    pairs = pairs_of((0, 1, 1), (0, 2, 0))
    assert pairs_of_strangers(pairs, rows, rows // 2, rows) is pairs


@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 4), st.integers(0, 2)), min_size=3, max_size=12), st.randoms()
)
def test_pairs_with_originals_are_those_that_a_search_compares(rows, draw):
    patients, pictures, visits = (np.array(one) for one in zip(*rows, strict=True))
    visits = patients * 10 + visits
    chosen = [draw.sample(range(len(rows)), 2) for _ in range(20)]
    pairs = pairs_of(*((one, other, patients[one] == patients[other]) for one, other in chosen))
    kept = pairs_of_strangers(pairs, pictures, patients, visits)
    right = []
    for probe, reference in chosen:
        members = [row for row in range(len(rows)) if pictures[row] == pictures[probe]]
        shown = {patients[row] for row in members}
        if len(members) == 1 or shown == set(patients):
            right.append(True)
        elif patients[probe] != patients[reference]:
            right.append(patients[reference] not in shown)
        elif visits[probe] == visits[reference]:
            right.append(pictures[probe] != pictures[reference])
        else:
            right.append(visits[reference] not in {visits[row] for row in members})
    mated = pairs.mated[right]
    if mated.any() and not mated.all():
        assert np.array_equal(kept.probe, pairs.probe[right])
        assert np.array_equal(kept.reference, pairs.reference[right])
    else:
        assert len(kept) == len(pairs)


def test_rows_are_alike_where_they_are_in_all_parts_and_the_first_of_those_asked_for_stands_for_them():
    one = np.array([0, 1, 0, 0, 1], np.uint8).reshape(5, 1, 1, 1)
    two = np.array([0, 0, 1, 0, 0], np.uint8).reshape(5, 1, 1, 1)
    assert first_alike([one], np.arange(5)).tolist() == [0, 1, 0, 0, 1]
    assert first_alike([one, two], np.arange(5)).tolist() == [0, 1, 2, 0, 1]
    assert first_alike([one, two], np.array([3, 0, 4])).tolist() == [3, 3, 4]
