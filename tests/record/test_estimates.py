import json
from dataclasses import replace

import numpy as np
import pytest
from records import estimate
from safetensors.numpy import save
from scipy import stats

from privbench.base.errors import PrivbenchError
from privbench.protocols.schema import StatisticsSection
from privbench.record.estimates import EXACT, SOME_TRAININGS, read_estimates, write_estimates
from privbench.record.names import worst_case

STATISTICS = StatisticsSection()


def test_differences_are_paired_and_trainings_are_not(rng):
    shared = rng.normal(0, 0.05, 1000)
    first, second = estimate(0.7, shared, training_error=0.03), estimate(0.8, shared, training_error=0.04)
    both = second.minus(first)
    assert both.value == pytest.approx(0.1)
    assert both.resampled == pytest.approx(np.full(1000, 0.1))
    assert both.patient_error == pytest.approx(0, abs=1e-9)
    assert both.training_error == pytest.approx(0.05)
    assert both.freedom == pytest.approx(0.05**4 / ((0.03**4 + 0.04**4) / 9)), "Welch and Satterthwaite"
    assert both.bounds == (-1, 1)


def test_joined_is_the_sum_of_both_variations(rng):
    patients = rng.normal(0, 0.01, 20000)
    one = replace(estimate(0.7, patients, effective=1e6), training_error=0.02, freedom=1000.0)
    assert one.joined().std() == pytest.approx(np.hypot(0.01, 0.02), rel=0.03)
    assert np.corrcoef(one.joined() - one.drawn, patients)[0, 1] == pytest.approx(0, abs=0.02)
    assert one.standard_error == pytest.approx(np.hypot(0.01, 0.02), rel=0.02)
    assert np.corrcoef(one.joined(1) - patients, one.joined(2) - patients)[0, 1] == pytest.approx(0, abs=0.02)
    two = replace(estimate(0.7, patients / 100, effective=1e6), training_error=0.02, freedom=1.0)
    interval = two.interval(STATISTICS.model_copy(update={"confidence": 0.9}))
    assert interval.low == pytest.approx(0.7 - 0.02 * stats.t.ppf(0.95, 1), abs=0.002), "two trainings tell little"


def test_intervals_stay_where_the_figure_can_be(rng):
    high = estimate(0.98, rng.normal(0, 0.05, 1000))
    assert high.interval(STATISTICS).high == 1.0
    assert estimate(0.9, rng.normal(0, 0.01, 100), effective=1.9).interval(STATISTICS) is None
    assert estimate(0.9, np.full(100, np.nan)).interval(STATISTICS) is None


def test_p_value_and_detectable_difference_are_those_of_the_normal_case(rng):
    draws = rng.normal(0, 0.01, 50000)
    both = estimate(0.0196, draws, effective=1e6)
    assert both.p_value() == pytest.approx(0.05, abs=0.005)
    assert both.detectable() == pytest.approx((1.96 + 0.842) * 0.01, rel=0.02)
    assert estimate(0.0, np.zeros(10)).p_value() == 1
    assert estimate(0.1, np.zeros(10)).p_value() == 0
    few = estimate(0.1, draws, effective=1.5)
    assert (few.interval(STATISTICS), few.p_value(), few.detectable()) == (None, None, None)


def test_p_value_and_interval_agree_where_trainings_are_few(rng):
    """Two trainings a side: the interval holds zero, and the p-value says so."""
    draws = rng.normal(0, 0.002, (2, 4000))
    sides = [
        replace(estimate(value, drawn), training_error=0.01, freedom=1.0)
        for value, drawn in zip((0.70, 0.75), draws, strict=True)
    ]
    both = sides[1].minus(sides[0])
    interval = both.interval(STATISTICS)
    assert interval.low < 0 < interval.high
    assert both.p_value() > 0.05
    assert both.detectable() > 0.05


def test_a_difference_is_as_wide_as_its_own_jackknife_says(rng):
    """What two runs share cancels, whatever each was stretched by."""
    shared, own = rng.normal(0, 0.05, 1000), rng.normal(0, 0.002, (2, 1000))
    sides = [estimate(0.7, shared + part) for part in own]
    expected = np.sqrt(
        np.square(
            sides[1].jackknife - sides[0].jackknife - np.mean(sides[1].jackknife) + np.mean(sides[0].jackknife)
        ).sum()
        * 999
        / 1000
    )
    assert sides[1].minus(sides[0]).patient_error == pytest.approx(expected)


def test_one_training_on_one_side_is_told(rng):
    one, several = estimate(0.7, rng.normal(0, 0.01, 500)), estimate(0.8, rng.normal(0, 0.01, 500), training_error=0.01)
    assert several.minus(one).interval(STATISTICS).method == SOME_TRAININGS
    assert several.minus(several).interval(STATISTICS).method != SOME_TRAININGS


def test_what_never_failed_is_not_certain():
    """Twenty patients of whom none was found: the exact bound of twenty trials."""
    never = estimate(0.0, np.zeros(100), effective=20).interval(STATISTICS)
    assert (never.low, never.method) == (0.0, EXACT)
    assert never.high == pytest.approx(stats.beta.ppf(0.975, 1, 20))
    always = estimate(1.0, np.zeros(100), effective=20).interval(STATISTICS)
    assert (always.low, always.high) == (pytest.approx(stats.beta.ppf(0.025, 20, 1)), 1.0)


def test_estimates_survive_their_file(tmp_path, rng):
    one_name, other_name = worst_case("a"), worst_case("a/b")
    told = {one_name: estimate(0.7, rng.normal(0, 0.01, 300), training_error=0.01)}
    told[other_name] = estimate(0.5, np.zeros(300))
    write_estimates(told, tmp_path / "estimates.safetensors")
    read = read_estimates(tmp_path / "estimates.safetensors")
    assert read.keys() == told.keys()
    one, other = told[one_name], read[one_name]
    assert other.resampled == pytest.approx(one.resampled, abs=1e-7)
    assert (other.value, other.training_error, other.freedom, other.bounds) == (0.7, 0.01, 9.0, (0.0, 1.0))
    assert list(read_estimates(tmp_path / "estimates.safetensors", [other_name, worst_case("c")])) == [other_name]
    (tmp_path / "estimates.safetensors").write_bytes(b"no")
    with pytest.raises(PrivbenchError, match="cannot be read"):
        read_estimates(tmp_path / "estimates.safetensors")


def changed(path, told=None, **arrays):
    """Writes a file of one estimate, of which some is not as it should be."""
    fields = {"value": 0.7, "effective": 9.0, "counted_twice": 0.0, "training_error": None, "freedom": 1.0}
    fields |= {"partly": False, "bounds": [0.0, 1.0]} | (told or {})
    tensors = {"resampled": np.full(100, 0.7), "jackknife": np.full(10, 0.7), "between": np.empty(0)} | arrays
    name = str(worst_case("a"))
    path.write_bytes(
        save(
            {f"{name}/{key}": np.asarray(value, np.float32) for key, value in tensors.items()},
            metadata={"estimates": json.dumps({name: fields})},
        )
    )
    return path


def test_draws_may_leave_no_figure_but_not_all(tmp_path):
    some = np.array([0.7, np.nan] * 50)
    read = read_estimates(changed(tmp_path / "a", resampled=some, jackknife=some[:10]))
    assert np.isnan(read[worst_case("a")].resampled).sum() == 50
    infinite = read_estimates(changed(tmp_path / "a", {"value": 31.0, "bounds": [-np.inf, np.inf]}))
    assert infinite[worst_case("a")].bounds == (-np.inf, np.inf), "a measure has none"


@pytest.mark.parametrize(
    ("told", "arrays", "why"),
    [
        ({"value": np.nan}, {}, "value: Input should be a finite number"),
        ({"value": 7.0}, {}, r"7\.0 is not between 0\.0 and 1\.0"),
        ({"value": "many"}, {}, "value: "),
        ({"effective": np.nan}, {}, "effective: "),
        ({"effective": 0.0}, {}, "effective: "),
        ({"training_error": np.nan}, {}, "training_error: "),
        ({"training_error": -0.1}, {}, "training_error: "),
        ({"freedom": 0.0}, {}, "freedom: "),
        ({"bounds": [1.0, 0.0]}, {}, "is not between"),
        ({"bounds": [np.nan, 1.0]}, {}, "is not between"),
        ({"surplus": 1}, {}, "surplus: Extra inputs"),
        ({}, {"resampled": np.full(100, np.nan)}, "resampled holds no row of numbers"),
        ({}, {"resampled": [0.7, np.inf]}, "resampled holds no row of numbers"),
        ({}, {"resampled": np.full((10, 10), 0.7)}, "resampled holds no row of numbers"),
        ({}, {"resampled": []}, "resampled holds no row of numbers"),
        ({}, {"jackknife": np.full(10, np.nan)}, "jackknife holds no row of numbers"),
        ({}, {"between": [np.nan]}, "between holds no row of numbers"),
    ],
)
def test_what_is_no_number_where_one_belongs_is_refused(tmp_path, told, arrays, why):
    with pytest.raises(PrivbenchError, match=f"cannot be read .*{why}"):
        read_estimates(changed(tmp_path / "a", told, **arrays))


def test_all_figures_rest_on_the_same_draws(tmp_path):
    one, other = estimate(0.7, np.zeros(300)), estimate(0.7, np.zeros(299))
    write_estimates({worst_case("a"): one, worst_case("b"): other}, tmp_path / "a")
    with pytest.raises(PrivbenchError, match="b is of other draws or patients than the rest"):
        read_estimates(tmp_path / "a")
