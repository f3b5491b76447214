"""What all records are made of: frozen, and closed to what they do not know."""

import pytest
from pydantic import ValidationError
from records import around, attack, change, finding, gap, group, measurement, record, utility

from privbench.record.values import Counts, Interval, Record


class Named(Record):
    name: str


def test_a_record_is_closed_to_what_it_does_not_know():
    """A field that was misspelt, or of a later schema, is not lost in silence."""
    with pytest.raises(ValidationError, match="extra_forbidden"):
        Named(name="a", nmae="b")


def test_a_record_cannot_be_changed():
    one = Named(name="a")
    with pytest.raises(ValidationError, match="frozen"):
        one.name = "b"
    assert hash(one) == hash(Named(name="a"))


@pytest.mark.parametrize("missing", list(Interval.model_fields))
def test_an_interval_tells_how_it_was_made(missing):
    values = around(0.7).model_dump()
    assert Interval.model_validate(values) == around(0.7)
    with pytest.raises(ValidationError, match=missing):
        Interval.model_validate({key: value for key, value in values.items() if key != missing})


def test_counts_of_what_has_no_pairs_tell_none():
    counts = Counts(patients=3, images=5)
    assert counts.model_dump() == {
        "patients": 3, "images": 5, "pairs": None, "mated": None, "effective_patients": None,
    }  # fmt: skip
    with pytest.raises(ValidationError, match="images"):
        Counts(patients=3)


def test_a_record_is_read_as_it_was_written():
    for one in (around(1 / 3), Counts(patients=3, images=5, pairs=4, mated=2, effective_patients=2.7)):
        assert type(one).model_validate_json(one.model_dump_json()) == one


ATTACK = attack("contrastive", "informed", 0.8)
EVERY = [
    ATTACK,
    ATTACK.certificate,
    ATTACK.figures[0],
    record("a", 0.8, 0.7).worst_case,
    change(-0.1, 0.02),
    finding("Mass", 0.7),
    group("sex", "F", 0.6),
    gap("sex", "F", "M", 0.2, 0.1, widened=True),
    utility(0.8, [finding("Mass", 0.7)]),
    measurement("SSIM", 0.9),
]
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


@each
def test_a_result_is_read_as_it_was_written(one):
    assert type(one).model_validate_json(one.model_dump_json()) == one
