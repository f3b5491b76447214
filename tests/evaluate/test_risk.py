"""The risk of single patients: closed forms of scores made by hand, and intervals that hold the truth."""

import numpy as np
import pandas as pd
import pytest
from attack_scores import PROTOCOL, VERSIONS, resampled, scores_of, thirty_patients

from privbench.evaluate.attack_figures import fnmr_name
from privbench.evaluate.attacks import attack_results
from privbench.evaluate.linkage import rank_1_estimate
from privbench.evaluate.resampling import Resampling
from privbench.evaluate.risk import AIMED_PRECISION, RISK, Hits, risk_result
from privbench.metrics import bootstrap
from privbench.record.names import ALWAYS_FOUND, HIT_WORST, PRECISION, SINGLED_OUT

VALIDATION = pd.DataFrame(
    {"seed": 0, "split": "val", "patient": [f"v{n}" for n in range(40)], "mates": 1,
     "found": np.arange(40) != 30, "score": np.where(np.arange(40) < 30, 2.0, 1.0), "lead": 0.0}
)  # fmt: skip
"""Thirty patients are found surely, at a score of 2; of ten at a score of 1, one is taken for another."""


def searched(patients, found, score, mates=1, seed=0):
    """Searches of test probes, all of which lead nobody."""
    rows = {"patient": list(patients), "found": found, "score": score, "mates": mates}
    return pd.DataFrame({"seed": seed, "split": "test", "lead": 0.0, **rows})


def ranked(places, seed=0, strangers=20):
    """The ranks of one mate a probe, or of as many as are told: by patient, of each probe who outranks which mate."""
    rows = [
        {"seed": seed, "probe": f"{patient}{number}", "mate": f"{patient}{number}{mate}", "patient": patient,
         "outranked_by": above, "strangers": strangers, "rival": None}
        for patient, probes in places.items()
        for number, mates in enumerate(probes)
        for mate, above in enumerate(mates)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def pairs(val=3000, seeds=(0,)):
    """Linkage scores: validation strangers of 0 to 1; three mated test pairs of a patient a, a missed one of b."""
    strangers = np.arange(val) / val
    known = pd.DataFrame({"split": "val", "mated": False, "score": strangers})
    mates = {"split": "val", "mated": True, "score": 1.0}
    test = pd.DataFrame(
        {"split": "test", "mated": [True, True, True, True, False], "score": [2.0, 2.0, 2.0, 0.5, 0.1],
         "probe_patient": ["a", "a", "a", "b", "c"]}
    )  # fmt: skip
    rows = pd.concat([known, pd.DataFrame([mates]), test])
    return pd.concat([rows.assign(seed=seed) for seed in seeds]).assign(images="AO")


@pytest.fixture
def resampling():
    """Of the patients a to e."""
    return Resampling.of(PROTOCOL, np.array(list("abcde")))


RANKS = ranked({"a": [[0], [0]], "b": [[0, 3], [5, 4], [7, 0]], "c": [[1], [2]], "d": [[0], [0]]})
"""All images find a and d, two of three b, none c; e has one image alone."""


def figures(result):
    return {one.name: one.value for one in result.figures}


def test_who_is_singled_out_is_named_rightly_by_a_rule_of_validation_images(resampling):
    """a by both images, b by two of three, d by one; c wrongly, and so e, of whom there is no other image."""
    searches = searched("aabbbccdde", [1, 1, 1, 0, 1, 0, 0, 1, 1, 0], [2, 3, 2, 2, 1, 2, 1, 1, 0, 2], [1] * 9 + [0])
    result, estimates = risk_result(pairs(), RANKS, pd.concat([VALIDATION, searches]), PROTOCOL, resampling)
    told = figures(result)
    # From a score of 1 on, validation is right in 39 of 40: every image but d's second is given a name.
    assert told[SINGLED_OUT] == pytest.approx(3 / 4), "a, b and d"
    assert told[PRECISION] == pytest.approx(5 / 9)
    assert (result.patients, result.alone, result.precision) == (4, 1, AIMED_PRECISION)
    assert estimates[SINGLED_OUT].jackknife == pytest.approx([2 / 3, 2 / 3, 1.0, 2 / 3, 3 / 4])
    assert estimates[PRECISION].jackknife == pytest.approx([3 / 7, 3 / 6, 5 / 7, 4 / 8, 5 / 8])
    assert estimates[PRECISION].effective == pytest.approx(9**2 / (2**2 + 3**2 + 2**2 + 1 + 1))
    vaguer = VALIDATION.assign(found=VALIDATION["found"] & (np.arange(40) < 36))
    result, _ = risk_result(pairs(), RANKS, pd.concat([vaguer, searches]), PROTOCOL, resampling)
    assert figures(result)[SINGLED_OUT] == pytest.approx(2 / 4), "from a score of 2 on: a and b"
    assert figures(result)[PRECISION] == pytest.approx(3 / 6)


def test_who_is_hit_worst(resampling):
    searches = pd.concat([VALIDATION, searched("abcde", True, 2.0)])
    result, estimates = risk_result(pairs(), RANKS, searches, PROTOCOL, resampling)
    told = figures(result)
    assert told[ALWAYS_FOUND] == pytest.approx(2 / 4), "a and d"
    assert estimates[ALWAYS_FOUND].jackknife == pytest.approx([1 / 3, 2 / 3, 2 / 3, 1 / 3, 1 / 2])
    assert told[HIT_WORST] == 1.0, "one of twenty is less than one patient"
    assert result.guess == pytest.approx((6 * 1 / 21 + 3 * 2 / 22) / 9)
    harmless = ranked({"a": [[0], [1], [1], [1]], "b": [[2], [1]]})
    result, _ = risk_result(pairs(), harmless, searches, PROTOCOL, resampling)
    assert figures(result)[HIT_WORST] == pytest.approx(0.25)
    assert figures(result)[ALWAYS_FOUND] == 0


def test_risk_goes_by_the_number_of_images(resampling):
    many = ranked({"a": [[0], [4]], "b": [[0, 1], [0, 1], [2, 2]], "c": [[0] * 11] * 6 + [[1] * 11] * 6})
    result, _ = risk_result(pairs(), many, pd.concat([VALIDATION, searched("abc", True, 2.0)]), PROTOCOL, resampling)
    rates = {(one.low, one.high): (one.patients, one.rank_1) for one in result.by_images}
    assert rates == {(2, 3): (1, 0.5), (3, 6): (1, pytest.approx(2 / 3)), (11, None): (1, 0.5)}
    own = many[many["patient"] == "b"]
    assert result.by_images[1].interval == rank_1_estimate(own, resampling).interval(PROTOCOL.statistics) is None


def test_mated_pairs_that_are_missed_have_an_interval_over_patients(resampling):
    searches = pd.concat([VALIDATION, searched("abcde", True, 2.0)])
    result, estimates = risk_result(pairs(), RANKS, searches, PROTOCOL, resampling)
    for fmr in (0.01, 0.001):
        assert figures(result)[fnmr_name(fmr)] == pytest.approx(1 / 4)
        assert estimates[fnmr_name(fmr)].jackknife[:3] == pytest.approx([1.0, 0.0, 0.25]), "a has three pairs"
    few, known = risk_result(pairs(val=300), RANKS, searches, PROTOCOL, resampling)
    assert figures(few)[fnmr_name(0.001)] is None, "three hundred strangers show no thousandth"
    assert (fnmr_name(0.01) in known, fnmr_name(0.001) in known) == (True, False)


def test_figures_are_means_over_the_trainings(resampling):
    """The first training singles out a and b, the second c; it gives two names, the first three."""
    one = searched("aabbbcc", [1, 0, 1, 0, 0, 0, 0], [2, 0, 2, 2, 0, 0, 0])
    other = searched("aabbbcc", [0, 0, 0, 0, 0, 1, 0], [0, 0, 0, 0, 0, 2, 2], seed=1)
    known = pd.concat([VALIDATION, VALIDATION.assign(seed=1)])
    ranks = pd.concat([RANKS, RANKS.assign(seed=1, outranked_by=1)], ignore_index=True)
    result, estimates = risk_result(pairs(seeds=(0, 1)), ranks, pd.concat([known, one, other]), PROTOCOL, resampling)
    told = figures(result)
    assert told[SINGLED_OUT] == pytest.approx((2 / 4 + 1 / 4) / 2)
    assert told[PRECISION] == pytest.approx(3 / 5), "of all names"
    assert told[ALWAYS_FOUND] == pytest.approx((2 / 4 + 0) / 2)
    assert told[HIT_WORST] == pytest.approx((1.0 + 0) / 2)
    assert estimates[SINGLED_OUT].training_error == pytest.approx(np.std([0.5, 0.25], ddof=1) / np.sqrt(2))
    assert estimates[PRECISION].training_error == pytest.approx(np.std([2 / 3, 1 / 2], ddof=1) / np.sqrt(2))


def test_where_no_name_is_given_nobody_is_singled_out_and_the_interval_says_how_sure_that_is(resampling):
    searches = pd.concat([VALIDATION, searched("aabbccdde", True, 0.5)])
    result, estimates = risk_result(pairs(), RANKS, searches, PROTOCOL, resampling)
    told = {one.name: one for one in result.figures}
    assert told[SINGLED_OUT].value == told[SINGLED_OUT].interval.low == 0
    assert told[SINGLED_OUT].interval.high == pytest.approx(1 - 0.025 ** (1 / 4)), "of four patients"
    assert (told[PRECISION].value, PRECISION in estimates) == (None, False)


def test_too_few_validation_patients_leave_open_who_is_singled_out(resampling):
    searches = pd.concat([VALIDATION[:4], searched("aabbccdde", True, 2.0)])
    result, estimates = risk_result(pairs(), RANKS, searches, PROTOCOL, resampling)
    told = figures(result)
    assert told[SINGLED_OUT] is told[PRECISION] is None
    assert SINGLED_OUT not in estimates
    assert told[ALWAYS_FOUND] == 0.5


def test_an_attack_that_searches_for_nobody_has_no_risk(resampling):
    assert risk_result(pairs(), RANKS, VALIDATION[:0], PROTOCOL, resampling) == (None, {})
    assert risk_result(pairs(), RANKS[:0], VALIDATION, PROTOCOL, resampling) == (None, {})


def test_every_attack_across_has_the_declared_figures(rng):
    split = thirty_patients(rng)
    found = attack_results(scores_of(split, rng, 6), VERSIONS, PROTOCOL, resampled(split))
    for attack in found.attacks:
        assert [(one.name, one.more_is_private) for one in attack.risk.figures] == [
            (name, one.more_is_private) for name, one in RISK.items()
        ]
        assert attack.risk.figure(SINGLED_OUT).value == 1, "who is that easy to find is found"
        assert attack.risk.figure(PRECISION).value > 0.9
        assert (attack.risk.patients, attack.risk.alone) == (30, 0)
        values = {figure.name: figure.value for figure in attack.figures}
        assert attack.risk.figure(fnmr_name(0.01)).value == pytest.approx(values[fnmr_name(0.01)])
    blind = attack_results(scores_of(split, rng, 0, trained_strength=6), VERSIONS, PROTOCOL, resampled(split))
    assert [attack.risk.figure(SINGLED_OUT).value for attack in blind.attacks] == [0, 0]


def study(patients, rng):
    """Ranks and searches of patients who have two images and more, and are found as often as their images are easy."""
    images = 2 + rng.poisson(1.5, patients)
    owner = np.repeat(np.arange(patients), images)
    ease = rng.beta(1, 4, patients)[owner]  # of one patient: his images resemble one another
    found = rng.random(len(owner)) < ease
    score = 4 * found + 2 * ease + rng.normal(0, 1, len(owner))
    names = np.array([f"{one:06}" for one in owner])
    told = {"seed": 0, "patient": names, "strangers": 100, "rival": None, "outranked_by": np.where(found, 0, 3)}
    ranks = pd.DataFrame({"probe": np.arange(len(owner)), "mate": -1, **told})
    searches = pd.DataFrame(
        {"seed": 0, "split": "test", "patient": names, "mates": 1, "found": found, "score": score, "lead": 0.0}
    )
    return ranks, searches


def test_intervals_hold_the_truth_of_clustered_patients():
    """The rule is the attacker's own and stays; of other patients, 95 of a hundred intervals hold the truth."""
    rng = np.random.default_rng(0)
    validation = study(300, rng)[1].assign(split="val")
    figures_of = {name: RISK[name].of for name in (SINGLED_OUT, PRECISION, ALWAYS_FOUND, HIT_WORST)}

    def estimates(ranks, searches):
        draws = Resampling(
            np.unique(searches["patient"]), bootstrap.draw_counts(searches["patient"].nunique(), 200, rng)
        )
        hits = Hits.of(pairs().assign(probe_patient="000000"), ranks, pd.concat([validation, searches]), draws)
        return {name: of(hits) for name, of in figures_of.items()}

    everybody = study(2000, rng)
    truth = {name: one.value for name, one in estimates(*everybody).items()}
    held = dict.fromkeys(figures_of, 0)
    for _ in range(100):
        for name, one in estimates(*study(80, rng)).items():
            interval = one.interval(PROTOCOL.statistics)
            held[name] += interval.low <= truth[name] <= interval.high
    assert min(held.values()) >= 89, held
