"""Means of what is measured in images, and their change against originals."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from privbench.evaluate.measurements import measurement_results
from privbench.evaluate.resampling import Resampling
from privbench.protocols.kinds import CONTROL
from privbench.protocols.schema import load_protocol
from privbench.record.estimates import read_estimates, write_estimates

PROTOCOL = load_protocol(
    "quick",
    [
        "statistics.resamples=1000",
        'utilities.segmentation.modes=["frozen", "retrained-release"]',
        "utilities.quality.task=image-quality",
    ],
)
VERSIONS = {"segmentation": "1", "quality": "2", "classification": "3"}
IMAGES = 200


def measured(values, mode="frozen", task="segmentation", measure="Dice of the lungs", unit="", more_is_better=True):
    """Shape: values (seeds, N), NaN where an image has none; every image is of a patient of its own."""
    rows = pd.DataFrame(
        {
            "task": task, "mode": mode, "seed": seed, "image": f"{i:04d}.png", "patient": i, "measure": measure,
            "value": value, "unit": unit, "more_is_better": more_is_better,
        }
        for seed, one in enumerate(np.atleast_2d(values))
        for i, value in enumerate(one)
    ).astype({"more_is_better": "boolean"})  # fmt: skip
    return rows.dropna(subset="value")


def evaluated(*parts):
    rows = pd.concat(parts, ignore_index=True)
    return measurement_results(rows, PROTOCOL, VERSIONS, Resampling.of(PROTOCOL, np.arange(IMAGES)))


def test_the_mean_has_students_interval(rng):
    values = rng.normal(-30, 4, IMAGES)
    (result,), estimates = evaluated(measured(values, unit="mm", more_is_better=None))
    assert (result.label, result.task, result.version) == ("segmentation (frozen)", "segmentation", "1")
    assert (result.measure, result.unit, result.more_is_better) == ("Dice of the lungs", "mm", None)
    assert result.value == pytest.approx(values.mean())
    assert (result.lowest, result.highest) == (values.min(), values.max())
    expected = stats.t.interval(0.95, IMAGES - 1, values.mean(), stats.sem(values))
    assert (result.interval.low, result.interval.high) == pytest.approx(expected, abs=0.1)
    assert (result.original, result.change) == (None, None)
    assert (result.counts.images, result.counts.patients, result.counts.effective_patients) == (IMAGES, IMAGES, IMAGES)
    assert list(map(str, estimates)) == ["measurement/segmentation (frozen)/Dice of the lungs"]


def test_results_come_in_the_protocols_order(rng):
    values = rng.random((1, IMAGES))
    results, _ = evaluated(
        measured(values, task="quality", measure="SSIM"),
        measured(values, mode="retrained-release"),
        measured(values, measure="Dice of the heart", more_is_better=False),
        measured(values),
        measured(values, mode=CONTROL),
    )
    assert [(one.label, one.measure) for one in results] == [
        ("segmentation (frozen)", "Dice of the heart"),
        ("segmentation (frozen)", "Dice of the lungs"),
        ("segmentation (retrained-release)", "Dice of the lungs"),
        ("quality (frozen)", "SSIM"),
    ]
    assert [one.more_is_better for one in results] == [False, True, True, True]
    assert results[3].task == "image-quality"
    assert [one.original is None for one in results] == [True, False, False, True]


def test_the_change_is_that_of_the_same_images(rng):
    control = rng.normal(0.8, 0.2, IMAGES)
    lost = rng.normal(0.05, 0.02, IMAGES)
    (result,), _ = evaluated(measured(control, mode=CONTROL), measured(control - lost))
    assert result.original == pytest.approx(control.mean())
    assert result.change.value == pytest.approx(-lost.mean())
    low, high = stats.t.interval(0.95, IMAGES - 1, -lost.mean(), stats.sem(lost))
    assert (result.change.interval.low, result.change.interval.high) == pytest.approx((low, high), abs=1e-3)
    assert result.change.p_value == pytest.approx(stats.ttest_1samp(lost, 0).pvalue, abs=1e-9)
    small = rng.normal(0.001, 0.01, IMAGES)
    (result,), _ = evaluated(measured(control, mode=CONTROL), measured(control - small))
    assert result.change.p_value == pytest.approx(stats.ttest_1samp(small, 0).pvalue, rel=0.02)


def test_what_equals_the_control_is_not_changed(rng):
    values = rng.normal(0.8, 0.2, (2, IMAGES))
    control = measured(values, mode=CONTROL)
    (result,), _ = evaluated(control.sample(frac=1, random_state=0), measured(values))
    assert (result.change.value, result.change.p_value) == (0, 1)
    assert (result.change.interval.low, result.change.interval.high) == (0, 0)


def test_trainings_are_averaged_and_may_measure_other_images(rng):
    values = rng.random((3, IMAGES))
    values[1, :50] = np.nan
    (result,), _ = evaluated(measured(values))
    assert result.value == pytest.approx(np.mean([np.nanmean(one) for one in values]))
    assert result.lowest == np.nanmin(values)
    assert result.counts.images == IMAGES
    assert "joined" in result.interval.method


def test_a_measure_of_one_patient_has_no_interval():
    values = np.full(IMAGES, np.nan)
    values[3] = 0.5
    (result,), _ = evaluated(measured(values), measured(values, mode=CONTROL))
    assert (result.value, result.interval) == (0.5, None)
    assert (result.change.interval, result.change.p_value) == (None, None)


def test_estimates_are_read_as_they_were_written(rng, tmp_path):
    """Their bounds are infinite."""
    _, estimates = evaluated(measured(rng.normal(30, 3, IMAGES), unit="dB"))
    write_estimates(estimates, tmp_path / "estimates.safetensors")
    ((name, kept),) = read_estimates(tmp_path / "estimates.safetensors").items()
    assert (kept.value, kept.bounds) == (estimates[name].value, (-np.inf, np.inf))
    interval, again = (one.interval(PROTOCOL.statistics) for one in (estimates[name], kept))
    assert (again.low, again.high) == pytest.approx((interval.low, interval.high), rel=1e-6)


def test_nothing_measured_is_no_result():
    assert evaluated(measured(np.zeros(3))[:0]) == ([], {})
