"""From scores made by hand to the results of all attacks, their certificates and the worst case."""

import numpy as np
import pytest
from attack_scores import PROTOCOL, VERSIONS, resampled, scores_of, thirty_patients
from sklearn.metrics import roc_auc_score

from privbench.evaluate.attacks import attack_results
from privbench.evaluate.risk import RISK


@pytest.fixture
def split(rng):
    return thirty_patients(rng)


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
    values = {figure.name: figure.value for figure in result.figures}
    assert values["equal error rate"] < 0.1
    assert values["FNMR at FMR 0.1%"] is None, "400 pairs cannot show one error in a thousand"
    assert result.retrieval.probes == 90
    assert result.retrieval.gallery == 89
    assert result.retrieval.rank_1 <= values["rank 5"] <= values["rank 10"]
    sizes = [rate.size for rate in result.retrieval.by_gallery_size]
    assert sizes == [10, 20, 50, 88]
    rates = [rate.rank_1 for rate in result.retrieval.by_gallery_size]
    assert rates == sorted(rates, reverse=True), "a larger gallery is harder"
    assert sum(rate.mates for rate in result.retrieval.by_years) == 180
    again = attack_results(scores, VERSIONS, PROTOCOL, resampled(split))
    assert again.attacks == found.attacks, "the same scores give the same figures"
    known = {"AUC", "rank 1", "own-image match", *RISK} - {"FNMR at FMR 0.1%"}
    assert set(map(str, found.estimates)) == {
        *(f"privacy/worst case/{metric}" for metric in ("AUC", "rank 1", "own-image match", "patients singled out")),
        *(f"privacy/contrastive (informed)/{metric}" for metric in known),
        *(f"privacy/correlation (informed)/{metric}" for metric in known),
    }


def test_an_attack_that_fails_on_originals_is_weak_whatever_it_does_elsewhere(split, rng):
    failed = attack_results(scores_of(split, rng, 0, trained_strength=0), VERSIONS, PROTOCOL, resampled(split))
    assert failed.worst_case.verdict == "weak"
    assert failed.attacks[0].certificate.verdict == "weak"
    worked = attack_results(scores_of(split, rng, 0, trained_strength=6), VERSIONS, PROTOCOL, resampled(split))
    assert worked.worst_case.verdict == "certified", "the anonymizer worked, the attack is trained"
    assert worked.worst_case.verification_auc < 0.6
    assert worked.worst_case.release.verdict == "gone"


def test_an_attack_that_is_trained_and_fails_where_the_image_is_found_proves_nothing(split, rng):
    scores = scores_of(split, rng, 0, trained_strength=6, image_strength=4)
    found = attack_results(scores, VERSIONS, PROTOCOL, resampled(split)).worst_case
    assert (found.verdict, found.release.verdict) == ("open", "open")
    assert found.verification_auc < 0.6
    assert found.release.match > 0.9
