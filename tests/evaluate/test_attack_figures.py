"""Every declared figure of an attack, against its mathematics and by hand."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_curve

from privbench.evaluate import attack_figures as module
from privbench.evaluate.attack_figures import RETRIEVAL, VERIFICATION, Declared, attack_figures
from privbench.metrics import likelihood, retrieval

NO_RANKS = pd.DataFrame(columns=["seed"])


def scores_of(rng, pairs=3000, seeds=(0, 1), gap=1.5):
    """Linkage scores as two normal distributions, a training after the other."""
    parts = []
    for seed in seeds:
        mated = np.arange(pairs) % 2 == 0
        parts.append(pd.DataFrame({"seed": seed, "mated": mated, "score": rng.normal(gap * mated, 1)}))
    return pd.concat(parts, ignore_index=True)


def ranks_of(rng, probes=40, seeds=(0, 1)):
    """One mate a probe, among fifty strangers."""
    rows = [
        {"seed": seed, "probe": probe, "mate": -probe, "outranked_by": int(rng.integers(0, 12)), "strangers": 50}
        for seed in seeds
        for probe in range(probes)
    ]
    return pd.DataFrame(rows)


def test_every_declared_figure_is_told_in_order_with_what_it_declares(rng):
    figures = attack_figures(scores_of(rng), scores_of(rng), ranks_of(rng))
    declared = [(name, "verification", one) for name, one in VERIFICATION.items()]
    declared += [(name, "retrieval", one) for name, one in RETRIEVAL.items()]
    assert [(one.name, one.of, one.unit, one.more_is_private) for one in figures] == [
        (name, of, one.unit, one.more_is_private) for name, of, one in declared
    ]
    assert all(one.value is not None for one in figures)


def test_values_are_means_over_the_trainings_of_what_each_says(rng):
    val, test, ranks = scores_of(rng), scores_of(rng), ranks_of(rng)
    values = {one.name: one.value for one in attack_figures(val, test, ranks)}
    by_hand = {"FNMR at FMR 1%": [], "Cllr": [], "equal error rate": []}
    for seed in (0, 1):
        known, part = val[val["seed"] == seed], test[test["seed"] == seed]
        mated, said = part["mated"].to_numpy(bool), part["score"].to_numpy()
        strangers = np.sort(known["score"][~known["mated"]])[::-1]
        by_hand["FNMR at FMR 1%"].append((said[mated] <= strangers[15]).mean())  # 15 of 1,500 may pass
        ratios = likelihood.calibrate(known["mated"].to_numpy(bool), known["score"].to_numpy(), said)
        by_hand["Cllr"].append(likelihood.cllr(mated, ratios))
        false_match, true_match, _ = roc_curve(mated, said)
        by_hand["equal error rate"].append(np.minimum(1, np.maximum(false_match, 1 - true_match)).min())
    assert values["FNMR at FMR 1%"] == pytest.approx(np.mean(by_hand["FNMR at FMR 1%"]))
    assert values["Cllr"] == pytest.approx(np.mean(by_hand["Cllr"]))
    assert values["equal error rate"] == pytest.approx(np.mean(by_hand["equal error rate"]), abs=0.005), "hull"
    assert values["least Cllr"] <= values["Cllr"]
    assert 0 < values["linkability"] < 1
    per_seed = [retrieval.map_at_r(part) for _, part in ranks.groupby("seed")]
    assert values["mAP@R"] == pytest.approx(np.mean(per_seed))


def test_a_figure_that_one_training_lacks_has_no_value(rng):
    few, many = scores_of(rng, pairs=100, seeds=(0,)), scores_of(rng, seeds=(1,))
    values = {one.name: one.value for one in attack_figures(pd.concat([few, many]), scores_of(rng), NO_RANKS)}
    assert values["FNMR at FMR 0.1%"] is values["FMR met at FMR 0.1%"] is None, "fifty strangers show no thousandth"
    assert values["equal error rate"] is not None


def test_without_ranks_there_are_no_figures_of_retrieval(rng):
    assert {one.of for one in attack_figures(scores_of(rng), scores_of(rng), NO_RANKS)} == {"verification"}


def test_a_figure_more_is_one_line(rng, monkeypatch):
    """Declared, it is told; nothing else has to know of it."""
    monkeypatch.setitem(module.VERIFICATION, "mean score", Declared("points", None, lambda one: one.test.scores.mean()))
    test = scores_of(rng)
    told = {one.name: one for one in attack_figures(scores_of(rng), test, NO_RANKS)}["mean score"]
    assert (told.unit, told.more_is_private) == ("points", None)
    assert told.value == pytest.approx(test["score"].mean())
