"""What all executors share: how an error travels."""

from graphs import OddError

from privbench.base.errors import PrivbenchError
from privbench.engine.executors.interface import told_abroad


def test_an_error_travels_as_itself_or_in_its_words():
    error = PrivbenchError("It cannot be made: do something else.")
    assert told_abroad(error) is error
    assert repr(told_abroad(OddError(7, "of a library"))) == "RuntimeError('OddError: 7 of a library')"
