import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from privbench.metrics import bootstrap
from privbench.metrics.retrieval import NO_RIVAL, cumulative_match, rank_mates


def test_counts_are_resamples_of_patients(rng):
    counts = bootstrap.draw_counts(7, 4000, rng)
    assert counts.shape == (7, 4000)
    assert (counts.sum(0) == 7).all()
    assert np.allclose(counts.mean(1), 1, atol=0.1)
    assert counts.var(1) == pytest.approx(np.full(7, 6 / 7), rel=0.15)  # multinomial: 1 - 1/n


def test_effective_number_of_patients():
    assert bootstrap.effective_number(np.array([3, 3, 3, 3])) == 4
    assert bootstrap.effective_number(np.array([66, 1, 1, 1])) == pytest.approx(69**2 / (66**2 + 3))
    assert bootstrap.effective_number(np.array([5, 0, 0])) == 1


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10**6))
def test_pairs_count_as_the_copies_of_their_patients(seed):
    """Against the plain way: copy every drawn patient, and pair copies as the originals were paired."""
    rng = np.random.default_rng(seed)
    patients = rng.integers(0, 6, (2, 60))
    patients[1, :30] = patients[0, :30]
    mated = patients[0] == patients[1]
    scores = rng.integers(0, 5, (2, 60)) + mated
    counts = bootstrap.draw_counts(6, 20, rng)
    values = bootstrap.pair_auc(scores, mated, *patients)(counts)
    for column, drawn in enumerate(counts.T.astype(int)):
        copies = []
        for row, (probe, reference) in enumerate(patients.T):
            times = drawn[probe] if mated[row] else drawn[probe] * drawn[reference]
            copies += [row] * times
        for training in range(2):
            both = len(set(mated[copies])) == 2
            expected = roc_auc_score(mated[copies], scores[training][copies]) if both else np.nan
            assert values[training, column] == pytest.approx(expected, nan_ok=True, abs=1e-6)


def test_class_aucs_are_those_of_the_drawn_images(rng):
    patient = rng.integers(0, 9, 80)
    labels, scores = rng.random((80, 3)) < 0.3, rng.integers(0, 6, (80, 3))
    counts = bootstrap.draw_counts(9, 10, rng)
    values = bootstrap.class_aucs(labels, scores, patient)(counts)
    for column, drawn in enumerate(counts.T.astype(int)):
        rows = np.repeat(np.arange(80), drawn[patient])
        for c in range(3):
            assert values[c, column] == pytest.approx(roc_auc_score(labels[rows, c], scores[rows, c]), abs=1e-6)


def test_patients_and_not_images_are_the_unit(rng):
    """Twenty copies of every image add no patients, so they must not change a resampled value."""
    labels = rng.random((60, 1)) < 0.5
    scores = labels + rng.normal(0, 1, (60, 1))
    counts = bootstrap.draw_counts(60, 100, rng)
    few = bootstrap.class_aucs(labels, scores, np.arange(60))(counts)
    many = bootstrap.class_aucs(labels.repeat(20, 0), scores.repeat(20, 0), np.arange(60).repeat(20))(counts)
    assert np.allclose(few, many, atol=1e-6)


def test_a_lost_class_is_not_a_number(rng):
    labels, scores = np.array([[True], [False], [False]]), np.array([[3.0], [1], [2]])
    values = bootstrap.class_aucs(labels, scores, np.arange(3))(bootstrap.draw_counts(3, 200, rng))
    assert np.isnan(values).any()
    assert set(values[~np.isnan(values)]) == {1.0}


def test_means_are_those_of_the_copies(rng):
    patient, values = np.array([0, 0, 1, 2]), np.array([1.0, 3, 5, 7])
    assert bootstrap.mean(values, patient)(np.array([[2.0], [1], [0]])) == pytest.approx((2 * 4 + 5) / 5)


def gallery(rng, noise):
    patient = np.repeat(np.arange(14), rng.integers(1, 5, 14))
    centre = rng.normal(size=(14, 3))
    points = centre[patient] + noise * rng.normal(size=(len(patient), 3))
    return patient, -np.linalg.norm(points[:, None] - points, axis=2)


def arrays_of(ranks, patient):
    best = ranks.loc[ranks.groupby("probe")["outranked_by"].idxmin()]
    rival = np.where(best["rival"] == NO_RIVAL, -1, best["rival"])[None]
    return (best["outranked_by"] == 0).to_numpy()[None], rival, patient[best["probe"]]


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10**6))
def test_rank_1_without_a_patient_is_that_of_the_gallery_without_him(seed):
    """The jackknife of the statistic against galleries that are ranked anew without the patient."""
    rng = np.random.default_rng(seed)
    patient, similarity = gallery(rng, 0.7)
    statistic = bootstrap.rank_1(*arrays_of(rank_mates(similarity, patient, patient, rng), patient))
    jackknife = statistic(bootstrap.leave_one_out(14))[0]
    for left_out in range(14):
        kept = patient != left_out
        ranks = rank_mates(similarity[np.ix_(kept, kept)], patient[kept], patient[kept], rng)
        assert jackknife[left_out] == pytest.approx(cumulative_match(ranks, 1), abs=1e-6)


def test_the_gallery_neither_shrinks_nor_grows_on_average(rng):
    patient, similarity = gallery(rng, 1.0)
    found, rival, owner = arrays_of(rank_mates(similarity, patient, patient, rng), patient)
    values = bootstrap.rank_1(found, rival, owner)(bootstrap.draw_counts(14, 20000, rng))
    assert values.mean() == pytest.approx(found.mean(), abs=0.02)


def test_noise_between_two_patients_is_known(rng):
    """One image a patient, every patient in one mated and one non-mated pair: the closed forms of DeLong's variance."""
    mated = np.repeat([True, False], 50)
    scores = rng.normal(size=(1, 100)) + mated
    outranking = (scores[0, mated][:, None] > scores[0, ~mated]).mean(0)
    probe, reference = np.arange(100), np.r_[np.arange(50), np.roll(np.arange(50, 100), 1)]
    influence = bootstrap.pair_influence(scores, mated, probe, reference)
    assert np.square(influence).sum() == pytest.approx(np.var(outranking) / 50)
    # Both ways round they are the same two patients, whose pairs go together.
    twice = bootstrap.pair_influence(
        np.repeat(scores, 2, 1), np.repeat(mated, 2), np.c_[probe, reference].ravel(), np.c_[reference, probe].ravel()
    )
    assert np.sort(twice) == pytest.approx(np.sort(influence))
    rival = np.array([[1, 1, -1, 2], [1, -1, -1, 2]])
    patient = np.array([0, 0, 1, 3])
    # Patient 0 and rival 1 meet three times, patient 3 and rival 2 twice, in two trainings of four probes.
    assert bootstrap.rival_noise(rival, patient) == pytest.approx((9 + 4) / 64)
    assert bootstrap.rival_noise(np.full((1, 4), -1), patient) == 0


def test_ratios_are_those_of_the_copies():
    statistic = bootstrap.ratio(np.array([1.0, 0, 2]), np.array([2.0, 1, 3]))
    assert statistic(np.array([[1.0, 2, 0], [1, 0, 3], [1, 1, 0]]))[:2] == pytest.approx([3 / 6, 4 / 7])
    assert np.isnan(bootstrap.ratio(np.zeros(2), np.array([0.0, 1]))(np.array([[1.0], [0.0]]))).all()


def test_those_hit_worst_are_the_highest_as_far_as_they_are_that_share():
    values, patient = np.array([0.2, 1.0, 0.6, 0.0]), np.arange(4)
    ones = np.ones((4, 1))
    assert bootstrap.hit_worst(values, patient, 0.25)(ones) == pytest.approx([1.0])
    assert bootstrap.hit_worst(values, patient, 0.5)(ones) == pytest.approx([0.8])
    assert bootstrap.hit_worst(values, patient, 0.375)(ones) == pytest.approx([(1.0 + 0.6 / 2) / 1.5]), "half of one"
    assert bootstrap.hit_worst(values, patient, 0.01)(ones) == pytest.approx([1.0]), "less than one"
    assert bootstrap.hit_worst(values, patient, 1.0)(ones) == pytest.approx([values.mean()])


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10**6))
def test_a_patient_of_weight_k_is_hit_k_times(seed):
    """Against the plain way: copy every drawn patient, and take the highest."""
    rng = np.random.default_rng(seed)
    values = rng.integers(0, 5, 40) / 4
    counts = bootstrap.draw_counts(40, 20, rng)
    found = bootstrap.hit_worst(values, np.arange(40), 0.1)(counts)
    for column, drawn in enumerate(counts.T.astype(int)):
        assert found[column] == pytest.approx(np.sort(np.repeat(values, drawn))[-4:].mean())
