"""How well members are told, from scores made by hand."""

import numpy as np
import pandas as pd
import pytest
from attack_scores import PROTOCOL
from sklearn.metrics import roc_auc_score

from privbench.evaluate.inference import inference_results
from privbench.evaluate.membership import membership_auc
from privbench.evaluate.resampling import Resampling
from privbench.protocols.kinds import CONTROL

COUNTS = {"train": 40, "val": 20, "test": 30}


def told(rng, scenario, seed, **strength):
    """Patients of one to three images, whose scores are higher by their split's strength."""
    rows = [
        ("membership", scenario, seed, split, f"{split}{patient}-{image}.png", f"{split}{patient:02}", "membership",
         str(split == "train"), strength.get(split, 0) + rng.normal())
        for split, count in COUNTS.items()
        for patient in range(count)
        for image in range(1 + patient % 3)
    ]  # fmt: skip
    columns = ["attack", "scenario", "seed", "split", "image", "patient", "attribute", "truth", "score"]
    return pd.DataFrame(rows, columns=columns)


def draws(rows):
    return Resampling.of(PROTOCOL, rows["patient"].to_numpy())


@pytest.mark.parametrize("split", ["train", "val"])
def test_patients_are_told_by_their_mean_scores_in_each_training(split, rng):
    rows = pd.concat([told(rng, "informed", seed, train=1, val=0.5) for seed in (0, 1)])
    found = membership_auc(rows, split, draws(rows))
    expected = []
    for _, one in rows[rows["split"].isin([split, "test"])].groupby("seed"):
        means = one.groupby(["split", "patient"])["score"].mean().reset_index()
        expected.append(roc_auc_score(means["split"] == split, means["score"]))
    assert found.value == pytest.approx(np.mean(expected))
    assert found.training_error == pytest.approx(np.std(expected, ddof=1) / np.sqrt(2))
    assert found.effective == min(COUNTS[split], COUNTS["test"])


def test_a_change_is_what_neither_the_split_nor_the_originals_explain(rng):
    """Every strength counts once: of originals, of the splits, and of memory."""
    parts = [told(rng, CONTROL, 0, train=0.5), told(rng, "informed", 0, train=2, val=0.5)]
    (result,) = inference_results(pd.concat(parts), PROTOCOL, "1", None)
    known = {
        (arm, split): membership_auc(rows, split, draws(rows)).value
        for arm, rows in zip("oi", parts, strict=True)
        for split in ("train", "val")
    }
    assert (result.value, result.base_rate, result.original) == (
        known["i", "train"],
        known["i", "val"],
        known["o", "train"],
    )
    difference = (known["i", "train"] - known["i", "val"]) - (known["o", "train"] - known["o", "val"])
    assert result.change.value == pytest.approx(difference)
    assert result.change.interval.low < difference < result.change.interval.high
    assert result.interval.low < result.value < result.interval.high
    assert result.counts.patients == sum(COUNTS.values())


def test_an_interval_is_as_wide_as_that_of_independent_patients(rng):
    """Hanley & McNeil 1982, equation 2, for an AUC of two exponential distributions, near that of Gaussians."""
    rows = told(rng, "informed", 0, train=1)
    found = membership_auc(rows, "train", draws(rows))
    auc, members, others = found.value, COUNTS["train"], COUNTS["test"]
    both, pair = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    variance = auc * (1 - auc) + (members - 1) * (both - auc**2) + (others - 1) * (pair - auc**2)
    assert found.standard_error == pytest.approx(np.sqrt(variance / (members * others)), rel=0.25)


def test_without_a_patient_to_judge_it_by_there_is_no_figure(rng):
    parts = [told(rng, scenario, 0) for scenario in (CONTROL, "informed")]
    fewer = pd.concat(parts)[lambda rows: rows["split"] != "val"]
    assert membership_auc(fewer, "val", draws(fewer)) is None
    assert inference_results(fewer, PROTOCOL, "1", None) == []
