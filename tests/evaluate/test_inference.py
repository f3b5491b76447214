"""How well attributes are read off images, from scores made by hand."""

import numpy as np
import pandas as pd
import pytest
from attack_scores import PROTOCOL, resampled, thirty_patients
from sklearn.metrics import roc_auc_score

from privbench.evaluate.inference import inference_results
from privbench.protocols.kinds import CONTROL
from privbench.record.scores import AttackOrigin, inference_scores


@pytest.fixture
def split(rng):
    return thirty_patients(rng)


def test_attributes_are_judged_by_auc_and_by_years(split, rng):
    def say(scenario, sharpness):
        male = (split.table["sex"] == "M").to_numpy() * sharpness + rng.normal(0, 1, 90)
        inferred = {"sex": male, "age": split.table["age"] + 2.0}
        return inference_scores(AttackOrigin("attributes", scenario, 0), split, inferred)

    both = pd.concat([say(CONTROL, 5), say("informed", 0)])
    sex, age = inference_results(both, PROTOCOL, "1", resampled(split))
    assert (sex.metric, sex.base_rate) == ("auc", 0.5)
    assert abs(sex.value - 0.5) < 0.15 < 0.45 < sex.original - 0.5
    assert (age.metric, age.value, age.original) == ("mae", pytest.approx(2), pytest.approx(2))
    assert age.base_rate == pytest.approx(2 / 3), "the median's own error"
    assert age.interval.low == pytest.approx(2, abs=1e-6)


def say(split, scenario, seed, **inferred):
    return inference_scores(AttackOrigin("attributes", scenario, seed), split, inferred)


def judged(split, *parts):
    return inference_results(pd.concat(parts), PROTOCOL, "3", resampled(split))


def test_an_auc_is_the_mean_over_the_trainings_of_reading_the_second_value(split, rng):
    male = (split.table["sex"] == "M").to_numpy()
    said = male + rng.normal(0, 1, (2, 90))
    (sex,) = judged(
        split,
        say(split, CONTROL, 0, sex=-1.0 * male),
        *(say(split, "informed", seed, sex=one) for seed, one in enumerate(said)),
    )
    assert sex.value == pytest.approx(np.mean([roc_auc_score(male, one) for one in said]))
    assert sex.original == 0, "who takes men for women on originals reads them the wrong way round"
    assert sex.interval.low < sex.value < sex.interval.high
    assert "joined with the spread of the trainings" in sex.interval.method
    assert (sex.name, sex.version, sex.scenario, sex.attribute) == ("attributes", "3", "informed", "sex")
    assert (sex.counts.patients, sex.counts.images) == (30, 90)
    assert sex.counts.effective_patients == pytest.approx(15), "those of the rarer value"


@pytest.mark.parametrize(("rare", "common"), [("F", "M"), ("M", "F")])
def test_an_attribute_rests_on_the_patients_of_the_rarer_value(split, rng, rare, common):
    split.table["sex"] = np.where(split.patients < 6, rare, common)
    (sex,) = judged(split, *(say(split, one, 0, sex=rng.normal(0, 1, 90)) for one in (CONTROL, "informed")))
    assert sex.counts.effective_patients == pytest.approx(6)


def test_an_error_in_years_is_the_mean_of_its_size(split, rng):
    ages = split.table["age"].to_numpy()
    errors = rng.normal(0, 5, (2, 90))
    (age,) = judged(
        split,
        say(split, CONTROL, 0, age=ages.astype(float)),
        *(say(split, "informed", seed, age=ages + one) for seed, one in enumerate(errors)),
    )
    assert age.value == pytest.approx(np.abs(errors).mean())
    assert age.original == 0
    assert age.interval.low < age.value < age.interval.high
    assert age.counts.effective_patients == pytest.approx(30)


def test_an_error_may_be_larger_than_one(split):
    ages = split.table["age"].to_numpy()
    spread = np.where(np.arange(90) % 2, 10.0, 30.0)
    (age,) = judged(split, *(say(split, one, 0, age=ages + spread) for one in (CONTROL, "informed")))
    assert age.value == pytest.approx(20)
    assert 1 < age.interval.low < age.value < age.interval.high


@pytest.mark.parametrize("views", [["PA"], ["PA", "AP", "LL"]])
def test_an_attribute_of_one_value_or_of_three_is_left_out(split, views):
    split.table["view"] = np.resize(views, 90)
    said = np.arange(90.0)
    results = judged(split, *(say(split, one, 0, view=said, sex=said) for one in (CONTROL, "informed")))
    assert [result.attribute for result in results] == ["sex"]


def test_every_scenario_has_a_row_and_the_control_none(split, rng):
    rows = [say(split, one, 0, sex=rng.normal(0, 1, 90)) for one in ("paper", CONTROL, "informed")]
    assert [result.scenario for result in judged(split, *rows)] == ["paper", "informed"]


def test_a_run_without_inference_attacks_has_no_results(split):
    assert judged(split, say(split, CONTROL, 0, sex=np.zeros(90))[:0]) == []


def test_an_attribute_that_was_not_read_off_originals_is_left_out(split, rng):
    """There is nothing to set it against; a foreign attack, or scores that were tampered with, may lack it."""
    original = say(split, CONTROL, 0, age=np.zeros(90))
    sex = (split.table["sex"] == "M").to_numpy() + rng.normal(0, 1, 90)
    assert judged(split, original, say(split, "informed", 0, sex=sex)) == []
