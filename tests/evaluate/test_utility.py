import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from privbench.data.pairs import Pairs
from privbench.data.splits import Split
from privbench.errors import PrivbenchError
from privbench.evaluate.resampling import Resampling
from privbench.evaluate.utility import utility_result
from privbench.protocol import load_protocol
from privbench.scores import read_scores, utility_scores, write_scores

PROTOCOL = load_protocol("quick", ["statistics.resamples=200"])


def evaluated(scores):
    return utility_result(scores, PROTOCOL, "1", Resampling.of(PROTOCOL, scores["patient"].to_numpy()))


@pytest.fixture
def test_split(rng):
    patients = np.arange(30).repeat(3)
    table = pd.DataFrame({"image": [f"{i}.png" for i in range(90)], "patient": patients})
    table["Mass"] = (rng.random(90) < 0.4).astype(np.uint8)
    table["Edema"] = (rng.random(90) < 0.3).astype(np.uint8)
    table["Hernia"] = 0
    none = Pairs(np.array([]), np.array([]), np.array([]))
    return Split(np.zeros((90, 1, 4, 4), np.uint8), table, ("Mass", "Edema", "Hernia"), none)


def test_utility_figures(test_split, rng, tmp_path):
    values = test_split.labels + rng.normal(0, 1, (90, 3))
    write_scores(utility_scores(test_split, values), tmp_path / "scores.parquet")
    result, estimates = evaluated(read_scores(tmp_path / "scores.parquet"))
    by_hand = [roc_auc_score(test_split.labels[:, c], values[:, c]) for c in range(2)]
    assert result.mean_auc == pytest.approx(np.mean(by_hand))
    assert [f.auc for f in result.findings] == [pytest.approx(by_hand[0]), pytest.approx(by_hand[1]), None]
    assert result.left_out == ["Hernia"]
    assert result.findings[2].interval is None
    assert result.findings[0].positives == int(test_split.labels[:, 0].sum())
    assert result.interval.low < result.mean_auc < result.interval.high
    counts = result.counts
    assert (counts.images, counts.patients, counts.effective_patients) == (90, 30, pytest.approx(30))
    assert list(estimates) == [f"utility/classification/{one}" for one in ("mean AUC", "AUC of Mass", "AUC of Edema")]
    assert estimates["utility/classification/AUC of Mass"].value == pytest.approx(by_hand[0])


def test_one_label_only_is_an_error(test_split):
    scores = utility_scores(test_split, np.zeros((90, 3))).query("`class` == 'Hernia'")
    with pytest.raises(PrivbenchError, match="No finding is both present and absent"):
        evaluated(scores)


def test_scores_that_are_missing_are_refused(test_split):
    """NaNs would sort above everything else and pass for a finding."""
    with pytest.raises(PrivbenchError, match="The utility task returned scores"):
        utility_scores(test_split, np.full((90, 3), np.nan))
