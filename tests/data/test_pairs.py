from collections import Counter

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from privbench.base.errors import PrivbenchError
from privbench.data.pairs import draw_pairs, read_pairs
from privbench.metrics.roc import auc


@st.composite
def patients(draw):
    sizes = draw(st.lists(st.integers(1, 12), min_size=4, max_size=30))
    rows = np.repeat(np.arange(len(sizes)), sizes)
    return np.random.default_rng(draw(st.integers(0, 99))).permutation(rows)


@settings(max_examples=60, deadline=None)
@given(patients(), st.integers(2, 80), st.one_of(st.none(), st.integers(1, 5)), st.integers(0, 9))
def test_drawn_pairs_keep_their_promises(patients, count, cap, seed):
    try:
        pairs = draw_pairs(patients, count, cap, np.random.default_rng(seed), "train")
    except PrivbenchError:
        assume(False)  # too few patients for what was asked; the messages have tests of their own
    mated = patients[pairs.probe] == patients[pairs.reference]
    assert np.array_equal(mated, pairs.mated)
    assert not np.any(pairs.probe == pairs.reference)
    assert pairs.mated.sum() * 2 == len(pairs) <= max(2, count)
    if cap is not None:
        assert max(Counter(patients[pairs.probe[pairs.mated]]).values()) <= cap
    unordered = {frozenset(p) for p in zip(pairs.probe[mated], pairs.reference[mated], strict=True)}
    assert len(unordered) == mated.sum(), "a mated pair stands once"


def test_all_mated_pairs_of_the_pool_are_reachable():
    pairs = draw_pairs(np.repeat(np.arange(50), 3), 10**6, None, np.random.default_rng(0), "train")
    assert pairs.mated.sum() == 50 * 3


def test_one_image_of_a_pair_tells_nothing():
    """A score of the probe alone, or of the reference alone, has an AUC of exactly 0.5."""
    rng = np.random.default_rng(1)
    patients = np.repeat(np.arange(80), rng.geometric(0.3, 80))
    pairs = draw_pairs(patients, 300, 10, rng, "test")
    of_image = rng.random(len(patients)) + patients / 80  # tells patients apart, and still nothing
    assert auc(pairs.mated, of_image[pairs.reference]) == 0.5
    assert auc(pairs.mated, of_image[pairs.probe]) == 0.5


def test_non_mated_pairs_are_rarely_repeated():
    pairs = draw_pairs(np.repeat(np.arange(300), 4), 2000, 10, np.random.default_rng(0), "test")
    stranger = ~pairs.mated
    drawn = list(zip(pairs.probe[stranger], pairs.reference[stranger], strict=True))
    assert len(set(drawn)) == len(drawn)


def test_the_same_seed_draws_the_same_pairs():
    patients = np.repeat(np.arange(40), 3)
    a, b, c = (draw_pairs(patients, 60, 10, np.random.default_rng(s), "test") for s in (3, 3, 4))
    assert np.array_equal(a.probe, b.probe)
    assert np.array_equal(a.reference, b.reference)
    assert not np.array_equal(a.probe, c.probe)


def test_no_mated_pair_is_an_error():
    with pytest.raises(PrivbenchError, match="No patient of the test split has two images"):
        draw_pairs(np.arange(10), 10, None, np.random.default_rng(0), "test")


def test_one_patient_with_nearly_everything_is_an_error():
    with pytest.raises(PrivbenchError, match=r"One patient of the test split holds 45 of its 46"):
        draw_pairs(np.array([0] * 10 + [1] * 2), 100, None, np.random.default_rng(0), "test")


@settings(max_examples=60, deadline=None)
@given(patients(), st.integers(2, 80), st.one_of(st.none(), st.integers(1, 5)), st.integers(0, 9), st.integers(1, 4))
def test_two_images_of_a_visit_are_no_mated_pair(patients, count, cap, seed, images):
    visits = np.arange(len(patients)) // images
    try:
        pairs = draw_pairs(patients, count, cap, np.random.default_rng(seed), "train", visits)
    except PrivbenchError:
        assume(False)
    mated = patients[pairs.probe] == patients[pairs.reference]
    assert np.array_equal(mated, pairs.mated)
    assert (visits[pairs.probe] != visits[pairs.reference])[mated].all()
    if images == 1:
        assert pairs.digest == draw_pairs(patients, count, cap, np.random.default_rng(seed), "train").digest


def test_all_mated_pairs_across_visits_are_reachable():
    patients, visits = np.repeat(np.arange(50), 4), np.arange(200) // 2
    pairs = draw_pairs(patients, 10**6, None, np.random.default_rng(0), "train", visits)
    assert pairs.mated.sum() == 50 * 4
    with pytest.raises(PrivbenchError, match="has two images of different studies, so there is no mated pair"):
        draw_pairs(patients, 10, None, np.random.default_rng(0), "train", patients)
    with pytest.raises(PrivbenchError, match="has two images, so there is no mated pair"):
        draw_pairs(np.arange(9), 10, None, np.random.default_rng(0), "train", np.arange(9))


def test_without_studies_the_pairs_are_those_of_earlier_versions():
    """Drawn before there were studies."""
    patients = np.repeat(np.arange(40), 3)
    pairs = draw_pairs(patients, 60, 2, np.random.default_rng(3), "test", np.arange(120))
    assert pairs.digest == "bc7e7513c9451ca8090f8ef24e23e0cbe9eea21c95ceae5903ced92883ac72bf"


TABLE = pd.DataFrame({"image": ["a0.png", "a1.png", "b0.png"], "patient": [1, 1, 2]})


def test_pairs_from_a_list(tmp_path):
    file = tmp_path / "pairs.txt"
    file.write_text("a0.png a1.png 1\n\na1.png b0.png 0\n")
    pairs = read_pairs(file, TABLE, "test")
    assert (pairs.probe.tolist(), pairs.reference.tolist(), pairs.mated.tolist()) == (
        [0, 1],
        [1, 2],
        [True, False],
    )


def test_names_with_blanks_are_parted_by_tabs(tmp_path):
    file = tmp_path / "pairs.txt"
    file.write_text("a 0.png\ta 1.png\t1\na 1.png \t\tb0.png\t0\t\nb1.png  b0.png 1\n")
    table = pd.DataFrame({"image": ["a 0.png", "a 1.png", "b0.png", "b1.png"], "patient": [1, 1, 2, 2]})
    pairs = read_pairs(file, table, "test")
    assert (pairs.probe.tolist(), pairs.reference.tolist()) == ([0, 1, 3], [1, 2, 2])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a0.png a1.png\n", "line 1: expected 'image1 image2 label'"),
        ("a0.png a1.png yes\n", "line 1: expected"),
        ("a0.png a1.png 1\na0.png c.png 0\n", "line 2: c.png is no image of the test split"),
        ("a0.png a0.png 1\n", "a0.png is paired with itself"),
        ("a0.png a1.png 0\n", "labelled 0, but the images are of patients 1 and 1"),
        ("a0.png b0.png 1\n", "labelled 1, but the images are of patients 1 and 2"),
        ("a0.png a1.png 1\n", "needs mated"),
    ],
)
def test_a_wrong_list_names_its_line(tmp_path, text, message):
    file = tmp_path / "pairs.txt"
    file.write_text(text)
    with pytest.raises(PrivbenchError, match=message):
        read_pairs(file, TABLE, "test")


def test_a_missing_list(tmp_path):
    with pytest.raises(PrivbenchError, match="There is no file"):
        read_pairs(tmp_path / "none.txt", TABLE, "test")
