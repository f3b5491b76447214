"""Anonymizers whose truth is known are sorted by what the attacks say."""

import pytest
from records import record

from privbench.judging.selftest.catalogue import HIDES, REMOVES, Trap
from privbench.judging.selftest.judge import OPEN, judge
from privbench.judging.selftest.removers import Constant
from privbench.report.tables.selftest import sorting_table


def judged(worst, truth, verdict="certified", copies=False):
    run = record("x", worst, 0.5)
    run = run.model_copy(update={"worst_case": run.worst_case.model_copy(update={"verdict": verdict})})
    trap = None if truth is None else Trap(Constant(), truth, copies)
    return judge(run, record("identity", 0.95, 0.9), trap)


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
    finding = judged(worst, truth)
    assert finding.verdict == verdict
    assert finding.margin == pytest.approx((worst - 0.5) / 0.45)
    assert finding.paper_auc == 0.5
    assert finding.sorted == rightly
    assert ("WRONG" in sorting_table([finding]).groups[0].rows[0][-1].text) != rightly


@pytest.mark.parametrize(
    ("worst", "truth", "verdict", "rightly"),
    [
        (0.90, HIDES, HIDES, True),
        (0.80, HIDES, OPEN, True),
        (0.52, HIDES, OPEN, True),
        (0.52, REMOVES, OPEN, False),
        (0.60, None, OPEN, True),
    ],
)
def test_what_is_not_beaten_and_not_proven_gone_is_taken_for_hidden(worst, truth, verdict, rightly):
    finding = judged(worst, truth, "open")
    assert (finding.verdict, finding.sorted) == (verdict, rightly)
    assert not finding.certified
    cell = sorting_table([finding]).groups[0].rows[0][-1].text
    assert ("WRONG" in cell) != rightly
    assert ("(not certified)" in cell) == (verdict != OPEN)


def test_a_remover_that_publishes_others_is_told():
    assert sorting_table([judged(0.5, REMOVES, copies=True)]).groups[0].rows[0][1].text == "removes, publishes copies"
    assert sorting_table([judged(0.5, REMOVES)]).groups[0].rows[0][1].text == "removes"
