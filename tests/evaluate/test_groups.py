"""How well findings are read in groups, and what the anonymizer does to the gaps between them."""

import numpy as np
import pandas as pd
import pytest
from records import image_table, log_odds, readings
from sklearn.metrics import average_precision_score, roc_auc_score

from privbench.evaluate.groups import Reader, group_results
from privbench.evaluate.resampling import Applied, Resampling, estimate_of
from privbench.metrics import bootstrap
from privbench.metrics.detection import threshold_at_specificity
from privbench.protocols.kinds import CONTROL
from privbench.protocols.schema import load_protocol

CLASSES = ("Mass", "Edema", "Hernia")
PROTOCOL = load_protocol("quick", ["statistics.resamples=200"])
IMAGES, PATIENTS = 360, 120


@pytest.fixture
def table():
    return image_table(IMAGES, PATIENTS)


@pytest.fixture
def labels(rng):
    """Mass and Edema are frequent in all groups, Hernia is in none."""
    return (rng.random((IMAGES, 3)) < [0.4, 0.3, 0.01]).astype(float)


@pytest.fixture
def resampling(table):
    return Resampling.of(PROTOCOL, table["patient"].to_numpy())


def judged(table, labels, scores, resampling, control=None, mode="frozen"):
    reader = Reader.of(readings(mode, labels, scores, CLASSES, table), resampling)
    if control is not None:
        control = Reader.of(readings(CONTROL, labels, control, CLASSES, table), resampling)
    return group_results(reader, control, mode, PROTOCOL, resampling)


def aucs(labels, scores, chosen):
    return [roc_auc_score(labels[chosen, c], scores[chosen, c]) for c in range(2)]


def test_figures_are_those_of_the_groups_images(table, labels, rng, resampling):
    scores = log_odds(labels, rng, strength=2)
    groups, gaps = judged(table, labels, scores, resampling)
    assert [(one.attribute, one.value) for one in groups] == [
        ("sex", "F"), ("sex", "M"), ("age", "0-39"), ("age", "40-59"), ("age", "60+"),
    ]  # fmt: skip
    age = table["age"]
    members = [table["sex"] == "F", table["sex"] == "M", age < 40, (age >= 40) & (age < 60), age >= 60]
    for group, chosen in zip(groups, members, strict=True):
        chosen = chosen.to_numpy()
        by_hand = aucs(labels, scores[0], chosen)
        assert [finding.auc for finding in group.findings[:2]] == pytest.approx(by_hand, abs=1e-6)
        assert group.mean_auc == pytest.approx(np.mean(by_hand), abs=1e-6)
        assert group.interval.low < group.mean_auc < group.interval.high
        precision = average_precision_score(labels[chosen, 0], scores[0, chosen, 0])
        assert group.findings[0].average_precision == pytest.approx(precision, abs=1e-6)
        assert group.findings[0].change is None
        assert (group.counts.images, group.counts.patients) == (chosen.sum(), table["patient"][chosen].nunique())
        assert group.findings[2].positives == labels[chosen, 2].sum()
    assert [gap.attribute for gap in gaps] == ["sex", "age"]
    for gap in gaps:
        means = {one.value: one.mean_auc for one in groups if one.attribute == gap.attribute}
        assert gap.findings == ["Mass", "Edema"]
        assert gap.gap == pytest.approx(max(means.values()) - min(means.values()))
        assert (means[gap.low], means[gap.high]) == (min(means.values()), max(means.values()))
        assert 0 <= gap.interval.low <= gap.gap <= gap.interval.high
        assert (gap.original, gap.change, gap.widened) == (None, None, None)


def test_thresholds_are_those_of_all_validation_images(table, labels, rng, resampling):
    """A group is read at the operating point that all share, which is where it can come off worse."""
    scores, val_scores = log_odds(labels, rng, strength=2), log_odds(labels, rng, strength=2)
    rows = [
        readings("frozen", labels, one, CLASSES, table, split=split)
        for split, one in (("test", scores), ("val", val_scores))
    ]
    groups, _ = group_results(Reader.of(pd.concat(rows), resampling), None, "frozen", PROTOCOL, resampling)
    threshold = threshold_at_specificity(labels[:, 0] == 1, val_scores[0, :, 0])
    women = (table["sex"] == "F").to_numpy()
    detected = scores[0, women & (labels[:, 0] == 1), 0] >= threshold
    assert groups[0].findings[0].sensitivity == pytest.approx(detected.mean())


def test_a_gap_that_opens_is_told(table, labels, rng, resampling):
    men = (table["sex"] == "M").to_numpy()
    control = log_odds(labels, rng, strength=2)
    scores = np.where(men[:, None], rng.normal(0, 1, control.shape), control)
    _, (sex, age) = judged(table, labels, scores, resampling, control)
    assert (sex.low, sex.high, sex.widened) == ("M", "F", True)
    gaps = [
        abs(np.subtract(*(np.mean(aucs(labels, one[0], chosen)) for chosen in (men, ~men))))
        for one in (scores, control)
    ]
    assert (sex.gap, sex.original) == pytest.approx(gaps, abs=1e-6)
    assert sex.change.value == pytest.approx(gaps[0] - gaps[1], abs=1e-6)
    assert 0 < sex.change.interval.low < sex.change.value < sex.change.interval.high
    assert age.widened is None, "all ages lose alike"
    _, (sex, _) = judged(table, labels, control, resampling, scores)
    assert sex.widened is False
    _, (sex, age) = judged(table, labels, control, resampling, control)
    assert (sex.change.value, sex.change.p_value, sex.widened) == (0, 1, None)


def test_the_gap_is_recomputed_in_every_draw(table, labels, rng, resampling):
    """Against drawing the images of the drawn patients, and looking anew for the best and the worst group."""
    scores = log_odds(labels, rng, strength=2)
    reader = Reader.of(readings("frozen", labels, scores, CLASSES, table), resampling)
    age = table["age"].to_numpy()
    members = [age < 40, (age >= 40) & (age < 60), age >= 60]
    group_means = [reader.among(reader.rows["age"].between(low, high), resampling).mean_auc(CLASSES[:2])
                   for low, high in ((0, 39), (40, 59), (60, 99))]  # fmt: skip
    drawn = np.stack([mean.resampled[0] for mean in group_means])
    patient = table["patient"].astype(int).to_numpy()
    for column in range(5):
        rows = np.repeat(np.arange(IMAGES), resampling.counts[patient, column].astype(int))
        by_hand = [np.mean(aucs(labels, scores[0], rows[chosen[rows]])) for chosen in members]
        assert drawn[:, column] == pytest.approx(by_hand, abs=1e-6)
    _, (_, gap) = judged(table, labels, scores, resampling)
    means = Applied(*(np.stack(parts)[:, 0] for parts in zip(*group_means, strict=True)))
    effective = min(np.unique(patient[chosen]).size for chosen in members)  # each has as many images in a group
    spread = estimate_of(means.map(lambda part: part.max(0) - part.min(0)), effective)
    assert gap.interval == spread.interval(PROTOCOL.statistics)
    assert len(set(drawn.argmax(0))) > 1, "another group may be the best read one in a draw"


def test_only_what_every_group_holds_is_compared(table, labels, rng, resampling):
    labels[(table["sex"] == "M").to_numpy(), 1] = 0
    scores = log_odds(labels, rng, strength=2)
    groups, gaps = judged(table, labels, scores, resampling)
    women, men = groups[:2]
    assert gaps[0].findings == ["Mass"]
    assert women.mean_auc == women.findings[0].auc, "over the same findings as the other group"
    assert women.findings[1].auc is not None
    assert (men.findings[1].auc, men.findings[1].positives) == (None, 0)


def test_a_tiny_group_does_not_keep_the_others_from_being_compared(table, labels, rng, resampling):
    table["view"] = np.where(np.arange(IMAGES) < 6, "LL", np.where(np.arange(IMAGES) % 2, "AP", "PA"))
    groups, gaps = judged(table, labels, log_odds(labels, rng, strength=2), resampling)
    views = {one.value: one for one in groups if one.attribute == "view"}
    assert list(views) == ["AP", "LL", "PA"]
    assert (views["LL"].mean_auc, views["LL"].counts.images) == (None, 6)
    assert {gaps[-1].low, gaps[-1].high} == {"AP", "PA"}


def test_no_gap_where_nothing_can_be_compared(table, labels, rng, resampling):
    table["sex"] = np.where(np.arange(IMAGES) < 6, "M", "F")
    table["age"] = 50
    groups, gaps = judged(table, labels, log_odds(labels, rng, strength=2), resampling)
    assert [one.value for one in groups] == ["F", "M"], "one age group alone is not worth a row"
    assert [one.mean_auc for one in groups] == [None, None]
    assert gaps == []


def test_images_of_unknown_attributes_are_in_no_group(table, labels, rng, resampling):
    table["sex"] = np.where(np.arange(IMAGES) < 100, "", table["sex"])
    table["age"] = np.where(np.arange(IMAGES) < 60, np.nan, table["age"])
    groups, _ = judged(table, labels, log_odds(labels, rng, strength=2), resampling)
    assert [one.value for one in groups] == ["F", "M", "0-39", "40-59", "60+"]
    assert [sum(one.counts.images for one in part) for part in (groups[:2], groups[2:])] == [260, 300]


def test_trainings_are_averaged(table, labels, rng, resampling):
    scores = log_odds(labels, rng, seeds=3, strength=2)
    groups, (gap, _) = judged(table, labels, scores, resampling)
    men = (table["sex"] == "M").to_numpy()
    by_seed = np.array([[np.mean(aucs(labels, one, chosen)) for chosen in (~men, men)] for one in scores])
    assert [one.mean_auc for one in groups[:2]] == pytest.approx(by_seed.mean(0), abs=1e-6)
    assert gap.gap == pytest.approx(abs(np.subtract(*by_seed.mean(0))), abs=1e-6)
    assert "joined" in gap.interval.method


def test_effective_patients_of_a_finding_are_those_of_the_rarer_label(table, labels, rng, resampling):
    reader = Reader.of(readings("frozen", labels, log_odds(labels, rng, strength=2), CLASSES, table), resampling)
    ill = np.bincount(table["patient"].astype(int), labels[:, 1])
    assert reader.findings["Edema"].effective == pytest.approx(bootstrap.effective_number(ill))
    turned = Reader.of(readings("frozen", 1 - labels, log_odds(labels, rng, strength=2), CLASSES, table), resampling)
    assert turned.findings["Edema"].effective == pytest.approx(bootstrap.effective_number(ill))
