import dataclasses

import numpy as np
import pytest
from records import entry, estimate
from scipy import stats

from privbench.judging.areas import area_between, areas_of, share_left
from privbench.judging.ranking import make_boards
from privbench.metrics.intervals import at_the_bound


def board_of(rng, *runs, identity=(0.95, 0.8), spread=0.002):
    """A board of `identity` and those runs: method, AUC of the attack, utility, setting and, perhaps, a verdict."""
    entries = [] if identity is None else [entry("identity", *identity, rng=rng, spread=spread)]
    for name, attacked, useful, setting, *verdict in runs:
        told = {"params": {"b": setting}, "verdict": verdict[0] if verdict else "certified"}
        entries.append(entry(name, attacked, useful, rng=rng, spread=spread, **told))
    (board,) = make_boards(entries)
    return board


def by_method(board):
    return {one.method: one for one in areas_of(board).methods}


def test_the_area_of_certified_settings_measured_against_identity(rng):
    """By hand, of shares of margins of 0.45 and 0.3."""
    found = by_method(
        board_of(
            rng, ("a", 0.86, 0.77, 1), ("a", 0.68, 0.65, 2), ("a", 0.9, 0.6, 3), ("b", 0.5, 0.8, 1), ("c", 0.4, 0.9, 1)
        )
    )
    assert found["a"].value == pytest.approx(0.2 * 0.9 + 0.4 * 0.5)
    assert (found["a"].settings, found["a"].counted) == (3, 3)
    assert found["b"].value == pytest.approx(1), "all privacy at full utility"
    assert found["c"].value == 1, "and there is no more than that"
    assert "identity" not in found
    for one in found.values():
        assert 0 <= one.interval.low <= one.value <= one.interval.high <= 1


def test_methods_stand_in_the_order_of_their_areas_and_the_unproven_last(rng):
    board = board_of(
        rng, ("weak", 0.5, 0.8, 1, "weak"), ("low", 0.9, 0.7, 1), ("low", 0.8, 0.6, 2), ("high", 0.6, 0.7, 1)
    )
    assert [one.method for one in areas_of(board).methods] == ["high", "low", "weak"]


def test_what_is_not_certified_counts_nothing(rng):
    certain = [("a", 0.86, 0.77, 1), ("a", 0.68, 0.65, 2)]
    alone = by_method(board_of(np.random.default_rng(1), *certain))["a"]
    beside = by_method(
        board_of(np.random.default_rng(1), *certain, ("a", 0.5, 0.8, 3, "weak"), ("a", 0.5, 0.8, 4, "open"))
    )
    assert (beside["a"].value, beside["a"].interval) == (alone.value, alone.interval)
    assert (beside["a"].settings, beside["a"].counted) == (4, 2)
    unproven = by_method(board_of(rng, ("a", 0.5, 0.8, 1, "weak"), ("a", 0.6, 0.8, 2, "weak")))["a"]
    assert (unproven.value, unproven.interval, unproven.counted, unproven.settings) == (None, None, 0, 2)


def test_it_is_told_where_it_can_be_and_else_why_not(rng):
    runs = [("a", 0.86, 0.77, 1), ("a", 0.68, 0.65, 2)]
    assert areas_of(board_of(rng, runs[0])) is None, "a method of one setting has no curve"
    assert areas_of(board_of(rng, runs[0], runs[0])) is None, "nor has one that was run twice"
    without = areas_of(board_of(rng, *runs, identity=None))
    assert without.methods == ()
    assert without.why_none == (
        "The area under the trade-off is not told: no run of identity is among these, against which privacy and "
        "utility are measured."
    )
    lost = areas_of(board_of(rng, *runs, identity=(0.54, 0.53)))
    assert "on identity the attack and the reader of findings may do no better than a guess" in lost.why_none
    starved = entry("identity", 0.95, 0.8, verdict="weak", rng=rng)
    others = [entry(name, p, u, params={"b": b}, rng=rng) for name, p, u, b in runs]
    assert "identity, against which" in areas_of(make_boards([starved, *others])[0]).why_none
    old = dataclasses.replace(entry("identity", 0.95, 0.8, rng=rng), privacy=None, utility=None)
    assert "run it again with --overwrite" in areas_of(make_boards([old, *others])[0]).why_none


def test_of_several_identities_those_figures_count_that_make_areas_smaller(rng):
    """By hand, of margins of 0.4 and 0.3, whichever run has them; one that is not certified has none."""
    runs = [entry("a", 0.86, 0.77, params={"b": 1}, rng=rng), entry("a", 0.68, 0.65, params={"b": 2}, rng=rng)]
    least, most = entry("identity", 0.9, 0.75, rng=rng), entry("identity", 0.95, 0.8, rng=rng)
    weak = entry("identity", 0.8, 0.9, verdict="weak", rng=rng)
    found = by_method(make_boards([least, most, weak, *runs])[0])["a"]
    assert found.value == pytest.approx(0.1 * 0.9 + 0.45 * 0.5)
    for alone in (least, most):
        assert found.value < by_method(make_boards([alone, *runs])[0])["a"].value


def test_what_is_identity_under_another_name_has_no_area(rng):
    same, other = entry("identity", 0.95, 0.8, rng=rng), entry("b", 0.7, 0.7, rng=rng)
    copies = [
        dataclasses.replace(same, record=entry("copy", 0.95, 0.8, params={"b": b}, rng=rng).record) for b in (1, 2)
    ]
    found = by_method(make_boards([same, *copies, other])[0])["copy"]
    assert found.value == found.interval.low == 0
    assert found.interval.high == pytest.approx(at_the_bound(0, (0, 1), 1 - 0.05 / 4, 100)[1])


def test_a_margin_that_is_left_has_the_errors_of_both(rng):
    """The trainings' in closed form, the patients' by the definition of the jackknife."""
    draws = rng.normal(0, 0.01, (2, 400))
    one, whole = estimate(0.7, draws[0], training_error=0.02), estimate(0.9, draws[1], training_error=0.03)
    found = share_left(one, whole)
    assert found.value == pytest.approx(0.5)
    assert found.training_error == pytest.approx(np.hypot(0.02, 0.5 * 0.03) / 0.4)
    ratios = (one.jackknife - 0.5) / (whole.jackknife - 0.5)
    assert found.patient_error == pytest.approx(np.sqrt(399 * np.var(ratios)))
    assert found.resampled == pytest.approx((one.resampled - 0.5) / (whole.resampled - 0.5))
    assert share_left(whole, whole).patient_error == pytest.approx(0), "what both share cancels"
    lost = share_left(one, dataclasses.replace(whole, resampled=np.append(0.4, whole.resampled[1:])))
    assert np.isnan(lost.resampled[0])
    assert not np.isnan(lost.resampled[1:]).any()


def test_noise_of_two_patients_counts_once(rng):
    """As in a difference: the linear part of the share, pair by pair."""
    between = rng.normal(0, 0.001, (2, 50))
    one, whole = (
        dataclasses.replace(estimate(value, rng.normal(0, 0.01, 400)), between=own)
        for value, own in zip((0.7, 0.9), between, strict=True)
    )
    assert share_left(one, whole).between == pytest.approx((between[0] - 0.5 * between[1]) / 0.4)


def test_the_interval_is_the_one_figures_own_where_there_is_one(rng):
    """Of a share that alone varies: Student's t by hand, through the area, which is that share of what is kept."""
    draws = rng.normal(0, 0.01, 20_000)
    still = np.zeros(20_000)
    attacked, useful = estimate(0.4, draws / draws.std() * 0.01, effective=1e6), estimate(0.8, still, effective=1e6)
    low, high = area_between([attacked], [useful], 0.95)
    assert (low, high) == pytest.approx((0.8 * (0.6 - 0.0196), 0.8 * (0.6 + 0.0196)), abs=0.8 * 0.0004)


def test_shares_that_never_vary_hold_all_at_once(rng):
    """Two that are at a bound, of four: each may miss in an eighth of all misses at either end, the others in half."""
    draws = rng.normal(0, 0.01, (2, 20_000))
    still, varying = estimate(0.0, np.zeros(20_000)), [estimate(0.5, one) for one in draws]
    bound = at_the_bound(0, (0, 1), 1 - 0.05 / 4, 100)[1]
    assert bound == pytest.approx(1 - (0.05 / 8) ** (1 / 100))
    low, high = area_between([still, still], [estimate(1.0, np.zeros(20_000))] * 2, 0.95)
    assert (low, high) == pytest.approx(((1 - bound) ** 2, 1))
    largest = np.abs(draws / draws.std(1, keepdims=True)).max(0)
    reach = 0.01 * stats.t.isf(stats.norm.sf(np.quantile(largest, 1 - 0.05 / 2)), 99)
    low, high = area_between([still, still], varying, 0.95)
    assert (low, high) == pytest.approx(((1 - bound) * (0.5 - reach), 0.5 + reach), abs=2e-4)


def test_few_patients_trainings_and_further_settings_make_it_wider(rng):
    draws = rng.normal(0, 0.01, (6, 1000))

    def width(number, **told):
        parts = [estimate(0.5, one, **told) for one in draws[: 2 * number]]
        low, high = area_between(parts[:number], parts[number:], 0.95)
        return high - low

    assert width(1) < width(3)
    assert width(1) < width(1, effective=4.0)
    assert width(1) < width(1, training_error=0.02)
    parts = [estimate(0.5, draws[0], effective=1.5)] * 2
    assert area_between(parts[:1], parts[1:], 0.95) is None


def test_two_trainings_do_not_make_privacy_of_their_own_spread_nor_hide_what_is_there(rng):
    """Three settings, in 50 studies whose trainings vary more than their patients: those that do nothing, and those
    that take away the attacker's margin, which is 200 spreads of the trainings."""
    spread = 0.002

    def trained(truth):
        values = truth + rng.normal(0, spread, 2)
        error = np.std(values, ddof=1) / np.sqrt(2)
        return dataclasses.replace(
            estimate(values.mean(), rng.normal(0, spread / 10, 200), training_error=error), freedom=1.0
        )

    useful = [estimate(1.0, np.zeros(200))] * 3

    def above(truth):
        whole = trained(0.9)
        low, _ = area_between([share_left(trained(truth), whole) for _ in range(3)], useful, 0.95)
        return low > 0

    assert sum(above(0.9) for _ in range(50)) <= 3
    assert sum(above(0.5) for _ in range(50)) >= 47
