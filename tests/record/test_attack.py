"""The records of attacks: what they are called, and which verdicts there are."""

import pytest
from pydantic import ValidationError
from records import record

from privbench.record.attack import VERDICTS


def test_attacks_and_the_worst_case_are_called_by_attack_and_scenario():
    run = record("a", 0.8, 0.7)
    assert [one.label for one in run.attacks] == ["siamese (paper)", "contrastive (informed)"]
    assert run.worst_case.label == "contrastive (informed)"


def test_what_is_not_proven_is_the_attack_or_the_release():
    told = {verdict: record("a", 0.8, 0.7, verdict=verdict).worst_case.standing for verdict in VERDICTS}
    assert told == {
        "certified": "the attack is certified",
        "open": "the release is open",
        "unsaturated": "the attack is unsaturated",
        "weak": "the attack is weak",
    }


def test_the_best_verdict_comes_first():
    assert VERDICTS == ("certified", "open", "unsaturated", "weak")
    with pytest.raises(ValidationError, match="verdict"):
        record("a", 0.8, 0.7, verdict="perhaps")
