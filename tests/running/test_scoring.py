"""What all scores of attacks begin with."""

from privbench.protocols.kinds import Compared
from privbench.running.scoring import there


def test_releases_that_are_the_originals_are_taken_for_them():
    assert [there(kinds, True) for kinds in Compared] == [Compared.ORIGINALS] * 3
    assert [there(kinds, False) for kinds in Compared] == list(Compared)
