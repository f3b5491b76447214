"""Texts of strangers: what of them may be printed, as a terminal obeys what it is told, and which two may be one."""

from __future__ import annotations

import re
import unicodedata

_HIDDEN = ("Cc", "Cf", "Cs")  # control and format characters, and halves of a character


def printable(text: str) -> str:
    """The text on one line, without what a terminal obeys, XML forbids, or turns the order of letters round.

    Line breaks and tabs are blanks; control and format characters, lone surrogates and codes that never are a
    character show as U+FFFD. As long as the text itself.
    """
    return text if text.isprintable() else "".join(map(_shown, text))


def _shown(character: str) -> str:
    if character in "\t\n\v\f\r\x85\u2028\u2029":
        return " "
    return "\ufffd" if unicodedata.category(character) in _HIDDEN or _is_none(ord(character)) else character


def _is_none(code: int) -> bool:
    """Whether Unicode says that the code never will be a character."""
    return code & 0xFFFE == 0xFFFE or 0xFDD0 <= code <= 0xFDEF


def plain(text: str) -> str:
    """The text without what may change in writing it: case, blanks, zeros before numbers, `.0` behind them."""
    whole = "".join(unicodedata.normalize("NFKC", text).casefold().split())
    return re.sub(r"(?<!\d)(?<!\d\.)0+(?=\d)", "", re.sub(r"(?<=\d)\.0+$", "", whole))
