"""Rates are told of what was asked for; that they are right no test on a shared machine can tell."""

import os

from privbench.judging.ceilings import COPY, CPU, DECODE, MATRIX, Ceiling, matrix_ceiling, measure_ceilings


def test_every_ceiling_is_measured_with_one_thread_and_more():
    found = measure_ceilings(3)
    own = [one for one in found if one.device == CPU]
    threads = sorted({1, 3, os.cpu_count()})
    assert [(one.what, one.threads) for one in own] == [
        *((what, count) for count in threads for what in (MATRIX, COPY)), (DECODE, 1),
    ]  # fmt: skip
    assert all(one.rate > 0 for one in found)


def test_a_rate_is_held_against_that_of_the_same_device_threads_and_precision():
    found = [
        Ceiling(MATRIX, CPU, 1, "32-true", 1.0),
        Ceiling(COPY, CPU, 4, "", 2.0),
        Ceiling(MATRIX, CPU, 4, "32-true", 3.0),
        Ceiling(MATRIX, "cuda", None, "32-true", 4.0),
        Ceiling(MATRIX, "cuda", None, "bf16-mixed", 5.0),
    ]
    assert matrix_ceiling(found, CPU, 4, "bf16-mixed") == 3.0
    assert matrix_ceiling(found, CPU, 2, "32-true") is None
    assert matrix_ceiling(found, "cuda", 4, "bf16-mixed") == 5.0
    assert matrix_ceiling(found, "mps", 4, "32-true") is None
