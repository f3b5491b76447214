"""From readings made by hand to the results of every task and mode."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from records import image_table, log_odds, readings
from scipy.special import expit
from sklearn.metrics import average_precision_score, roc_auc_score

from privbench.base.errors import PrivbenchError
from privbench.evaluate.resampling import Resampling
from privbench.evaluate.utility import utility_results
from privbench.metrics.detection import calibration_error, threshold_at_specificity
from privbench.metrics.intervals import holm
from privbench.protocols.kinds import CONTROL
from privbench.protocols.schema import load_protocol
from privbench.record.estimates import read_estimates, write_estimates
from privbench.record.names import AUC, MEAN_AUC, FigureName, Subject
from privbench.record.utility import UtilityResult

FROZEN = FigureName(Subject.UTILITY, "classification (frozen)", MEAN_AUC)
CLASSES = ("Mass", "Edema", "Nodule", "Hernia")
PROTOCOL = load_protocol(
    "quick",
    ["statistics.resamples=200", 'utilities.classification.modes=["frozen", "retrained-transfer"]'],
)
IMAGES, PATIENTS = 240, 80


def evaluated(scores, protocol=PROTOCOL):
    test = scores[scores["split"] == "test"]
    return utility_results(
        scores, protocol, {"classification": "7"}, Resampling.of(protocol, test["patient"].to_numpy())
    )


@pytest.fixture
def table():
    return image_table(IMAGES, PATIENTS)


@pytest.fixture
def labels(rng):
    """Nodule in eight images, Hernia in none."""
    drawn = (rng.random((IMAGES, 4)) < 0.35).astype(float)
    drawn[:, 2] = np.arange(IMAGES) % 30 == 0
    drawn[:, 3] = 0
    return drawn


def test_figures_are_those_of_the_scores(table, labels, rng):
    scores = log_odds(labels, rng)
    val_labels, val_scores = (rng.random((100, 4)) < 0.3).astype(float), rng.normal(0, 1, (1, 100, 4))
    val = readings("frozen", val_labels, val_scores, CLASSES, image_table(100, 30), split="val")
    (result,), estimates = evaluated(pd.concat([val, readings("frozen", labels, scores, CLASSES, table)]))
    aucs = [roc_auc_score(labels[:, c], scores[0, :, c]) for c in range(3)]
    assert (result.label, result.task, result.version) == ("classification (frozen)", "classification", "7")
    assert (result.train, result.test) == ("O", "A")
    assert result.mean_auc == pytest.approx(np.mean(aucs[:2]))
    assert (result.mean_over, result.few, result.left_out) == (["Mass", "Edema"], ["Nodule"], ["Hernia"])
    assert result.seed_aucs == [result.mean_auc]
    assert (result.seed_std, result.original, result.change, result.lost) == (None, None, None, None)
    for interval in (result.interval, result.image_wise_interval):
        assert interval.low < result.mean_auc < interval.high
    counts = result.counts
    assert (counts.images, counts.patients, counts.effective_patients) == (IMAGES, PATIENTS, pytest.approx(PATIENTS))
    for c, one in enumerate(result.findings[:3]):
        present, said = labels[:, c] == 1, scores[0, :, c]
        threshold = threshold_at_specificity(val_labels[:, c] == 1, val_scores[0, :, c])
        assert (one.name, one.positives) == (CLASSES[c], present.sum())
        assert one.auc == pytest.approx(aucs[c], abs=1e-6)
        assert one.average_precision == pytest.approx(average_precision_score(present, said), abs=1e-6)
        assert one.sensitivity == pytest.approx((said[present] >= threshold).mean())
        assert one.specificity == pytest.approx((said[~present] < threshold).mean())
        assert one.calibration_error == pytest.approx(calibration_error(present, expit(said)))
        for interval, value in (
            (one.interval, one.auc),
            (one.average_precision_interval, one.average_precision),
            (one.sensitivity_interval, one.sensitivity),
        ):
            assert 0 <= interval.low < value < interval.high <= 1
    empty = result.findings[3].model_dump(exclude_none=True)
    assert empty == {"name": "Hernia", "positives": 0, "negatives": IMAGES}
    names = [FROZEN, *(FROZEN._replace(metric=AUC, finding=name) for name in CLASSES[:3])]
    assert list(estimates) == names
    assert [estimates[name].value for name in names[1:]] == pytest.approx(aucs, abs=1e-6)
    again, _ = evaluated(
        pd.concat([val, readings("frozen", labels, scores, CLASSES, table)]).sample(frac=1, random_state=0)
    )
    assert again[0].mean_auc == result.mean_auc, "the order of the rows does not matter"
    assert UtilityResult.model_validate_json(result.model_dump_json()) == result


def test_modes_come_in_the_protocols_order_with_means_over_the_trainings(table, labels, rng):
    scores = log_odds(labels, rng, seeds=3), log_odds(labels, rng)
    rows = [
        readings(mode, labels, one, CLASSES, table)
        for mode, one in zip(("retrained-transfer", "frozen"), scores, strict=True)
    ]
    (frozen, retrained), _ = evaluated(pd.concat(rows))
    assert (frozen.mode, retrained.mode) == ("frozen", "retrained-transfer")
    assert (retrained.train, retrained.test) == ("A", "O")
    by_seed = [[roc_auc_score(labels[:, c], one[:, c]) for c in range(2)] for one in scores[0]]
    assert retrained.seed_aucs == pytest.approx(np.mean(by_seed, axis=1), abs=1e-6)
    assert retrained.mean_auc == pytest.approx(np.mean(by_seed), abs=1e-6)
    assert retrained.seed_std == pytest.approx(np.std(np.mean(by_seed, axis=1), ddof=1), abs=1e-6)
    assert retrained.findings[0].auc == pytest.approx(np.mean(by_seed, axis=0)[0], abs=1e-6)
    assert "joined" in retrained.interval.method
    assert "joined" not in frozen.interval.method


def test_a_lost_finding_is_named_and_no_other(table, labels, rng):
    control = log_odds(labels, rng, strength=3)
    scores = control.copy()
    scores[..., 0] = rng.permutation(scores[..., 0], axis=1)
    scores += rng.normal(0, 0.05, scores.shape)
    rows = [readings(mode, labels, one, CLASSES, table) for mode, one in ((CONTROL, control), ("frozen", scores))]
    (result,), _ = evaluated(pd.concat(rows))
    assert result.lost == ["Mass"]
    before, after = (roc_auc_score(labels[:, 0], one[0, :, 0]) for one in (control, scores))
    mass = result.findings[0]
    assert mass.change.value == pytest.approx(after - before, abs=1e-6)
    assert mass.change.interval.low < mass.change.value < mass.change.interval.high < 0
    assert mass.change.p_value < 0.001
    assert result.findings[1].change.p_value > 0.05
    assert result.findings[3].change is None
    means = [np.mean([roc_auc_score(labels[:, c], one[0, :, c]) for c in range(2)]) for one in (control, scores)]
    assert result.original == pytest.approx(means[0], abs=1e-6)
    assert result.change.value == pytest.approx(means[1] - means[0], abs=1e-6)
    swapped = pd.concat(rows).replace({"mode": {CONTROL: "frozen", "frozen": CONTROL}})
    (better,), _ = evaluated(swapped)
    assert better.lost == [], "what is read better is not lost"


def test_one_retrained_model_names_nothing_and_two_do(table, labels, rng):
    control = log_odds(labels, rng, strength=3)
    scores = np.repeat(control, 2, axis=0)
    scores[..., 0] = rng.permutation(scores[..., 0], axis=1)
    scores += rng.normal(0, 0.05, scores.shape)
    mode = "retrained-transfer"
    originals = readings(CONTROL, labels, control, CLASSES, table)
    ((one,), _), ((two,), _) = (
        evaluated(pd.concat([originals, readings(mode, labels, scores[:seeds], CLASSES, table)])) for seeds in (1, 2)
    )
    assert one.lost is None
    assert one.findings[0].change.interval.high < 0, "the change is shown all the same"
    assert two.lost == ["Mass"]


def test_a_control_of_one_training_varies_as_the_modes_trainings_do(table, labels, rng):
    control, scores = log_odds(labels, rng), log_odds(labels, rng, seeds=3)
    mode = "retrained-transfer"
    rows = [readings(CONTROL, labels, control, CLASSES, table), readings(mode, labels, scores, CLASSES, table)]
    (result,), estimates = evaluated(pd.concat(rows))
    own = estimates[FigureName(Subject.UTILITY, f"classification ({mode})", MEAN_AUC)]
    (alone,), of_control = evaluated(rows[0].replace({"mode": {CONTROL: "frozen"}}))
    both = own.minus(of_control[FROZEN])
    wider = replace(both, training_error=np.sqrt(2) * own.training_error, partly=False)
    assert result.change.interval == wider.interval(PROTOCOL.statistics)
    assert alone.original is None


def test_the_worst_loss_comes_first_and_p_values_stand_for_all_findings(table, labels, rng):
    control = log_odds(labels, rng, strength=3)
    scores = control + rng.normal(0, 1, control.shape) * [4, 12, 0, 0]
    rows = [readings(mode, labels, one, CLASSES, table) for mode, one in ((CONTROL, control), ("frozen", scores))]
    (result,), estimates = evaluated(pd.concat(rows))
    assert result.lost == ["Edema", "Mass"]
    (originals,), of_control = evaluated(rows[0].replace({"mode": {CONTROL: "frozen"}}))
    names = [FROZEN._replace(metric=AUC, finding=name) for name in CLASSES[:3]]
    plain = [estimates[name].minus(of_control[name]).p_value() for name in names]
    assert [one.change.p_value for one in result.findings[:3]] == pytest.approx(holm(plain))
    assert originals.mean_auc == result.original


@pytest.mark.parametrize("mode", ["frozen", "retrained-transfer"])
def test_what_equals_the_control_is_not_changed(table, labels, rng, mode):
    scores = log_odds(labels, rng, seeds=2)
    rows = [readings(one, labels, scores, CLASSES, table) for one in (CONTROL, mode)]
    (result,), _ = evaluated(pd.concat(rows))
    for one in (result.change, *(row.change for row in result.findings[:3])):
        assert (one.value, one.p_value) == (0, 1)
        assert one.interval.low <= 0 <= one.interval.high
        # A frozen model is the control's own, whose trainings cannot tell anything apart.
        assert (one.interval.high - one.interval.low == 0) == (mode == "frozen")
    assert result.lost == []


def test_a_frozen_models_trainings_are_paired_with_the_controls(table, labels, rng):
    """Trainings that differ much and lose alike: only of a frozen model do they tell that they lose alike."""
    control = log_odds(labels, rng) + rng.normal(0, 1, (3, IMAGES, 4)) * np.array([0.2, 1.5, 5])[:, None, None]
    scores = control + rng.normal(0, 0.2, (1, IMAGES, 4))
    parts = [
        readings(mode, labels, one, CLASSES, table)
        for mode, one in ((CONTROL, control), ("frozen", scores), ("retrained-transfer", scores))
    ]
    (frozen, retrained), _ = evaluated(pd.concat(parts))
    widths = [one.change.interval.high - one.change.interval.low for one in (frozen, retrained)]
    assert frozen.change.value == retrained.change.value
    assert widths[0] < widths[1] / 3


def test_unknown_labels_are_left_out_class_by_class(table, labels, rng):
    scores = log_odds(labels, rng)
    unknown = labels.copy()
    unknown[rng.random(labels.shape) < 0.4] = np.nan
    unknown[:7] = np.nan  # images of which nothing is known
    (result,), _ = evaluated(readings("frozen", unknown, scores, CLASSES, table))
    known = ~np.isnan(unknown)
    by_hand = [roc_auc_score(unknown[known[:, c], c], scores[0, known[:, c], c]) for c in range(2)]
    by_name = {one.name: one for one in result.findings}
    assert [by_name[name].auc for name in CLASSES[:2]] == pytest.approx(by_hand, abs=1e-6)
    assert result.mean_auc == pytest.approx(np.mean(by_hand), abs=1e-6)
    assert by_name["Mass"].positives + by_name["Mass"].negatives == known[:, 0].sum()
    assert result.counts.images == known.any(1).sum()
    assert result.image_wise_interval is None, "images without all labels cannot be drawn one by one"


def test_where_all_findings_are_few_the_mean_goes_over_them(table, labels, rng):
    rare = np.zeros_like(labels)
    rare[::40, :2] = 1
    scores = log_odds(rare, rng)
    (result,), _ = evaluated(readings("frozen", rare, scores, CLASSES, table))
    assert result.few == result.mean_over == ["Mass", "Edema"]
    assert result.left_out == ["Nodule", "Hernia"]
    assert result.mean_auc == pytest.approx(np.mean([roc_auc_score(rare[:, c], scores[0, :, c]) for c in range(2)]))


def test_one_label_only_is_an_error(table, rng):
    with pytest.raises(PrivbenchError, match="No finding is both present and absent"):
        evaluated(readings("frozen", np.zeros((IMAGES, 4)), rng.normal(size=(1, IMAGES, 4)), CLASSES, table))


def test_estimates_are_read_as_they_were_written(table, labels, rng, tmp_path):
    _, estimates = evaluated(readings("frozen", labels, log_odds(labels, rng), CLASSES, table))
    write_estimates(estimates, tmp_path / "estimates.safetensors")
    kept = read_estimates(tmp_path / "estimates.safetensors")
    assert {name: one.value for name, one in kept.items()} == {name: one.value for name, one in estimates.items()}
