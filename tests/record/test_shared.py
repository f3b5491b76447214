"""A shared record holds numbers and names, and no text that somebody wrote of his own house."""

import json

import pytest
from records import record

from privbench.record.shared import PLACEHOLDER, Withheld, without_texts

PARAMS = {
    "columns": {"patient": "MRN-ward-7"},
    "only": {"Ward": ["Intensive"]},
    "path": "{Folder}/{File}",
    "findings": ["Mass", "Ours"],
    "none": {},
    "sizes": [1, 2],
    "test_share": 0.2,
    "strict": True,
    "label_noise": None,
}
TEXTS = ("MRN", "Ward", "Intensive", "Folder", "Ours", "Dr Grey's", "4711")


@pytest.fixture
def ours():
    """A record of private data whose parameters tell of the house."""
    run = record("a", 0.8, 0.7)
    data = run.protocol["data"] | {"dataset": "table", "params": PARAMS}
    words = {"description": "of Dr Grey's ward"}
    terms = {
        "protocol": run.protocol | {"data": data | {"exclude_file": "4711"}},
        "plugins": [{"plugin": "table", "params": PARAMS}, {"plugin": "siamese", "params": {"backbone": "resnet10t"}}],
        "stages": {"data": "1"},
    }
    update = {"public": False, "protocol": run.protocol | words | {"data": data}, "terms": terms}
    return run.model_copy(update=update)


def test_texts_are_withheld_at_whatever_depth_and_numbers_stay(ours):
    shared = without_texts(ours)
    params = {"columns": PLACEHOLDER, "only": PLACEHOLDER, "path": PLACEHOLDER, "findings": PLACEHOLDER}
    assert shared.protocol["data"]["params"] == PARAMS | params
    assert shared.terms["protocol"]["data"]["params"] == PARAMS | params
    assert shared.terms["plugins"][0]["params"] == PARAMS | params
    text = shared.model_dump_json()
    assert [one for one in TEXTS if one in ours.model_dump_json()] == list(TEXTS)
    assert [one for one in TEXTS if one in text] == []


def test_digests_of_what_the_data_set_read_are_withheld_with_its_texts(ours):
    """Of a short table every guess could be tried."""
    plugins = [{"plugin": "table", "params": PARAMS, "inputs": {"merged ward.csv": "0" * 64}}]
    shared = without_texts(ours.model_copy(update={"terms": ours.terms | {"plugins": plugins}}))
    assert shared.terms["plugins"][0]["inputs"] == PLACEHOLDER
    assert without_texts(shared) == shared


def test_everything_else_stays(ours):
    shared = without_texts(ours)
    assert shared.terms["plugins"][1] == ours.terms["plugins"][1]
    assert shared.terms["stages"] == ours.terms["stages"]
    assert (shared.protocol["name"], shared.protocol["data"]["size"]) == (ours.protocol["name"], 64)
    assert shared.figures == ours.figures
    assert shared.fingerprint == ours.fingerprint
    assert without_texts(shared) == shared, "twice is once"


def test_terms_without_a_text_are_as_they_were(ours):
    data = ours.protocol["data"] | {"params": {"patients": 60}}
    terms = {"protocol": ours.protocol | {"data": data}, "plugins": [{"plugin": "table", "params": {"patients": 60}}]}
    plain = ours.model_copy(update={"protocol": ours.protocol | {"data": data}, "terms": terms})
    assert without_texts(plain).terms == terms
    assert without_texts(plain).protocol == plain.protocol | {"description": PLACEHOLDER}


def test_of_public_data_nothing_is_taken(ours):
    public = ours.model_copy(update={"public": True})
    assert without_texts(public) is public


@pytest.mark.parametrize("protocol", [None, {}, {"data": 3}, {"data": {}}, {"data": {"params": ["Ward"]}}])
@pytest.mark.parametrize("plugins", [None, [None, 3], [{"plugin": "table"}], [{"plugin": "table", "params": "Ward"}]])
def test_terms_that_are_none_are_no_way_out(ours, protocol, plugins):
    odd = ours.model_copy(update={"terms": {"protocol": protocol, "plugins": plugins}})
    assert "Ward" not in json.dumps(without_texts(odd).terms)


def test_what_is_withheld_is_told_in_words():
    assert json.loads(json.dumps([Withheld.WEIGHTS])) == ["the weights of the anonymizer"]
    assert Withheld("the log") is Withheld.LOG
