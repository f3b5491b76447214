"""Rankings against pytorch-metric-learning and against brute force."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pytorch_metric_learning.distances import CosineSimilarity
from pytorch_metric_learning.utils.accuracy_calculator import AccuracyCalculator
from pytorch_metric_learning.utils.inference import CustomKNN

from privbench.metrics.retrieval import (
    NO_RIVAL,
    by_picture,
    cumulative_match,
    map_at_r,
    precision_at_1,
    r_precision,
    rank_in_smaller_gallery,
    rank_mates,
    rank_own,
)


@pytest.fixture(params=range(5))
def case(request):
    rng = np.random.default_rng(request.param)
    patients = np.sort(rng.integers(0, 12, 40))
    points = rng.normal(size=(12, 6))[patients] + rng.normal(size=(40, 6)) * 0.9
    return patients, points / np.linalg.norm(points, axis=1, keepdims=True), rng


def test_metrics_are_pytorch_metric_learnings(case):
    patients, points, rng = case
    ranks = rank_mates(points @ points.T, patients, patients, rng)
    embeddings, labels = torch.from_numpy(points), torch.from_numpy(patients)
    names = ("precision_at_1", "r_precision", "mean_average_precision_at_r")
    calculator = AccuracyCalculator(include=names, k="max_bin_count", knn_func=CustomKNN(CosineSimilarity()))
    expected = calculator.get_accuracy(embeddings, labels)
    assert precision_at_1(ranks) == pytest.approx(expected["precision_at_1"])
    assert r_precision(ranks) == pytest.approx(expected["r_precision"])
    assert map_at_r(ranks) == pytest.approx(expected["mean_average_precision_at_r"])


def test_the_rival_is_the_one_patient_who_stands_before_the_mate():
    patients = np.array([0, 0, 1, 1, 2])
    similarity = np.array(
        [
            [9, 5, 7, 6, 1],  # two images of patient 1 before the mate
            [5, 9, 7, 1, 6],  # patients 1 and 2 before it
            [1, 2, 9, 8, 3],  # nobody
            [1, 2, 5, 9, 8],  # patient 2
            [0, 0, 0, 0, 9],  # has no mate
        ],
        float,
    )
    ranks = rank_mates(similarity, patients, patients, np.random.default_rng(0))
    assert ranks[["probe", "outranked_by", "rival"]].to_numpy().tolist() == [
        [0, 2, 1], [1, 2, NO_RIVAL], [2, 0, NO_RIVAL], [3, 1, 2],
    ]  # fmt: skip


def ranked_by_sorting(similarity, patients, rng, visits):
    """Every row of the table, from each probe's whole gallery in order, unless nobody else is in it."""
    rows = []
    for probe, scores in enumerate(similarity):
        order = np.lexsort((rng.random(len(scores)), -scores))
        order = order[visits[order] != visits[probe]].tolist()
        before = []
        for place in order if len({patients[one] for one in order}) > 1 else []:
            if patients[place] != patients[probe]:
                before.append(patients[place])
                continue
            rival = before[0] if len(set(before)) == 1 else NO_RIVAL
            strangers = sum(patients[one] != patients[probe] for one in order)
            rows.append([probe, place, len(before), strangers, rival])
    return rows


@given(
    st.integers(1, 14), st.integers(1, 5), st.integers(1, 4), st.integers(2, 9), st.integers(0, 2**32), st.booleans()
)
@settings(max_examples=150, deadline=None)
def test_ranks_are_those_of_a_sorted_gallery_whether_scores_are_equal_or_not(
    count, people, at_once, values, seed, distinct
):
    """And whether all probes are ranked at once or some after the others; equal scores are drawn alike."""
    rng = np.random.default_rng(seed)
    patients, visits = rng.integers(0, people, count), rng.integers(0, count, count)
    similarity = rng.normal(size=(count, count)) if distinct else rng.integers(0, values, (count, count)) / 3
    similarity = similarity.astype(np.float32)
    expected = ranked_by_sorting(similarity, patients, np.random.default_rng(seed), visits)
    whole = rank_mates(similarity, patients, patients, np.random.default_rng(seed), visits)
    assert whole.to_numpy().tolist() == expected
    again = np.random.default_rng(seed)
    parts = [
        rank_mates(similarity[rows], patients, patients, again, visits, rows)
        for rows in np.array_split(np.arange(count), at_once)
    ]
    assert pd.concat(parts, ignore_index=True).to_numpy().tolist() == expected


def test_cumulative_match_counts_probes_with_a_mate_among_the_first(case):
    patients, points, rng = case
    similarity = points @ points.T
    ranks = rank_mates(similarity, patients, patients, rng)
    np.fill_diagonal(similarity, -np.inf)
    order = np.argsort(-similarity, axis=1)
    mated = (np.bincount(patients)[patients] > 1).nonzero()[0]
    for rank in (1, 5, 10):
        expected = np.mean([(patients[order[probe, :rank]] == patients[probe]).any() for probe in mated])
        assert cumulative_match(ranks, rank) == pytest.approx(expected)


def test_smaller_galleries_are_all_galleries():
    """Of 3 mates and 6 strangers, by trying every gallery of each size."""
    outranked_by, strangers = [0, 2, 5], 6
    ranks = pd.DataFrame({"probe": 0, "mate": [1, 2, 3], "outranked_by": outranked_by, "strangers": strangers})
    for size in (1, 2, 4, 7):
        for rank in (1, 2, 3):
            chances = [
                np.mean(
                    [sum(one < above for one in drawn) < rank for drawn in combinations(range(strangers), size - 1)]
                )
                for above in outranked_by
            ]
            assert rank_in_smaller_gallery(ranks, size, rank) == pytest.approx(np.mean(chances)), (size, rank)


def test_a_score_that_says_nothing_ranks_like_chance():
    rng = np.random.default_rng(0)
    patients = np.arange(400).repeat(2)
    ranks = rank_mates(np.zeros((800, 800)), patients, patients, rng)
    assert cumulative_match(ranks, 1) == pytest.approx(1 / 799, abs=0.006)
    assert ranks["outranked_by"].mean() == pytest.approx(399, rel=0.05)
    assert rank_in_smaller_gallery(ranks, 10) == pytest.approx(0.1, abs=0.02)


def test_probes_without_a_mate_are_left_out():
    patients = np.array([1, 1, 2])
    ranks = rank_mates(np.eye(3), patients, patients, np.random.default_rng(0))
    assert ranks["probe"].tolist() == [0, 1]
    assert len(rank_mates(np.eye(2), np.arange(2), np.arange(2), np.random.default_rng(0))) == 0


@pytest.fixture
def shared():
    """Two visits of 24 patients, of which either is released in eight files of three patients each; no two patients
    share both. Patients and files of the 48 radiographs."""
    patient = np.arange(24)
    return np.tile(patient, 2), np.concatenate([patient % 8, 8 + patient // 3])


def test_files_of_several_patients_are_compared_as_files(shared):
    """A score that says nothing finds one file of the 15 others; so does one that sees which files are the same; one
    that knows who is on them always finds the mate's."""
    patients, files = shared
    shown = np.stack([np.isin(np.arange(24), patients[files == file]) for file in files]).astype(float)
    found = {"nothing": [], "itself": [], "patients": []}
    for seed in range(60):
        rng = np.random.default_rng(seed)
        for name, similarity in (
            ("nothing", np.zeros((48, 48))),
            ("itself", (files[:, None] == files).astype(float)),
            ("patients", (patients[:, None] == patients) + 0.5 * (shown @ shown.T)),
        ):
            ranks = rank_mates(similarity, patients, patients, rng, pictures=files)
            assert (len(ranks), set(ranks["strangers"])) == (48, {14})
            found[name].append(cumulative_match(ranks, 1))
    assert np.mean(found["nothing"]) == pytest.approx(1 / 15, abs=0.015)
    assert np.mean(found["itself"]) == pytest.approx(1 / 15, abs=0.015)
    assert np.mean(found["patients"]) == 1


def test_a_patient_whose_images_share_a_file_is_not_found_in_it():
    patients, files = np.array([0, 0, 1, 1, 2]), np.array([0, 0, 2, 3, 3])
    ranks = rank_mates(np.ones((5, 5)), patients, patients, np.random.default_rng(0), pictures=files)
    assert ranks[["probe", "mate", "strangers"]].to_numpy().tolist() == [[2, 3, 1], [3, 2, 1]]


def test_a_file_that_shows_the_patient_on_the_probes_visit_alone_is_neither_mate_nor_stranger():
    patients, visits = np.array([0, 0, 0, 1, 2]), np.array([0, 0, 1, 2, 3])
    files = np.array([0, 1, 2, 1, 4])
    ranks = rank_mates(np.ones((5, 5)), patients, patients, np.random.default_rng(0), visits, pictures=files)
    first = ranks[ranks["probe"] == 0]
    assert first[["mate", "strangers"]].to_numpy().tolist() == [[2, 1]]


def test_a_file_of_several_patients_is_no_ones_rival():
    patients = np.array([0, 0, 1, 2, 3])
    similarity = np.array([[0, 5, 9, 8, 7], *np.zeros((4, 5))])
    for files, rival in (([0, 1, 2, 3, 3], NO_RIVAL), ([0, 1, 2, 2, 4], NO_RIVAL)):
        ranks = rank_mates(similarity, patients, patients, np.random.default_rng(0), pictures=np.array(files))
        assert ranks.loc[0, ["outranked_by", "strangers", "rival"]].tolist() == [2, 2, rival]
    ranks = rank_mates(similarity[:3, :3], patients[:3], patients[:3], np.random.default_rng(0), pictures=np.arange(3))
    assert ranks.loc[0, "rival"] == 1


def test_files_of_one_radiograph_each_change_nothing(case):
    patients, points, _ = case
    with_files, without = (
        rank_mates(points @ points.T, patients, patients, np.random.default_rng(1), pictures=files)
        for files in (np.arange(40)[::-1], None)
    )
    pd.testing.assert_frame_equal(with_files, without)


def test_the_rank_of_the_own_image_is_that_of_a_sorted_list(rng):
    similarity = rng.normal(size=(40, 40))
    by_hand = [sorted(row, reverse=True).index(row[place]) for place, row in enumerate(similarity)]
    assert rank_own(similarity, rng).tolist() == by_hand
    assert rank_own(np.eye(40), rng).tolist() == [0] * 40
    assert rank_own(-np.eye(40), rng).tolist() == [39] * 40


def test_a_picture_of_several_originals_finds_any_of_them(rng):
    """Each shows three of them, and is the most alike to one by chance: every file shows a patient."""
    pictures = np.arange(60) % 20
    similarity = (pictures[:, None] == pictures) + rng.uniform(0, 0.5, (60, 60))
    assert (rank_own(similarity, rng) == 0).mean() < 0.6
    assert rank_own(by_picture(similarity, pictures)[1], rng).tolist() == [0] * 20
    alone = rng.normal(size=(9, 9))
    rows, same = by_picture(alone, rng.permutation(9))
    assert rows.tolist() == list(range(9))
    assert np.array_equal(same, alone)


def test_of_pictures_that_show_nothing_chance_finds_one_in_as_many_as_there_are(rng):
    pictures = np.repeat(np.arange(6), [1, 1, 2, 3, 5, 8])
    ranks = [rank_own(by_picture(rng.normal(size=(20, 20)), pictures)[1], rng) for _ in range(2000)]
    assert (np.concatenate(ranks) == 0).mean() == pytest.approx(1 / 6, abs=0.015)


def test_equally_similar_images_stand_before_the_own_one_as_chance_has_it(rng):
    """A similarity that says nothing finds one in as many as there are, and no place is likelier than another."""
    ranks = np.concatenate([rank_own(np.zeros((10, 10)), rng) for _ in range(2000)])
    assert np.bincount(ranks, minlength=10) / len(ranks) == pytest.approx(np.full(10, 0.1), abs=0.01)
    some = np.array([[1, 2, 1, 1.0]] * 4)
    first = np.array([rank_own(some, rng)[0] for _ in range(3000)])
    assert np.bincount(first) / 3000 == pytest.approx([0, 1 / 3, 1 / 3, 1 / 3], abs=0.04)


def test_files_are_ranked_some_probes_at_a_time_as_all_at_once():
    rng = np.random.default_rng(0)
    patients, visits, files = (rng.integers(0, count, 20) for count in (5, 12, 9))
    similarity = rng.integers(0, 4, (20, 20)).astype(np.float32)
    whole = rank_mates(similarity, patients, patients, np.random.default_rng(1), visits, pictures=files)
    again = np.random.default_rng(1)
    parts = [
        rank_mates(similarity[rows], patients, patients, again, visits, rows, files)
        for rows in np.array_split(np.arange(20), 3)
    ]
    assert len(whole) > 10
    assert pd.concat(parts, ignore_index=True).equals(whole)
