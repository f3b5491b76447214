import pytest

from privbench.base.errors import PrivbenchError
from privbench.plugins.interfaces import Anonymizer
from privbench.plugins.registry import Registry


@pytest.mark.parametrize(("name", "multiple"), [("prichexy", 16), ("privacy-net", 8)])
def test_sides_that_the_network_cannot_halve_are_told(name, multiple):
    anonymizer = Registry().create(Anonymizer, name, {})
    anonymizer.check_size(4 * multiple)
    with pytest.raises(PrivbenchError, match=f"multiple of {multiple}, not 30"):
        anonymizer.check_size(30)
