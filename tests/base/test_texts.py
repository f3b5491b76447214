import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privbench.base.texts import plain, printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Größe 大 🩻 a\u00a0b [x] {y}", "Größe 大 🩻 a\u00a0b [x] {y}"),
        ("\x1b[2Jred\x9b31m", "\ufffd[2Jred\ufffd31m"),
        ("two\r\nlines\tand\x0bmore\u2028\u2029\x85", "two  lines and more   "),
        ("turned \u202eround\u202c \u200b\ufeff", "turned \ufffdround\ufffd \ufffd\ufffd"),
        ("half \ud800, none \uffff \ufdd0 \U0001ffff", "half \ufffd, none \ufffd \ufffd \ufffd"),
    ],
)
def test_what_is_obeyed_is_shown(text, shown):
    assert printable(text) == shown


@given(st.text(st.characters(codec=None)))
def test_texts_keep_their_length_and_lose_what_is_obeyed(text):
    shown = printable(text)
    assert len(shown) == len(text)
    assert not {unicodedata.category(c) for c in shown} & {"Cc", "Cf", "Cs", "Zl", "Zp"}
    assert printable(shown) == shown


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("P001", "p1", True),
        (" 12.0", "12", True),
        ("ＡＢ 7", "ab7", True),
        ("100", "1", False),
        ("12.05", "12.5", False),
        ("1-05", "1-5", True),
        ("0", "00", True),
    ],
)
def test_what_may_change_in_writing_does_not_tell_texts_apart(one, other, alike):
    assert (plain(one) == plain(other)) == alike
