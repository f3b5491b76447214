"""A run says whether it publishes other patients' radiographs."""

import pytest
from copying import copies
from records import change

from privbench.record.copies import CopiesResult
from privbench.record.values import Interval


def interval(low, high):
    return Interval(low=low, high=high, confidence=0.95, method="by hand", resamples=100)


@pytest.mark.parametrize(
    ("exact", "ends", "publishes"),
    [
        (0.0, (-0.01, 0.01), False),
        (0.0, (0.01, 0.05), True),
        (0.01, (-0.01, 0.02), True),
        (0.0, None, False),
    ],
)
def test_it_publishes_others_where_one_is_theirs_to_the_bit_or_more_are_than_by_chance(exact, ends, publishes):
    told = copies(0.02, exact=exact)
    difference = change(0.01).model_copy(update={"interval": ends and interval(*ends)})
    others = told.others.model_copy(update={"difference": difference})
    assert told.model_copy(update={"others": others}).publishes_others == publishes


def test_it_is_read_as_it_was_written():
    told = copies(0.9)
    assert CopiesResult.model_validate_json(told.model_dump_json()) == told
