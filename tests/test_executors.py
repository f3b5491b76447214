"""Figures do not depend on who makes the stages, nor on how many do."""

import os

import pytest

import privbench

pytestmark = pytest.mark.slow
OVERRIDES = [
    "attacks.siamese=none",
    'utilities.classification.modes=["frozen","retrained-release"]',
    "statistics.resamples=100",
]


def figures(record):
    return record.attacks, record.worst_case, record.utilities, record.measurements, record.fingerprint, record.key


@pytest.fixture(scope="module")
def run(tiny_protocol, tmp_path_factory):
    """Runs a small protocol in a store of its own."""

    def start(**means):
        place = tmp_path_factory.mktemp("run")
        return privbench.run(
            "prichexy", protocol=str(tiny_protocol), overrides=OVERRIDES, store=place / "store", out=place / "out",
            **means,
        )  # fmt: skip

    return start


@pytest.fixture(scope="module")
def serial(run):
    return run(executor="serial", jobs=1)


def assert_equal(run, serial):
    assert figures(run.record) == figures(serial.record)
    assert {stage.name: (stage.key, stage.digest) for stage in run.record.stages} == {
        stage.name: (stage.key, stage.digest) for stage in serial.record.stages
    }, "to the bit, whatever a stage puts out"
    assert [stage.name for stage in run.record.stages] == [stage.name for stage in serial.record.stages]


@pytest.mark.parametrize("jobs", [1, 2, 4])
def test_other_processes_make_the_same(run, serial, jobs):
    assert_equal(run(executor="local", jobs=jobs), serial)


@pytest.mark.skipif(not os.environ.get("PRIVBENCH_RAY_TEST"), reason="set PRIVBENCH_RAY_TEST=1, where ray is installed")
def test_a_cluster_of_three_machines_makes_the_same(run, serial):
    from ray.cluster_utils import Cluster

    nodes = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    try:
        for _ in range(2):
            nodes.add_node(num_cpus=1)
        assert_equal(run(executor="ray", address=nodes.address), serial)
    finally:
        nodes.shutdown()
