"""How often releases find their own originals, against counting by hand and the exact binomial distribution."""

import numpy as np
import pandas as pd
import pytest
from attack_scores import PROTOCOL, VERSIONS, resampled, scores_of, thirty_patients
from scipy import stats

from privbench.data.patients import one_a_patient
from privbench.evaluate.attacks import attack_results
from privbench.evaluate.own_image import image_match, match_estimate
from privbench.record.attack import ImageMatch
from privbench.record.estimates import EXACT
from privbench.record.names import MATCH, worst_case
from privbench.record.scores import AttackOrigin, own_image_ranks


@pytest.fixture
def split(rng):
    return thirty_patients(rng)


def ranks_of(split, similarities, rng):
    """Of one image of each of thirty patients, a training each similarity. Shape: (seeds, 30, 30)."""
    rows = one_a_patient(split.patients, 500)
    parts = [
        own_image_ranks(AttackOrigin("contrastive", "informed", seed), split, rows, one, rng)
        for seed, one in enumerate(similarities)
    ]
    return pd.concat(parts, ignore_index=True)


def similar(rng, strength, seeds=2):
    return strength * np.eye(30) + rng.normal(0, 1, (seeds, 30, 30))


def match_of(matches, split) -> ImageMatch:
    return image_match(matches, match_estimate(matches, resampled(split)), PROTOCOL.statistics)


@pytest.mark.parametrize("strength", [0, 1.5, 3, 100])
def test_the_rate_is_how_often_the_most_similar_original_is_its_own(split, rng, strength):
    similarities = similar(rng, strength)
    match = match_of(ranks_of(split, similarities, rng), split)
    by_hand = (similarities.argmax(2) == np.arange(30)).mean()
    assert match.rate == pytest.approx(by_hand)
    assert (match.images, match.candidates) == (30, 30)


def test_a_rate_without_a_patient_is_that_of_the_releases_of_the_others(split, rng):
    similarities = similar(rng, 2)
    estimate = match_estimate(ranks_of(split, similarities, rng), resampled(split))
    found = (similarities.argmax(2) == np.arange(30)).mean(0)
    assert estimate.jackknife == pytest.approx((found.sum() - found) / 29)
    assert estimate.effective == pytest.approx(30)
    assert estimate.training_error > 0


@pytest.mark.parametrize("hits", [0, 1, 7, 29, 30])
def test_the_interval_is_the_exact_one_of_that_many_trials(split, rng, hits):
    """At its ends the chance of so many hits, or so few, is a fortieth; and nothing is sure of no hit at all."""
    similarity = np.where(np.arange(30) < hits, 2.0, -1.0) * np.eye(30) + rng.uniform(0, 1, (30, 30))
    interval = match_of(ranks_of(split, similarity[None], rng), split).interval
    below = stats.binom.cdf(hits, 30, interval.high) if hits < 30 else 0.025
    above = stats.binom.sf(hits - 1, 30, interval.low) if hits else 0.025
    assert (below, above) == pytest.approx((0.025, 0.025))
    assert interval.high - interval.low > 0.1
    assert interval.method == EXACT


def test_the_order_of_the_rows_is_of_no_matter(split, rng):
    matches = ranks_of(split, similar(rng, 2), rng)
    mixed = matches.sample(frac=1, random_state=0)
    assert match_of(mixed, split) == match_of(matches, split)
    one, other = (match_estimate(rows, resampled(split)) for rows in (matches, mixed))
    assert np.array_equal(one.jackknife, other.jackknife)


def test_of_one_patient_nothing_is_sure(split, rng):
    matches = ranks_of(split, similar(rng, 2), rng)
    alone = matches[matches["patient"] == matches["patient"].iloc[0]]
    assert match_of(alone, split).interval is None


def test_the_headline_is_the_best_of_all_attacks(split, rng):
    found = attack_results(scores_of(split, rng, 3, image_strength=2), VERSIONS, PROTOCOL, resampled(split))
    rates = {attack.label: attack.match.rate for attack in found.attacks}
    assert len(set(rates.values())) == 2
    assert found.estimates[worst_case(MATCH)].value == max(rates.values()) == found.worst_case.release.match
