"""The promises of the plugins in my_plugin.py: `pytest test_my_plugin.py`, some twenty seconds."""

from pathlib import Path

from privbench.judging.contract.checks import broken_promises

FILE = Path(__file__).with_name("my_plugin.py")


def test_it_keeps_its_promises() -> None:
    assert broken_promises(FILE) == {}
