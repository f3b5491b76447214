"""What a process does that makes a stage: its threads."""

import sys
from dataclasses import replace

import pytest
import torch
from graphs import CONDITIONS, job_of, node
from threadpoolctl import threadpool_info

from privbench.engine.job import _pools, _threads
from privbench.engine.node import Nodes
from privbench.running.stage_names import COPIES


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


@pytest.mark.parametrize(("named", "seen"), [("cuda:1", "cuda"), ("cuda", "cuda"), ("cpu", "cpu")])
def test_where_one_gpu_of_several_is_seen_it_has_no_number_and_keys_have_none(named, seen, tmp_path):
    one = replace(node("a"), conditions=replace(CONDITIONS, device=named))
    assert job_of(one, tmp_path).beside_others.conditions == replace(CONDITIONS, device=seen)
    nodes = [Nodes({"copies": "1"}, replace(CONDITIONS, device=device)) for device in (named, seen)]
    keys = [told.node(COPIES, {}, [one], one.work).config for told in nodes]
    assert keys[0] == keys[1]
    assert keys[0]["device"] == seen
    assert not {"batch", "tf32", "compile"} & keys[0].keys(), "what is as ever is in no key"
    auto = Nodes({"copies": "1"}, replace(CONDITIONS, batch="auto")).node(COPIES, {}, [one], one.work)
    assert auto.config["batch"] == "auto"
