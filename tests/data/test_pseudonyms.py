"""Records tell images and patients that may be of people under keyed hashes, the same wherever the data are."""

import hashlib
import hmac

import pandas as pd
import pytest

from privbench.data.pseudonyms import PSEUDONYMS, told, with_pseudonyms

TABLE = pd.DataFrame(
    {"image": ["a.png", "b.png", "c.png"], "patient": ["7", "12", "7"], "age": [50, 60, 51]}, index=[4, 5, 9]
)


def test_records_hold_pseudonyms_in_place_of_names():
    named = with_pseudonyms(TABLE, ["d" * 64])
    records = told(named)
    assert list(records.columns) == list(TABLE.columns)
    assert records["image"].tolist() == named["image_pseudonym"].tolist()
    assert records["age"].tolist() == [50, 60, 51]
    assert records["patient"].iloc[0] == records["patient"].iloc[2] != records["patient"].iloc[1]
    assert not set(records["image"]) & set(records["patient"]), "an image called like a patient tells nothing"
    assert not set(TABLE["image"]) & set(records["image"])


def test_records_do_not_tell_studies():
    """Which are often called by an accession number."""
    assert list(told(with_pseudonyms(TABLE.assign(study="A-1"), ["d" * 64])).columns) == list(TABLE.columns)


def test_a_table_without_pseudonyms_is_told_as_it_is():
    assert told(TABLE).equals(TABLE)


def test_the_same_data_have_the_same_pseudonyms_everywhere_and_other_data_others():
    first, again = (with_pseudonyms(TABLE.copy(), ["d" * 64]) for _ in range(2))
    assert first.equals(again)
    for other in (with_pseudonyms(TABLE, ["e" * 64]), with_pseudonyms(TABLE.assign(age=0), ["d" * 64])):
        for place in PSEUDONYMS.values():
            assert not set(first[place]) & set(other[place])


@pytest.mark.parametrize("key", [b"", b"pseudonyms", b"d" * 64])
def test_without_the_data_nobody_makes_them(key):
    """Neither by hashing names nor with any key that is known from elsewhere."""
    made = with_pseudonyms(TABLE, ["d" * 64])
    guesses = {
        text
        for name in ("7", "patient 7", "12", "a.png", "image a.png")
        for text in (hashlib.sha256(name.encode()).hexdigest(), hmac.new(key, name.encode(), "sha256").hexdigest())
    }
    assert not {guess[:20] for guess in guesses} & {*made["image_pseudonym"], *made["patient_pseudonym"]}
