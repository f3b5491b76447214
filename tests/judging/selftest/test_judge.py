"""Anonymizers whose truth is known are sorted by what the attacks say."""

import pytest
from contracts import Guided
from records import record

from privbench.judging.selftest.judge import HIDES, REMOVES, judge, traps
from privbench.report.tables.selftest import sorting_table


def test_every_trap_of_the_list_is_there():
    truths = [truth for _, truth in traps(Guided)]
    assert (truths.count(HIDES), truths.count(REMOVES)) == (8, 3)


@pytest.mark.parametrize(
    ("worst", "truth", "verdict", "rightly"),
    [
        (0.90, HIDES, HIDES, True),
        (0.80, HIDES, "in between", False),
        (0.52, HIDES, REMOVES, False),
        (0.52, REMOVES, REMOVES, True),
        (0.60, REMOVES, "in between", False),
        (0.60, None, "in between", True),
    ],
)
def test_findings_are_judged_against_identity(worst, truth, verdict, rightly):
    finding = judge(record("x", worst, 0.5), record("identity", 0.95, 0.9), truth)
    assert finding.verdict == verdict
    assert finding.margin == pytest.approx((worst - 0.5) / 0.45)
    assert finding.paper_auc == 0.5
    assert finding.sorted == rightly
    assert ("WRONG" in sorting_table([finding]).groups[0].rows[0][-1].text) != rightly
