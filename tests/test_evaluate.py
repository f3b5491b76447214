import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from privbench.data.pairs import Pairs
from privbench.data.splits import Split
from privbench.errors import PrivbenchError
from privbench.evaluate import attack_result, utility_result
from privbench.protocol import load_protocol
from privbench.scores import attack_scores, read_scores, utility_scores, write_scores

PROTOCOL = load_protocol("quick", ["statistics.resamples=200"])


@pytest.fixture
def test_split(rng):
    patients = np.arange(30).repeat(3)
    table = pd.DataFrame({"image": [f"{i}.png" for i in range(90)], "patient": patients})
    table["Mass"] = (rng.random(90) < 0.4).astype(np.uint8)
    table["Edema"] = (rng.random(90) < 0.3).astype(np.uint8)
    table["Hernia"] = 0
    probe, reference = rng.integers(0, 90, (2, 400))
    pairs = Pairs(probe, reference, patients[probe] == patients[reference])
    return Split(np.zeros((90, 1, 4, 4), np.uint8), table, ("Mass", "Edema", "Hernia"), pairs)


def test_attack_figures(test_split, rng, tmp_path):
    mated = test_split.pairs.mated
    frames = [attack_scores(test_split, mated + rng.normal(0, 1, 400), seed) for seed in range(3)]
    write_scores(pd.concat(frames), tmp_path / "scores.parquet")
    scores = read_scores(tmp_path / "scores.parquet")
    result = attack_result(scores, PROTOCOL, "1")
    by_hand = [roc_auc_score(mated, frame["score"]) for frame in frames]
    assert result.seed_aucs == pytest.approx(by_hand)
    assert result.verification_auc == pytest.approx(np.mean(by_hand))
    assert result.seed_std == pytest.approx(np.std(by_hand, ddof=1))
    assert result.interval.low < result.verification_auc < result.interval.high
    assert (result.counts.pairs, result.counts.mated, result.counts.patients) == (400, mated.sum(), 30)
    assert attack_result(scores, PROTOCOL, "1") == result, "the same scores give the same figures"
    assert attack_result(frames[0], PROTOCOL, "1").seed_std is None


def test_utility_figures(test_split, rng, tmp_path):
    values = test_split.labels + rng.normal(0, 1, (90, 3))
    write_scores(utility_scores(test_split, values), tmp_path / "scores.parquet")
    result = utility_result(read_scores(tmp_path / "scores.parquet"), PROTOCOL, "1")
    by_hand = [roc_auc_score(test_split.labels[:, c], values[:, c]) for c in range(2)]
    assert result.mean_auc == pytest.approx(np.mean(by_hand))
    assert [f.auc for f in result.findings] == [pytest.approx(by_hand[0]), pytest.approx(by_hand[1]), None]
    assert result.left_out == ["Hernia"]
    assert result.findings[2].interval is None
    assert result.findings[0].positives == int(test_split.labels[:, 0].sum())
    assert result.interval.low < result.mean_auc < result.interval.high
    assert (result.counts.images, result.counts.patients) == (90, 30)


def test_one_label_only_is_an_error(test_split):
    scores = utility_scores(test_split, np.zeros((90, 3))).query("`class` == 'Hernia'")
    with pytest.raises(PrivbenchError, match="No finding is both present and absent"):
        utility_result(scores, PROTOCOL, "1")


@pytest.mark.parametrize("scores", [np.full(400, np.nan), np.r_[np.zeros(399), np.inf], np.zeros(399)])
def test_scores_that_are_missing_are_refused(test_split, scores):
    """NaNs would sort above everything else and pass for privacy."""
    with pytest.raises(PrivbenchError, match="The attack returned scores"):
        attack_scores(test_split, scores, 0)
    with pytest.raises(PrivbenchError, match="The utility task returned scores"):
        utility_scores(test_split, np.full((90, 3), np.nan))
