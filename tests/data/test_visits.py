"""Which images of a patient were taken together, as far as the table tells."""

import numpy as np
import pandas as pd

from privbench.data.visits import untold_visits, visit_codes


def table(*rows):
    return pd.DataFrame(rows, columns=["patient", "study", "follow_up"])


def test_a_visit_is_a_patients_study():
    codes = visit_codes(table(("a", "1", 0), ("a", "1", 1), ("a", "2", 0), ("b", "1", 0), ("a", "1", 2)))
    assert [np.flatnonzero(codes == code).tolist() for code in dict.fromkeys(codes.tolist())] == [[0, 1, 4], [2], [3]]


def test_what_nobody_knows_is_a_visit_of_its_own():
    assert len(set(visit_codes(table(*[("a", "", 0)] * 4)).tolist())) == 4


def test_visits_are_told_by_studies_and_by_times_of_their_own():
    found = untold_visits(
        table(
            ("a", "", np.nan), ("a", "", 1), ("a", "", 2), ("a", "", 2), ("a", "x", 2), ("a", "x", np.nan),
            ("alone", "", np.nan), ("b", "", 1), ("b", "", 2),
        )
    )  # fmt: skip
    assert found.tolist() == [True, False, True, True, False, False, False, False, False]
