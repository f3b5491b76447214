"""The records of attacks: what they are called, and that they are closed to what they do not know."""

import pytest
from pydantic import ValidationError
from records import attack, record

from privbench.record.attack import VERDICTS

ONE = attack("contrastive", "informed", 0.8)
EVERY = [ONE, ONE.certificate, *ONE.figures[:1], record("a", 0.8, 0.7).worst_case]
each = pytest.mark.parametrize("one", EVERY, ids=lambda one: type(one).__name__)


@each
def test_a_result_is_closed_to_what_it_does_not_know(one):
    with pytest.raises(ValidationError, match="surplus"):
        type(one).model_validate(one.model_dump() | {"surplus": 1})


@each
def test_no_field_of_a_result_may_be_missing(one):
    """What is not known is told to be None, so that nothing is forgotten."""
    values = one.model_dump()
    for name in values:
        with pytest.raises(ValidationError, match=name):
            type(one).model_validate({key: value for key, value in values.items() if key != name})


def test_attacks_and_the_worst_case_are_called_by_attack_and_scenario():
    run = record("a", 0.8, 0.7)
    assert [one.label for one in run.attacks] == ["siamese (paper)", "contrastive (informed)"]
    assert run.worst_case.label == "contrastive (informed)"


def test_the_best_verdict_comes_first():
    assert VERDICTS == ("certified", "unsaturated", "weak")
    with pytest.raises(ValidationError, match="verdict"):
        record("a", 0.8, 0.7, verdict="perhaps")
