"""What a trap takes from utility, and what it leaves, is judged against what is true of it."""

import pytest
from records import record, utility

from privbench.judging.selftest.useful import judge_utility
from privbench.report.tables.selftest import utility_table


def run(name, params=None, **by_mode):
    made = record(name, 0.7, 0.8)
    tasks = [
        utility(auc, mode=mode.replace("_", "-"), original=0.9, lost=lost) for mode, (auc, lost) in by_mode.items()
    ]
    anonymizer = made.anonymizer.model_copy(update={"name": name, "params": params or {}})
    return made.model_copy(update={"anonymizer": anonymizer, "utilities": tasks})


@pytest.mark.parametrize(
    ("frozen", "release", "verdicts"),
    [
        (0.52, 0.75, ["lost", "kept"]),
        (0.75, 0.75, ["kept", "kept"]),
        (0.65, 0.55, ["in between", "lost"]),
    ],
)
def test_the_shuffle_is_lost_to_frozen_models_and_kept_for_retrained_ones(frozen, release, verdicts):
    judged = judge_utility(run("trap-shuffle", frozen=(frozen, []), retrained_release=(release, None)))
    assert [one.mode for one in judged] == ["frozen", "retrained-release"]
    assert [one.verdict for one in judged] == verdicts
    assert [one.sorted for one in judged] == [
        verdict == right for verdict, right in zip(verdicts, ["lost", "kept"], strict=True)
    ]
    assert ["WRONG" in row[-1].text for row in utility_table(judged).groups[0].rows] == [
        not one.sorted for one in judged
    ]


@pytest.mark.parametrize(("lost", "rightly"), [(["Mass", "Edema"], True), (["Edema", "Mass"], False), ([], False)])
def test_the_eraser_must_be_named_by_its_finding(lost, rightly):
    (judged,) = judge_utility(run("trap-eraser", {"finding": "Mass"}, frozen=(0.87, lost)))
    assert judged.sorted == rightly


def test_nothing_is_said_of_others():
    assert judge_utility(run("identity", frozen=(0.9, []))) == []
