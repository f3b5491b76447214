"""Rates are told of what was asked for; that they are right no test on a shared machine can tell."""

import os

import pytest

from privbench.judging.ceilings import (
    COPY,
    CPU,
    CUDA,
    DECODE,
    MATRIX,
    Arithmetic,
    Bounds,
    Ceiling,
    Computing,
    bounds_of,
    computing_of,
    measure_ceilings,
)
from privbench.running import environment

FULL, BF16, FP16 = map(Arithmetic, ("32-true", "bf16-mixed", "16-mixed"))
TF32 = Arithmetic("32-true", tf32=True)


def test_every_ceiling_is_measured_with_one_thread_and_more():
    found = measure_ceilings(Computing(CPU, 2, BF16), helpers=2)
    own = [one for one in found if one.device == CPU]
    threads = sorted({1, 2, os.cpu_count()})
    assert [(one.what, one.threads, one.arithmetic) for one in own] == [
        *(each for count in threads for each in ((MATRIX, count, FULL), (MATRIX, count, BF16), (COPY, count, None))),
        (DECODE, 2, None),
    ]  # fmt: skip
    assert all(one.rate > 0 for one in found)


def test_what_a_gpu_alone_can_do_is_not_asked_of_the_processor():
    found = measure_ceilings(Computing(CUDA, 1, FP16))
    assert {one.arithmetic for one in found if one.device == CPU} == {FULL, None}
    assert DECODE not in {one.what for one in found}, "nothing was decoded"


def test_a_rate_is_held_against_that_of_the_same_device_threads_and_arithmetic():
    rates = [
        (MATRIX, CPU, 1, FULL), (MATRIX, CPU, 4, FULL), (MATRIX, CPU, 4, BF16), (COPY, CPU, 1, None),
        (COPY, CPU, 4, None), (DECODE, CPU, 4, None), (MATRIX, CUDA, None, FULL), (MATRIX, CUDA, None, TF32),
        (MATRIX, CUDA, None, BF16), (MATRIX, CUDA, None, FP16), (COPY, CUDA, None, None),
    ]  # fmt: skip
    found = [Ceiling(*told, float(number)) for number, told in enumerate(rates)]

    def of(*ran, helpers=None):
        bounds = bounds_of(found, Computing(*ran), helpers)
        return [None if one is None else one.rate for one in (bounds.matrix, bounds.copy, bounds.decode)]

    assert of(CPU, 4, FULL) == [1, 4, None]
    assert of(CPU, 4, BF16, helpers=4) == [2, 4, 5]
    assert of(CPU, 1, BF16, helpers=3) == [None, 3, None], "what was not measured is held against nothing"
    assert of(CUDA, 4, FULL) == [6, 10, None]
    assert of(CUDA, 4, TF32) == [7, 10, None]
    assert of(CUDA, 4, BF16, helpers=4) == [8, 10, 5], "a processor decodes for a GPU, too"
    assert of(CUDA, 4, FP16) == [9, 10, None]
    assert bounds_of(found, Computing("mps", 4, FULL)) == Bounds()


@pytest.mark.parametrize(
    ("precision", "tf32", "arithmetic"),
    [
        ("32-true", None, TF32), ("32-true", True, TF32), ("32-true", False, FULL),
        ("bf16-mixed", True, BF16), ("16-mixed", None, FP16),
    ],
)  # fmt: skip
def test_a_run_tells_how_precise_its_products_were(precision, tf32, arithmetic):
    told = environment.device("cuda", precision, 3, tf32=tf32)
    assert computing_of(told) == Computing(CUDA, 3, arithmetic)
    assert computing_of(environment.device("cpu", precision, 3, tf32=tf32)).arithmetic == Arithmetic(precision)


def test_an_old_run_on_a_gpu_rounded_as_torch_does():
    assert computing_of({"type": "cuda", "precision": "32-true", "threads": "1"}).arithmetic == TF32
    assert computing_of({}) == Computing(CPU, 1, FULL)
