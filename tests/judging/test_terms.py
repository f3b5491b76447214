"""What makes two runs incomparable is named."""

import pytest
from records import record

from privbench.base.errors import PrivbenchError
from privbench.judging.terms import changed_of_builtin, differences, differences_of, require_same, terms_of


def test_differences_are_named_by_field():
    one = {"protocol": {"seed": 0, "pairs": {"cap": 5}}, "plugins": [{"name": "a"}]}
    other = {"protocol": {"seed": 1, "pairs": {"cap": None}}, "plugins": [{"name": "a"}, {"name": "b"}]}
    assert differences(one, other, ("a" * 64, "b" * 64)) == [
        "protocol.seed: 0 / 1",
        "protocol.pairs.cap: 5 / –",
        "plugins[1].name: – / b",
        "the images and labels: digest aaaaaaaaaaaa / bbbbbbbbbbbb",
    ]
    assert differences(one, one) == []


def test_lists_are_compared_item_by_item_and_long_texts_are_cut():
    one = {"modes": ["frozen"], "weights": "0123456789abcdefghijklmno", "none": [], "exact": "x" * 24}
    other = {"modes": ["frozen", "retrained"], "weights": "zyxwvutsrqponmlkjihgfedcba", "none": {}, "exact": "y" * 24}
    assert differences(one, other) == [
        "weights: 0123456789ab… / zyxwvutsrqpo…",
        "none: [] / {}",
        f"exact: {'x' * 24} / {'y' * 24}",
        "modes[1]: – / retrained",
    ], "what the other alone has comes last"


def test_the_same_data_are_no_difference():
    assert differences({}, {}, ("a", "a")) == []
    assert differences({"a": 0}, {"a": False}) == [], "as Python and JSON have it"


def under(name, fingerprint, data="d", **protocol):
    made = record(name, 0.8, 0.7, fingerprint=fingerprint)
    return made.model_copy(update={"terms": {"protocol": protocol}, "data_digest": data})


def test_runs_of_one_fingerprint_may_be_compared():
    require_same(under("a", "f", seed=0), under("b", "f", seed=1))


def test_the_first_three_differences_are_named_and_the_others_counted():
    one, other = under("a", "f", s=0, t=0, u=0, v=0, w=0), under("b", "g", s=1, t=1, u=1, v=1, w=1)
    with pytest.raises(PrivbenchError) as told:
        require_same(one, other)
    assert str(told.value) == (
        "a and b cannot be compared, their fingerprints differ "
        "(protocol.s: 0 / 1; protocol.t: 0 / 1; protocol.u: 0 / 1 and 2 more): run both alike."
    )


def test_three_differences_are_named_in_full():
    with pytest.raises(PrivbenchError, match=r"\(protocol.s: 0 / 1; protocol.t: 0 / 1; the images and labels: digest"):
        require_same(under("a", "f", "d", s=0, t=0), under("b", "g", "e", s=1, t=1))


def test_what_differs_in_nothing_that_is_told_was_made_by_another_version():
    with pytest.raises(PrivbenchError, match=r"differ \(the version of privbench that made them\)"):
        require_same(under("a", "f", seed=0), under("b", "g", seed=0))


def test_a_run_without_terms_is_told_by_its_protocol():
    """Less the words, which are no part of a fingerprint."""
    old = record("a", 0.8, 0.7).model_copy(update={"terms": {}})
    protocol = terms_of(old)["protocol"]
    assert protocol["seed"] == old.protocol["seed"]
    assert not {"name", "version", "description", "anonymizers"} & protocol.keys()
    reworded = old.model_copy(update={"protocol": old.protocol | {"description": "another"}})
    assert differences_of(old, reworded) == []
    assert differences_of(old, old.model_copy(update={"protocol": old.protocol | {"seed": 7}})) == [
        f"protocol.seed: {old.protocol['seed']} / 7"
    ]


def test_a_protocol_is_told_from_the_one_of_its_name_but_for_its_data():
    made = record("a", 0.8, 0.7)

    def told(**changes):
        return changed_of_builtin(made.model_copy(update={"protocol": made.protocol | changes}))

    assert told() == []
    assert told(data=made.protocol["data"] | {"dataset": "chestxray14", "size": 32}, description="x") == []
    certificate = made.protocol["certificate"] | {"saturation": 0.6}
    assert told(certificate=certificate, seed=3) == ["seed: 0 / 3", "certificate.saturation: 0.95 / 0.6"]
    assert told(name="mine") is None
    assert told(name="/etc/passwd.toml") is None, "which is no path that is read"
