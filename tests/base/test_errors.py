"""What is wrong is told together."""

import pytest

from privbench.base.errors import PrivbenchError, raise_all


def test_nothing_wrong_is_no_error():
    raise_all([])


def test_one_problem_is_told_as_it_is():
    with pytest.raises(PrivbenchError, match=r"^Image a is too small: enlarge it\.$"):
        raise_all(["Image a is too small: enlarge it."])


def test_five_of_many_problems_are_told():
    with pytest.raises(PrivbenchError) as error:
        raise_all([f"Image {number} is lost: find it." for number in range(7)])
    told = [f"- Image {number} is lost: find it." for number in range(5)]
    assert str(error.value).splitlines() == ["7 things are wrong:", *told, "- and 2 more."]
