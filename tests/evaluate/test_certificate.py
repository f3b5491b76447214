"""Was the attack trained, and which attack is the headline?"""

import numpy as np
import pandas as pd
import pytest
from attack_scores import PROTOCOL, VERSIONS, resampled, scores_of, thirty_patients
from records import attack
from sklearn.metrics import roc_auc_score

from privbench.evaluate.attacks import attack_results
from privbench.evaluate.certificate import certificate, judge, worst_case
from privbench.evaluate.linkage import auc_estimate
from privbench.protocols.kinds import CONTROL
from privbench.protocols.schema import FLOOR, load_protocol
from privbench.record.scores import AttackOrigin, linkage_scores


@pytest.fixture
def split(rng):
    return thirty_patients(rng)


@pytest.mark.parametrize(
    ("control", "train", "surely_beats", "verdict"),
    [
        (0.97, 0.99, True, "certified"),
        (0.84, 0.99, True, "weak"),
        (0.90, 0.99, False, "weak"),
        (0.90, 0.94, True, "unsaturated"),
        (0.84, 0.94, True, "weak"),
    ],
)
def test_verdicts(control, train, surely_beats, verdict):
    assert judge(control, train, 0.85, 0.7, 0.95, surely_beats=surely_beats)[0] == verdict


def test_an_attack_has_to_beat_raw_images_surely(split, rng):
    """A little better on these patients is no proof."""
    scores = scores_of(split, rng, 2.2)
    linkage = scores.linkage
    raw = linkage["attack"] == FLOOR
    control = linkage[(linkage["attack"] == "contrastive") & (linkage["scenario"] == CONTROL)]
    noise = rng.normal(0, 0.7, raw.sum())
    linkage.loc[raw, "score"] = control.loc[control["split"] == "test", "score"].to_numpy() + noise
    proof = attack_results(scores, VERSIONS, PROTOCOL, resampled(split)).attacks[0].certificate
    assert proof.correlation < proof.control_auc
    assert proof.verdict == "weak"
    assert "not surely more than raw images'" in proof.reason


def test_the_worst_case_is_chosen_on_validation_pairs():
    lucky, better = attack("a", "paper", 0.9, validation=0.6), attack("b", "informed", 0.7, validation=0.8)
    worst = worst_case([lucky, better])
    assert (worst.attack, worst.scenario, worst.verification_auc) == ("b", "informed", 0.7)


def test_the_verdict_is_that_of_an_informed_attacker():
    weak, trained = attack("a", "informed", 0.5, verdict="weak"), attack("b", "paper", 0.5)
    assert worst_case([weak, trained]).verdict == "weak", "a trained attack that knows less proves nothing"
    assert worst_case([trained]).verdict == "weak", "nor does it where nobody who knows more has tried"
    assert worst_case([weak, trained, attack("c", "informed", 0.9)]).verdict == "certified"
    assert worst_case([attack("d", "informed", 0.5, verdict=None), trained]).verdict == "weak"


def test_linking_releases_is_another_goal():
    linked, informed = attack("a", "linked-releases", 0.9), attack("b", "informed", 0.6)
    assert worst_case([linked, informed]).label == "b (informed)"
    assert worst_case([linked]).label == "a (linked-releases)"
    assert worst_case([linked]).verdict == "weak"


def control_of(split, rng, train=5.0, test=3.0, seeds=2):
    """The scores of an attack on originals, which fits its training pairs as well as told."""
    mated, parts = split.pairs.mated, []
    for seed in range(seeds):
        for name, strength in (("train", train), ("val", test), ("test", test)):
            said = strength * mated + rng.normal(0, 1, len(mated))
            origin = AttackOrigin("contrastive", CONTROL, seed)
            parts.append(linkage_scores(origin, split, name, "OO", split.pairs, said))
    return pd.concat(parts)


def raw_of(split, rng, strength=0.5):
    """The estimate of the attack without training on the same pairs."""
    said = strength * split.pairs.mated + rng.normal(0, 1, len(split.pairs))
    scores = linkage_scores(AttackOrigin(FLOOR, CONTROL, 0), split, "test", "OO", split.pairs, said)
    return auc_estimate(scores, resampled(split))


def test_the_figures_of_a_certificate_are_means_over_the_controls_trainings(split, rng):
    control, raw = control_of(split, rng), raw_of(split, rng)
    protocol = load_protocol(
        "quick", ["statistics.resamples=200", "attacks.contrastive.floor=0.8", "certificate.saturation=0.9"]
    )
    proof = certificate("contrastive", control, raw, protocol, resampled(split))
    by_hand = {
        name: np.mean([roc_auc_score(one["mated"], one["score"]) for _, one in part.groupby("seed")])
        for name, part in control.groupby("split")
    }
    assert (proof.control_auc, proof.train_auc, proof.validation_auc) == pytest.approx(
        (by_hand["test"], by_hand["train"], by_hand["val"])
    )
    assert (proof.floor, proof.saturation, proof.seeds) == (0.8, 0.9, 2)
    assert proof.correlation == raw.value
    assert proof.control_interval.low < proof.control_auc < proof.control_interval.high
    assert proof.verdict == "certified"


def test_an_attack_that_does_not_fit_its_own_training_pairs_is_unsaturated(split, rng):
    proof = certificate(
        "contrastive", control_of(split, rng, train=1.5), raw_of(split, rng), PROTOCOL, resampled(split)
    )
    assert proof.verdict == "unsaturated"
    assert proof.reason == f"it fits its own training pairs only to {proof.train_auc:.3f}, below 0.95"


def test_a_verdict_tells_its_reason_in_figures():
    told = {
        judge(control, train, 0.85, 0.7, 0.95, surely_beats=beats)[1]
        for control, train, beats in ((0.84, 0.99, True), (0.9, 0.99, False), (0.9, 0.99, True))
    }
    assert told == {
        "on originals it reaches 0.840, below the protocol's floor of 0.85",
        "on originals it reaches 0.900, not surely more than raw images' 0.700",
        "on originals it reaches 0.900, its training pairs to 0.990",
    }


def test_an_attack_on_the_floor_has_reached_it():
    assert judge(0.85, 0.95, 0.85, 0.7, 0.95, surely_beats=True)[0] == "certified"


def test_the_best_trained_of_the_informed_attackers_speaks_for_all():
    verdicts = ["weak", "unsaturated", "certified"]
    attacks = [attack(verdict, "informed", 0.9, verdict=verdict) for verdict in verdicts]
    assert [worst_case(attacks[: number + 1]).verdict for number in range(3)] == verdicts
    assert worst_case(attacks).reason == "certified (informed): by hand"


def test_the_worst_case_tells_the_figures_of_its_attack():
    chosen = attack("b", "informed", 0.7, validation=0.8)
    worst = worst_case([attack("a", "informed", 0.6), chosen])
    assert (worst.validation_auc, worst.interval) == (0.8, chosen.interval)


def test_an_attack_without_validation_pairs_is_chosen_last():
    """Runs of old schemas tell none."""
    unknown = attack("old", "informed", 0.99).model_copy(update={"validation_auc": None})
    assert worst_case([unknown, attack("b", "informed", 0.3)]).attack == "b"
    assert worst_case([unknown]).attack == "old"
