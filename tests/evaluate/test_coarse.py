"""Ages and years are told as coarsely as figures can bear, and no figure changes."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from privbench.evaluate.coarse import COARSENED, coarsened
from privbench.evaluate.groups import AGES
from privbench.evaluate.linkage import YEARS
from privbench.record.folder import LINKAGE_SCORES, RETRIEVAL_SCORES, UTILITY_SCORES

UNKNOWN = st.just(np.nan)


def aged(*ages):
    return pd.DataFrame({"age": np.array(ages), "score": 0.5})


def test_an_age_is_the_least_of_its_group_and_years_the_fewest_of_their_bin():
    told = coarsened(UTILITY_SCORES, aged(0, 39, 40, 59, 60, 97))
    assert told["age"].tolist() == [0, 0, 40, 40, 60, 60]
    apart = pd.DataFrame({"years": [0.0, 0.9, 1.0, 2.5, 4.0, 5.0, 9.9, 10.0, 31.0]})
    assert coarsened(RETRIEVAL_SCORES, apart)["years"].tolist() == [0, 0, 1, 1, 3, 5, 5, 10, 10]


def test_what_is_unknown_stays_so_and_types_stay_as_they_are():
    told = coarsened(UTILITY_SCORES, aged(np.nan, 63.5))
    assert np.isnan(told["age"][0])
    assert told["age"][1] == 60
    whole = aged(12, 75)
    assert coarsened(UTILITY_SCORES, whole).dtypes.equals(whole.dtypes)
    assert len(coarsened(UTILITY_SCORES, aged())) == 0


def test_other_scores_and_other_columns_stay_as_they_are():
    scores = aged(33, 81)
    assert set(COARSENED) == {UTILITY_SCORES, RETRIEVAL_SCORES}
    assert coarsened(LINKAGE_SCORES, scores) is scores
    assert coarsened(UTILITY_SCORES, scores)["score"].equals(scores["score"])
    assert scores["age"].tolist() == [33, 81], "and so does what was given"


@pytest.mark.parametrize(
    ("name", "column", "ends"), [(UTILITY_SCORES, "age", [*AGES.values()]), (RETRIEVAL_SCORES, "years", [*YEARS])]
)
@given(values=st.lists(st.one_of(st.floats(0, 130), st.integers(0, 130).map(float), UNKNOWN), max_size=30))
def test_every_value_stays_in_its_bin_and_twice_is_once(name, column, ends, values):
    exact = pd.DataFrame({column: np.array(values, float)})
    told = coarsened(name, exact)
    bins = [*ends, np.inf]
    before, after = (pd.cut(one[column], bins, right=False, labels=False) for one in (exact, told))
    assert before.equals(after)
    assert told[column].dropna().isin(ends).all()
    assert coarsened(name, told).equals(told)
