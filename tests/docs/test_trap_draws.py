"""The benchmark of the traps' draws takes what its help says."""

import importlib.util
from pathlib import Path

import pytest

from privbench.protocols.schema import load_protocol

FILE = Path(__file__).parents[2] / "benchmarks" / "trap_draws.py"


@pytest.fixture(scope="module")
def parse():
    """What the benchmark makes of a command line."""
    spec = importlib.util.spec_from_file_location("trap_draws", FILE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return lambda line: module.parser().parse_args(line.split())


def test_options_stand_in_any_order_and_as_often_as_need_be(parse):
    chosen = parse("--draws 0 1 --set data.params.patients=500 --trap trap-mirror --set seed=3 --trap trap-key")
    assert chosen.draws == [0, 1]
    assert chosen.trap == ["trap-mirror", "trap-key"]
    protocol = load_protocol(chosen.protocol, chosen.set)
    assert (protocol.data.params["patients"], protocol.seed) == (500, 3)
    assert (parse("").draws, parse("").trap, parse("").set) == ([0, 1, 2], None, [])


@pytest.mark.parametrize("line", ["--trap trap-mirror trap-key", "--trap nobody", "--draws 0 seed=3", "seed=3"])
def test_what_is_no_option_is_refused(parse, line):
    """A second name after one `--trap` was once taken for a change of the protocol."""
    with pytest.raises(SystemExit):
        parse(line)
