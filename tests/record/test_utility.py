"""The records of utility: what they are called, and that they are closed to what they do not know."""

import pytest
from pydantic import ValidationError
from records import change, finding, gap, group, measurement, utility

from privbench.protocols.modes import MODES

EVERY = [
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


@pytest.mark.parametrize("mode", MODES)
def test_a_result_is_called_by_its_task_and_mode(mode):
    assert utility(0.8, name="lungs", mode=mode).label == f"lungs ({mode})"
    assert measurement("SSIM", 0.9, name="lungs", mode=mode).label == f"lungs ({mode})"


def test_a_mode_that_there_is_not_is_refused():
    for make in (lambda: utility(0.8, mode="melted"), lambda: measurement("SSIM", 0.9, mode="control")):
        with pytest.raises(ValidationError, match="mode"):
            make()
