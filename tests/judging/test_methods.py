import json

from records import entry

from privbench.judging.methods import methods_of, setting_of
from privbench.judging.ranking import Standing


def standings(rng, *runs):
    return [Standing(entry(name, 0.8, useful, params=params, rng=rng)) for name, useful, params in runs]


def test_settings_that_differ_in_one_number_stand_in_its_order(rng):
    """Though in between it is the less useful one that is weaker; and from the more useful end, whichever that is."""
    blur = [("blur", 0.60, {"sigma": 4}), ("blur", 0.79, {"sigma": 1}), ("blur", 0.55, {"sigma": 2})]
    jpeg = [("jpeg", 0.60, {"quality": 1}), ("jpeg", 0.79, {"quality": 10})]
    first, second = methods_of(standings(rng, *blur, *jpeg))
    assert [first.values(one) for one in first.standings] == [[1], [2], [4]]
    assert [second.values(one) for one in second.standings] == [[10], [1]]
    assert (first.name, first.varied, second.varied) == ("blur", ("sigma",), ("quality",))


def test_other_settings_stand_in_the_order_of_utility(rng):
    noise = [("noise", 0.6, {"sigma": None, "decibels": 0}), ("noise", 0.8, {"sigma": 0.1, "decibels": None})]
    mask = [("mask", 0.7, {"region": "all"}), ("mask", 0.75, {"region": "heart"})]
    first, second = methods_of(standings(rng, *noise, *mask))
    assert [first.values(one) for one in first.standings] == [[0.1, None], [None, 0]]
    assert [second.values(one) for one in second.standings] == [["heart"], ["all"]]


def test_runs_of_one_setting_are_one(rng):
    (method,) = methods_of(standings(rng, *[("blur", 0.7, {"sigma": 1, "edge": "r"})] * 2))
    assert (method.settings, len(method.standings), method.varied) == (1, 2, ())
    other = standings(rng, ("blur", 0.7, {"edge": "r", "sigma": 1}))[0]
    assert setting_of(other) == setting_of(method.standings[0]), "whatever the order of its parameters"
    assert json.loads(setting_of(other)) == {"sigma": 1, "edge": "r"}


def test_runs_may_be_given_other_names_of_methods(rng):
    runs = standings(rng, ("blur", 0.7, {"sigma": 1}), ("blur", 0.6, {"sigma": 2}), ("jpeg", 0.8, {}))
    assert [(one.name, one.settings) for one in methods_of(runs, ["A", "B", "A"])] == [("A", 2), ("B", 1)]
