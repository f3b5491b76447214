"""What a process does that makes a stage: its threads."""

import sys

import torch
from threadpoolctl import threadpool_info

from privbench.engine.job import _pools, _threads


def test_all_that_computes_gets_the_threads_of_the_stage_and_what_it_had_afterwards():
    before = torch.get_num_threads(), [one["num_threads"] for one in threadpool_info()]
    for count in (1, 2):
        with _threads(count):
            assert {torch.get_num_threads(), *(one["num_threads"] for one in threadpool_info())} == {count}
    assert (torch.get_num_threads(), [one["num_threads"] for one in threadpool_info()]) == before


def test_the_libraries_are_looked_for_again_where_modules_were_loaded_since():
    found = _pools(len(sys.modules))
    assert _pools(len(sys.modules)) is found
    assert _pools(len(sys.modules) + 1) is not found
