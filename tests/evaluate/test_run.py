"""A run is evaluated over all of its test patients, and its reader is told what to know."""

import numpy as np
import pandas as pd
import pytest
from copying import copies
from records import attack, finding, image_table, log_odds, own_image_match, readings, utility
from sklearn.metrics import roc_auc_score

from privbench.evaluate.certificate import worst_case
from privbench.evaluate.run import Evaluation, evaluate, warnings_of
from privbench.protocols.kinds import CONTROL
from privbench.protocols.schema import FLOOR, load_protocol
from privbench.record.scores import (
    COPIES_COLUMNS,
    INFERENCE_COLUMNS,
    LINKAGE_COLUMNS,
    RETRIEVAL_COLUMNS,
    AttackScores,
    stacked,
)
from privbench.record.utility import Change, GapResult

CLASSES = ("Mass", "Edema", "Hernia")
PATIENTS = 80


@pytest.fixture
def attack_scores(rng):
    """An attack that needs no training, on pairs of the patients 0 to 84."""
    parts = []
    for name, scenario, split, images in (
        (FLOOR, CONTROL, "test", "OO"),
        *(("correlation", "informed", split, "AO") for split in ("train", "val", "test")),
    ):
        probe, reference = np.arange(85).repeat(2), np.stack([np.arange(85), np.roll(np.arange(85), 1)], axis=1).ravel()
        mated = probe == reference
        parts.append(
            pd.DataFrame(
                {
                    "attack": name, "scenario": scenario, "seed": 0, "split": split, "images": images,
                    "probe": probe, "reference": reference, "probe_patient": [f"{one:03}" for one in probe],
                    "reference_patient": [f"{one:03}" for one in reference],
                    "mated": mated, "score": mated + rng.normal(0, 1, 170),
                },
                columns=LINKAGE_COLUMNS,
            )
        )  # fmt: skip
    none = (pd.DataFrame(columns=columns) for columns in (RETRIEVAL_COLUMNS, INFERENCE_COLUMNS))
    return AttackScores(pd.concat(parts), *none, {})


NO_COPIES = stacked([], COPIES_COLUMNS)


def measurements_of(patient):
    values = {
        "task": "classification", "mode": "frozen", "seed": 0, "image": [f"{one}.png" for one in patient],
        "patient": [f"{one:03}" for one in patient], "measure": "SSIM",
        "value": np.linspace(0, 1, len(patient)), "unit": "", "more_is_better": True,
    }  # fmt: skip
    return pd.DataFrame(values)


def test_a_run_is_evaluated_over_all_test_patients(rng, attack_scores):
    """Patients 0 to 79 have labels, 80 to 84 stand in pairs alone, 85 to 89 have nothing but measurements."""
    protocol = load_protocol("quick", ["statistics.resamples=200", "attacks.siamese=none", "attacks.distillation=none"])
    table = image_table(3 * PATIENTS, PATIENTS)
    labels = (rng.random((3 * PATIENTS, 3)) < [0.35, 0.35, 0]).astype(float)
    rows = readings("frozen", labels, log_odds(labels, rng), CLASSES, table)
    val = readings(
        "frozen", labels, log_odds(labels, rng), CLASSES, table.assign(patient="v" + table["patient"]), split="val"
    )
    found = evaluate(
        attack_scores,
        pd.concat([rows, val]),
        measurements_of(np.arange(90)),
        NO_COPIES,
        protocol,
        {"correlation": "1"},
        {"classification": "7"},
    )
    assert list(map(str, found.estimates)) == [
        "privacy/worst case/AUC",
        "privacy/correlation (informed)/AUC",
        "utility/classification (frozen)/mean AUC",
        *(f"utility/classification (frozen)/AUC of {name}" for name in CLASSES[:2]),
        "measurement/classification (frozen)/SSIM",
    ]
    assert {len(estimate.jackknife) for estimate in found.estimates.values()} == {90}
    by_hand = roc_auc_score(rows["label"][rows["class"] == "Mass"], rows["score"][rows["class"] == "Mass"])
    assert found.utilities[0].findings[0].auc == pytest.approx(by_hand, abs=1e-6)
    assert found.measurements[0].value == pytest.approx(0.5)
    assert found.utilities[0].counts.patients == PATIENTS


def test_a_run_without_findings_has_no_headline_of_utility(attack_scores):
    protocol = load_protocol("quick", ["statistics.resamples=200"])
    nothing = readings("frozen", np.zeros((0, 3)), np.zeros((1, 0, 3)), CLASSES, image_table(1, 1))
    versions = {"correlation": "1"}, {"classification": "7"}
    found = evaluate(attack_scores, nothing, measurements_of(np.arange(9)), NO_COPIES, protocol, *versions)
    assert found.utilities == []
    assert "utility" not in {str(name).partition("/")[0] for name in found.estimates}
    assert "measurement" in {str(name).partition("/")[0] for name in found.estimates}


def warned(*utilities):
    attacks = [attack("contrastive", "informed", 0.8)]
    return warnings_of(Evaluation(worst_case(attacks), attacks, [], list(utilities), [], None, {}))


def change(value):
    return Change(value=value, interval=None, p_value=0.001)


def gap(widened):
    return GapResult(
        attribute="sex", findings=["Mass"], gap=0.05, low="M", high="F", interval=None, original=0.01,
        change=change(0.04), widened=widened,
    )  # fmt: skip


def test_a_reader_is_told_what_the_mean_lacks():
    assert warned(utility(0.8)) == []
    assert warned(utility(0.8, left_out=["Hernia"], few=["Mass", "Edema"], mean_over=["Nodule"])) == [
        "left out of the mean, one label only: Hernia",
        "left out of the mean, fewer than ten positives or negatives: Mass, Edema",
    ]
    assert warned(utility(0.8, few=["Mass", "Edema"], mean_over=["Mass", "Edema"])) == [
        "the mean goes over findings with fewer than ten positives or negatives: Mass, Edema"
    ]
    assert warned(utility(0.8), utility(0.7, mode="retrained-release", few=["Mass"])) == [], "but for the headline"


def test_a_reader_is_told_what_is_surely_worse():
    findings = [finding("Edema", 0.9, change=change(-0.02)), finding("Mass", 0.52, change=change(-0.39))]
    retrained = utility(
        0.7, findings, mode="retrained-transfer", lost=["Mass", "Edema"], gaps=[gap(None), gap(False), gap(True)]
    )
    assert warned(utility(0.8, findings), retrained) == [
        "classification (retrained-transfer): surely read worse than on originals: "
        "Mass (0.91 to 0.52), Edema (0.92 to 0.90)",
        "classification (retrained-transfer): the gap between M and F widened from 0.01 to 0.05",
    ]


def test_a_reader_is_told_of_attacks_that_prove_nothing():
    attacks = [
        attack("contrastive", "informed", 0.8),
        attack("siamese", "paper", 0.7, verdict="unsaturated"),
        attack("other", "informed", 0.4, verdict="weak"),
        attack("correlation", "informed", 0.44, verdict=None),
        attack("averaging", "informed", 0.46),
    ]
    assert warnings_of(Evaluation(worst_case(attacks), attacks, [], [utility(0.8)], [], None, {})) == [
        "siamese (paper) is unsaturated: by hand",
        "other (informed) is weak: by hand",
        "other (informed) does worse than chance: one that turns its scores around does better",
        "correlation (informed) does worse than chance: one that turns its scores around does better",
    ], "0.46 ± 0.05 may be chance"


def contradiction(worst_auc, match, *utilities, **told):
    """What is warned of first, of an attack that fits no release."""
    one = attack("contrastive", "informed", worst_auc, train=0.6, match=match, **told)
    found = warnings_of(Evaluation(worst_case([one]), [one], [], list(utilities), [], None, {}))
    return [warning for warning in found if warning.startswith("contradiction")]


def retrained(mean_auc, mode="retrained-release", **told):
    return utility(mean_auc, mode=mode, **{"original": 0.9, **told})


def test_findings_that_are_read_and_images_that_are_found_contradict_a_low_figure():
    found, read = own_image_match(0.4), retrained(0.8)
    (warning,) = contradiction(0.51, found, utility(0.5), read, retrained(0.75, "retrained-transfer"))
    assert warning == (
        "contradiction: classification (retrained-release) keeps 75% of the originals' margin above chance, and "
        "releases find their own originals at 0.400, yet contrastive (informed) links patients at 0.510: what findings "
        "are read by may tell the patient, and no attack may be good enough to see it"
    )
    assert contradiction(0.51, found, read, verdict="weak"), "whatever the recipe is worth"
    assert contradiction(0.7, found, read), "it is open"
    assert contradiction(0.7, found, read, verdict="weak") == []
    assert contradiction(0.51, own_image_match(0.0), read) == [], "a surrogate shows the finding and nobody's image"
    assert contradiction(0.51, own_image_match(0.04), read) == [], "found or not, nobody can tell"
    assert contradiction(0.51, None, read) == []
    assert contradiction(0.51, found, retrained(0.69)) == []
    assert contradiction(0.51, found, utility(0.8, original=0.9)) == [], "a frozen model reads what it knew before"
    assert contradiction(0.51, found, retrained(0.54, original=0.55)) == [], "that may be chance"
    assert contradiction(0.51, found, retrained(0.8, original=None)) == []


def test_a_reader_is_told_of_a_method_that_publishes_others():
    attacks = [attack("contrastive", "informed", 0.5)]
    (warning,) = warnings_of(Evaluation(worst_case(attacks), attacks, [], [utility(0.8)], [], copies(0.98), {}))
    assert warning == (
        "it publishes other patients' radiographs, which is no removal: 98.0% of the released test images are copies "
        "of an original of somebody else, and show 39 of 40 patients under another one's name"
    )
    assert warnings_of(Evaluation(worst_case(attacks), attacks, [], [utility(0.8)], [], copies(0.02), {})) == []


def test_patients_of_whom_only_an_image_was_looked_for_are_test_patients(rng, attack_scores):
    protocol = load_protocol("quick", ["statistics.resamples=100", "attacks.siamese=none", "attacks.distillation=none"])
    labels = (rng.random((160, 3)) < 0.35).astype(float)
    rows = readings("frozen", labels, log_odds(labels, rng), CLASSES, image_table(160, PATIENTS))
    about = {"attack": "correlation", "scenario": "informed", "seed": 0, "outranked_by": [0, 3], "candidates": 2}
    attack_scores.matches = pd.DataFrame(about | {"image": ["x.png", "y.png"], "patient": ["x", "y"]})
    found = evaluate(attack_scores, rows, measurements_of(np.arange(9)), NO_COPIES, protocol, {"correlation": "1"},
                     {"classification": "7"})  # fmt: skip
    assert {len(estimate.jackknife) for estimate in found.estimates.values()} == {87}
    assert found.attacks[0].match.rate == 0.5


def test_the_same_scores_give_the_same_figures(rng, attack_scores):
    protocol = load_protocol("quick", ["statistics.resamples=100", "attacks.siamese=none", "attacks.distillation=none"])
    labels = (rng.random((160, 3)) < 0.35).astype(float)
    rows = readings("frozen", labels, log_odds(labels, rng), CLASSES, image_table(160, PATIENTS))
    one, other = (
        evaluate(attack_scores, part, measurements_of(np.arange(9)), NO_COPIES, protocol, {"correlation": "1"},
                 {"classification": "7"})
        for part in (rows, rows.sample(frac=1, random_state=0))
    )  # fmt: skip
    assert (one.worst_case, one.attacks, one.measurements) == (other.worst_case, other.attacks, other.measurements)
    findings = [{row.name: row for row in found.utilities[0].findings} for found in (one, other)]
    assert findings[0] == findings[1]
