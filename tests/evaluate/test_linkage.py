"""What the scores of an attack say in one scenario, against counting by hand."""

import numpy as np
import pandas as pd
import pytest
from attack_scores import PROTOCOL, VERSIONS, resampled, scores_of, thirty_patients
from sklearn.metrics import roc_auc_score

from privbench.evaluate.attacks import attack_results
from privbench.evaluate.linkage import attack_result, auc_estimate, aucs_by_seed, part_of, rank_1_estimate
from privbench.protocols.kinds import Compared
from privbench.record.scores import MATCH_COLUMNS, AttackOrigin, linkage_scores, retrieval_ranks, stacked


@pytest.fixture
def split(rng):
    return thirty_patients(rng)


def test_trainings_and_patients_are_told_apart_and_joined(split, rng):
    found = attack_results(scores_of(split, rng, 1), VERSIONS, PROTOCOL, resampled(split))
    three, one = found.attacks
    assert (three.name, len(three.seed_aucs), one.seed_std) == ("contrastive", 3, None)
    width = three.interval.high - three.interval.low
    assert width > three.patient_interval.high - three.patient_interval.low
    assert "joined with the spread of the trainings" in three.interval.method
    assert one.interval == one.patient_interval
    assert "networks held fixed" in one.interval.method
    assert three.image_wise_interval.method.startswith("image-wise")
    mated = split.pairs.mated
    times = np.bincount(split.patients[split.pairs.probe[mated]])
    assert three.counts.effective_patients == pytest.approx(times.sum() ** 2 / (times**2).sum())


def pairs_of(split, rng, seeds=2, strength=1.5):
    """The scores of one attack on the split's pairs, with ties."""
    mated = split.pairs.mated
    parts = [
        linkage_scores(
            AttackOrigin("contrastive", "informed", seed), split, "test", "AO", split.pairs,
            (strength * mated + rng.normal(0, 1, len(mated))).round(1),
        )
        for seed in range(seeds)
    ]  # fmt: skip
    return pd.concat(parts, ignore_index=True)


def ranks_of(split, similarities, rng):
    """The ranks of one attack, a training each similarity."""
    origins = [AttackOrigin("contrastive", "informed", seed) for seed in range(len(similarities))]
    parts = [retrieval_ranks(origin, split, one, rng) for origin, one in zip(origins, similarities, strict=True)]
    return pd.concat(parts, ignore_index=True)


def similar(split, rng, strength=2.5, seeds=2):
    """Similarities of every image to every other. Shape: (seeds, N, N)."""
    return strength * (split.patients[:, None] == split.patients) + rng.normal(0, 1, (seeds, 90, 90))


def found_first(similarity, patients):
    """Of every probe, whether the most similar other image is of its patient."""
    others = np.where(np.eye(len(similarity), dtype=bool), -np.inf, similarity)
    return patients[others.argmax(1)] == patients


def result_of(split, rng, ranks, measures=(), strength=1.5):
    scores = pairs_of(split, rng, strength=strength)
    every = pd.concat([scores, scores.assign(split="train"), scores.assign(split="val")])
    none = stacked([], MATCH_COLUMNS)
    return attack_result(every, ranks, none, measures, None, PROTOCOL, "7", resampled(split))


def test_an_auc_without_a_patient_is_that_of_the_pairs_of_the_others(split, rng):
    scores = pairs_of(split, rng)
    estimate = auc_estimate(scores, resampled(split))
    seeds = [part for _, part in scores.groupby("seed")]
    assert estimate.value == pytest.approx(np.mean([roc_auc_score(one["mated"], one["score"]) for one in seeds]))
    for left_out in (0, 7, 29):
        name = f"{left_out:02}"
        kept = [one[(one["probe_patient"] != name) & (one["reference_patient"] != name)] for one in seeds]
        expected = np.mean([roc_auc_score(one["mated"], one["score"]) for one in kept])
        assert estimate.jackknife[left_out] == pytest.approx(expected, abs=1e-6)


def test_in_a_draw_every_copy_of_a_patient_meets_every_copy_of_the_other(split, rng):
    scores, resampling = pairs_of(split, rng, seeds=1), resampled(split)
    estimate = auc_estimate(scores, resampling)
    probe, reference = (scores[f"{side}_patient"].astype(int).to_numpy() for side in ("probe", "reference"))
    mated = scores["mated"].to_numpy()
    for column in range(5):
        times = resampling.counts[:, column].astype(int)
        weights = np.where(mated, times[probe], times[probe] * times[reference])
        expected = roc_auc_score(mated, scores["score"], sample_weight=weights)
        assert estimate.resampled[column] == pytest.approx(expected, abs=1e-6)


def test_an_attack_rests_on_the_rarer_patients(split, rng):
    """The effective number is that of the mated or of the non-mated pairs, whichever is less."""
    scores = pairs_of(split, rng)
    times = np.bincount(split.patients[split.pairs.probe[split.pairs.mated]])
    assert auc_estimate(scores, resampled(split)).effective == pytest.approx(times.sum() ** 2 / (times**2).sum())
    mated, alone = scores["mated"], scores["probe_patient"] == scores["probe_patient"][scores["mated"].idxmax()]
    assert auc_estimate(scores[~mated | alone], resampled(split)).effective == 1


def test_rank_1_is_how_often_the_most_similar_other_image_is_of_the_patient(split, rng):
    similarities = similar(split, rng)
    estimate = rank_1_estimate(ranks_of(split, similarities, rng), resampled(split))
    by_hand = [found_first(one, split.patients).mean() for one in similarities]
    assert 0.1 < estimate.value < 0.9
    assert estimate.value == pytest.approx(np.mean(by_hand))
    assert estimate.training_error == pytest.approx(np.std(by_hand, ddof=1) / np.sqrt(2))
    assert estimate.effective == pytest.approx(30)


def test_rank_1_without_a_patient_is_that_of_the_gallery_of_the_others(split, rng):
    """A patient is missed as the owner of probes and as the stranger who stood before the mates of others."""
    similarities = similar(split, rng)
    estimate = rank_1_estimate(ranks_of(split, similarities, rng), resampled(split))
    for left_out in range(30):
        kept = split.patients != left_out
        expected = np.mean([found_first(one[np.ix_(kept, kept)], split.patients[kept]).mean() for one in similarities])
        assert estimate.jackknife[left_out] == pytest.approx(expected, abs=1e-6)
    assert len(np.unique(estimate.jackknife.round(6))) > 2


def test_ranks_are_means_over_the_trainings(split, rng):
    similarities = similar(split, rng, strength=2)
    result, _ = result_of(split, rng, ranks_of(split, similarities, rng))
    places = []
    for one in similarities:
        order = np.argsort(-np.where(np.eye(90, dtype=bool), -np.inf, one), axis=1)[:, :-1]
        hits = split.patients[order] == split.patients[:, None]
        places.append(hits.argmax(1))
    rates = {figure.name: figure.value for figure in result.figures} | {"rank 1": result.retrieval.rank_1}
    for k in (1, 5, 10):
        assert rates[f"rank {k}"] == pytest.approx((np.array(places) < k).mean())
    assert result.retrieval.interval.low < result.retrieval.rank_1 < result.retrieval.interval.high


def test_the_whole_gallery_is_the_last_of_the_smaller_ones(split, rng):
    """Of one mate and all strangers: how often a mate outranks every stranger."""
    ranks = ranks_of(split, similar(split, rng), rng)
    result, _ = result_of(split, rng, ranks)
    largest = result.retrieval.by_gallery_size[-1]
    assert largest.size == 88
    assert largest.rank_1 == pytest.approx((ranks["outranked_by"] == 0).mean())


def test_mates_are_sorted_by_the_years_between_their_images(split, rng):
    """Images of a patient at 40, 43 and 50: three, seven and ten years lie between them."""
    split.table["age"] = np.tile([40, 43, 50], 30)
    ranks = ranks_of(split, similar(split, rng), rng)
    result, _ = result_of(split, rng, ranks)
    bins = {(one.low, one.high): one for one in result.retrieval.by_years}
    assert {years: one.mates for years, one in bins.items()} == {(3, 5): 60, (5, 10): 60, (10, None): 60}
    for years, (low, high) in ((3, (3, 5)), (7, (5, 10)), (10, (10, None))):
        rows = ranks[ranks["years"] == years]
        assert bins[low, high].rank_1 == pytest.approx((rows["outranked_by"] == 0).mean())


def test_an_attack_whose_probes_have_no_mates_has_no_ranks(split, rng):
    result, estimates = result_of(split, rng, ranks_of(split, similar(split, rng), rng)[:0])
    assert result.retrieval is None
    assert len(estimates) == 1, "the AUC alone"


def test_an_attacks_own_figures_are_means_over_the_trainings(split, rng):
    ranks = ranks_of(split, similar(split, rng), rng)
    result, _ = result_of(split, rng, ranks, [{"psnr": 20.0, "ssim": 0.5}, {"psnr": 30.0, "ssim": 0.7}])
    assert result.measures == {"psnr": 25.0, "ssim": pytest.approx(0.6)}
    assert result_of(split, rng, ranks)[0].measures == {}


def test_a_figure_that_some_trainings_lack_is_the_mean_over_the_others(split, rng):
    ranks = ranks_of(split, similar(split, rng), rng)
    told = [{"rounds": 1.0}, {"rounds": 2.0, "match": 0.25}, {"match": 0.75, "turned": 0.5}]
    result, _ = result_of(split, rng, ranks, told)
    assert result.measures == {"rounds": 1.5, "match": 0.5, "turned": 0.5}
    assert list(result.measures) == ["rounds", "match", "turned"], "as they were first told"


def test_only_scores_of_the_split_and_of_the_kind_of_images_count(split, rng):
    scores = pairs_of(split, rng, seeds=1)
    other = pd.concat([scores, scores.assign(split="val"), scores.assign(images="AA")])
    assert part_of(other, "test", Compared.ACROSS).equals(scores)
    assert aucs_by_seed(pairs_of(split, rng, seeds=3, strength=0)) == pytest.approx([0.5] * 3, abs=0.25)


def test_an_attack_is_told_with_what_it_trains_on_and_what_it_is_tested_on(split, rng):
    result, _ = result_of(split, rng, ranks_of(split, similar(split, rng), rng))
    assert (result.label, result.plugin, result.version) == ("contrastive (informed)", "contrastive", "7")
    assert (result.train, result.test) == ("AO", "AO")
    assert result.certificate is None
    assert (result.counts.images, result.counts.pairs) == (90, 400)
    assert result.counts.mated == split.pairs.mated.sum()
    assert result.train_auc == result.fit_auc == result.validation_auc == result.verification_auc
