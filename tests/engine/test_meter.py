"""A stage is told with the memory that it held at most, and not with what another held before."""

import time

import numpy as np
import pytest

from privbench.engine.meter import _RESET, Meter

MIB = 2**20
resettable = pytest.mark.skipif(not _RESET.exists(), reason="the peak can be reset on Linux alone")


def peak_of(mebibytes):
    with Meter() as meter:
        np.ones(mebibytes * MIB, np.uint8)  # written to, so that it is really held
    return meter.peak_memory_mib


@resettable
def test_what_a_stage_held_for_a_moment_counts():
    assert peak_of(300) - peak_of(1) > 250


@resettable
def test_the_peak_is_reset_between_stages():
    first = peak_of(300)
    assert first - peak_of(1) > 250


def test_the_peak_is_at_least_what_was_allocated():
    assert peak_of(200) >= 200


def test_a_stage_that_fails_is_measured_all_the_same():
    meter = Meter()
    with pytest.raises(ZeroDivisionError), meter:
        raise ZeroDivisionError
    assert meter.seconds >= 0
    assert meter.peak_memory_mib > 0


def test_seconds_pass_while_a_stage_waits():
    with Meter() as meter:
        time.sleep(0.02)
    assert meter.seconds >= 0.02
