import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privbench.base.texts import printable


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
