"""From scores made by hand to results, certificates and the worst case."""

import numpy as np
import pandas as pd
import pytest
from records import attack
from sklearn.metrics import roc_auc_score

from privbench.base.errors import PrivbenchError
from privbench.data.pairs import Pairs
from privbench.data.splits import Split
from privbench.evaluate.attacks import attack_results
from privbench.evaluate.certificate import judge, worst_case
from privbench.evaluate.inference import inference_results
from privbench.evaluate.resampling import Resampling
from privbench.protocols.kinds import CONTROL
from privbench.protocols.schema import FLOOR, load_protocol
from privbench.record.scores import AttackOrigin, AttackScores, inference_scores, linkage_scores, retrieval_ranks

PROTOCOL = load_protocol("quick", ["statistics.resamples=200", "attacks.contrastive.seeds=3", "attacks.siamese=none"])


@pytest.fixture
def split(rng):
    patients = np.arange(30).repeat(3)
    table = pd.DataFrame({"image": [f"{i}.png" for i in range(90)], "patient": patients, "age": 40 + np.arange(90) % 3})
    table["sex"] = np.where(patients % 2, "M", "F")
    probe, reference = rng.integers(0, 90, (2, 400))
    pairs = Pairs(probe, reference, patients[probe] == patients[reference])
    return Split(np.zeros((90, 1, 4, 4), np.uint8), table, (), pairs)


def scores_of(split, rng, strength, trained_strength=None):
    """Scores of every attack, scenario, seed and kind that a run of PROTOCOL has."""
    mated = split.pairs.mated
    parts, ranks = [], []

    def say(origin, name, kinds, strength):
        values = strength * mated + rng.normal(0, 1, len(mated))
        parts.append(linkage_scores(origin, split, name, kinds, split.pairs, values))

    say(AttackOrigin(FLOOR, CONTROL, 0), "test", "OO", 0.5)
    rows = [("contrastive", CONTROL, 0), *(("contrastive", "informed", seed) for seed in range(3))]
    for name, scenario, seed in [*rows, ("correlation", "informed", 0)]:
        kinds = "OO" if scenario == CONTROL else "AO"
        power = trained_strength if scenario == CONTROL and trained_strength is not None else strength
        origin = AttackOrigin(name, scenario, seed)
        for part in ("train", "val", "test"):
            say(origin, part, kinds, power)
        similarity = strength * (split.patients[:, None] == split.patients) + rng.normal(0, 1, (90, 90))
        ranks.append(retrieval_ranks(origin, split, similarity, rng))
    return AttackScores(pd.concat(parts), pd.concat(ranks), pd.DataFrame(columns=["attack"]), {})


VERSIONS = {"contrastive": "1", "correlation": "1"}


def resampled(split):
    return Resampling.of(PROTOCOL, split.patients)


def test_figures_are_those_of_the_test_scores(split, rng):
    scores = scores_of(split, rng, 4)
    found = attack_results(scores, VERSIONS, PROTOCOL, resampled(split))
    assert [result.label for result in found.attacks] == ["contrastive (informed)", "correlation (informed)"]
    result, linkage = found.attacks[0], scores.linkage
    own = linkage[(linkage["attack"] == "contrastive") & (linkage["scenario"] == "informed")]
    test = own[own["split"] == "test"]
    by_hand = [roc_auc_score(part["mated"], part["score"]) for _, part in test.groupby("seed")]
    assert result.seed_aucs == pytest.approx(by_hand)
    assert result.verification_auc == pytest.approx(np.mean(by_hand))
    assert result.seed_std == pytest.approx(np.std(by_hand, ddof=1))
    assert result.interval.low < result.verification_auc < result.interval.high
    validation = own[own["split"] == "val"]
    assert result.validation_auc == pytest.approx(
        np.mean([roc_auc_score(part["mated"], part["score"]) for _, part in validation.groupby("seed")])
    )
    assert (result.counts.pairs, result.counts.patients) == (400, 30)
    assert result.verification.equal_error_rate < 0.1
    assert [rate.fmr for rate in result.verification.match_rates] == [0.01, 0.001]
    assert result.verification.match_rates[1].test_fnmr is None, "400 pairs cannot show one error in a thousand"
    assert result.retrieval.probes == 90
    assert result.retrieval.gallery == 89
    assert result.retrieval.rank_1 <= result.retrieval.rank_5 <= result.retrieval.rank_10
    sizes = [rate.size for rate in result.retrieval.by_gallery_size]
    assert sizes == [10, 20, 50, 88]
    rates = [rate.rank_1 for rate in result.retrieval.by_gallery_size]
    assert rates == sorted(rates, reverse=True), "a larger gallery is harder"
    assert sum(rate.mates for rate in result.retrieval.by_years) == 180
    again = attack_results(scores, VERSIONS, PROTOCOL, resampled(split))
    assert again.attacks == found.attacks, "the same scores give the same figures"
    assert set(found.estimates) == {
        "privacy/worst case/AUC", "privacy/worst case/rank 1",
        "privacy/contrastive (informed)/AUC", "privacy/contrastive (informed)/rank 1",
        "privacy/correlation (informed)/AUC", "privacy/correlation (informed)/rank 1",
    }  # fmt: skip


def test_trainings_and_patients_are_told_apart_and_joined(split, rng):
    found = attack_results(scores_of(split, rng, 1), VERSIONS, PROTOCOL, resampled(split))
    three, one = found.attacks
    assert (three.name, len(three.seed_aucs), one.seed_std) == ("contrastive", 3, None)
    width = three.interval.high - three.interval.low
    assert width > three.patient_interval.high - three.patient_interval.low
    assert "joined with the spread of the trainings" in three.interval.method
    assert one.interval == one.patient_interval
    assert "networks held fixed" in one.interval.method
    assert three.image_wise_interval.method.startswith("image-wise")
    mated = split.pairs.mated
    times = np.bincount(split.patients[split.pairs.probe[mated]])
    assert three.counts.effective_patients == pytest.approx(times.sum() ** 2 / (times**2).sum())


def test_an_attack_that_fails_on_originals_is_weak_whatever_it_does_elsewhere(split, rng):
    failed = attack_results(scores_of(split, rng, 0, trained_strength=0), VERSIONS, PROTOCOL, resampled(split))
    assert failed.worst_case.verdict == "weak"
    assert failed.attacks[0].certificate.verdict == "weak"
    worked = attack_results(scores_of(split, rng, 0, trained_strength=6), VERSIONS, PROTOCOL, resampled(split))
    assert worked.worst_case.verdict == "certified", "the anonymizer worked, the attack is trained"
    assert worked.worst_case.verification_auc < 0.6


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
    assert worst_case([weak, trained, attack("c", "informed", 0.5)]).verdict == "certified"
    assert worst_case([attack("d", "informed", 0.5, verdict=None), trained]).verdict == "weak"


def test_linking_releases_is_another_goal():
    linked, informed = attack("a", "linked-releases", 0.9), attack("b", "informed", 0.6)
    assert worst_case([linked, informed]).label == "b (informed)"
    assert worst_case([linked]).label == "a (linked-releases)"
    assert worst_case([linked]).verdict == "weak"


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


@pytest.mark.parametrize("scores", [np.full(400, np.nan), np.r_[np.zeros(399), np.inf], np.zeros(399)])
def test_scores_that_are_missing_are_refused(split, scores):
    """NaNs would sort above everything else and pass for privacy."""
    with pytest.raises(PrivbenchError, match="The attack 'mine' returned scores"):
        linkage_scores(AttackOrigin("mine", "paper", 0), split, "test", "AO", split.pairs, scores)
