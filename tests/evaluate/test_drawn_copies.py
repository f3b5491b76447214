"""What released images are copies of, on worlds whose truth is known."""

import pandas as pd
import pytest
from drawn_worlds import world

from privbench.evaluate.unpaired import Provenance, evaluate_unpaired
from privbench.protocols.schema import load_protocol
from privbench.record.scores import UTILITY_COLUMNS

PROTOCOL = load_protocol("quick", ["statistics.resamples=200"])
NO_READINGS = pd.DataFrame(columns=UTILITY_COLUMNS)


def judged(scores):
    return evaluate_unpaired(scores, NO_READINGS, PROTOCOL, {}, Provenance(("train",), False, 0, True))


def test_a_few_copies_are_found_as_copies_though_no_mean_shows_them():
    found = judged(world(1, copied=0.02)).unpaired
    assert 0 < found.copies.exact < 0.05
    assert found.copies.publishes_originals
    assert found.memorization.verdict == "not shown"


@pytest.mark.parametrize("seed", range(3))
def test_near_copies_of_members_are_found_among_any_number_of_other_images(seed):
    """One of 25 images is one: their share is no larger than that of different originals that look as alike."""
    found = judged(world(seed, copied=0.04, altered=0.25, draws=3000)).unpaired.copies
    assert found.exact == 0
    assert found.interval.low <= found.control_high
    assert found.of_patients.members_copied > 40 > 3 * found.of_patients.outsiders_copied
    assert found.prefers_members
    assert found.publishes_originals
    assert not judged(world(seed, draws=3000)).unpaired.copies.prefers_members, "others come as near by chance"
