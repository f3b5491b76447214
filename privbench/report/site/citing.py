"""How an entry, or the leaderboard, is cited: BibTeX, and the Citation File Format (cffconvert reads it)."""

from __future__ import annotations

import json
from collections.abc import Sequence

from ...base.texts import printable
from ...record.submission import MethodRecord

BOARD = "privbench leaderboard"
_MAKERS = "The privbench developers"
# BibTeX counts braces, escaped ones too: those of texts have names.
_ESCAPED = {
    "\\": r"\textbackslash{}", "{": r"\textbraceleft{}", "}": r"\textbraceright{}",
    "$": r"\$", "&": r"\&", "%": r"\%", "#": r"\#", "_": r"\_",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
}  # fmt: skip


def bibtex_of(method: MethodRecord, year: str, fingerprints: Sequence[str]) -> str:
    """A method on the leaderboard as BibTeX.

    Args:
        method: what its makers tell of it.
        year: in which it was last handed in.
        fingerprints: of the tables in which it stands.
    """
    fields = {
        "title": f"{{{_tex(method.name)}}} on the {BOARD}",
        "author": " and ".join(f"{{{_tex(author)}}}" for author in method.authors),
        "year": year,
        "note": f"Fingerprints {', '.join(one[:12] for one in fingerprints)}",
    }
    if address := method.paper_address or method.code:
        fields["url"] = address
    return _entry(f"{method.slug}-privbench-{year}", fields)


def board_bibtex(year: str, version: str) -> str:
    """The leaderboard as BibTeX."""
    fields = {"title": f"The {BOARD}", "author": f"{{{_MAKERS}}}", "year": year, "note": f"Made by privbench {version}"}
    return _entry(f"privbench-leaderboard-{year}", fields)


def cff_of(method: MethodRecord, day: str, version: str) -> str:
    """A method as a CITATION.cff, version 1.2.0. Texts are quoted as JSON, of which YAML reads each."""
    lines = [
        "cff-version: 1.2.0",
        f"message: {_quoted(f'If you use figures of this method from the {BOARD}, please cite it.')}",
        f"title: {_quoted(f'{method.name} on the {BOARD}')}",
        "type: dataset",
        "authors:",
        *(f"  - name: {_quoted(author)}" for author in method.authors),
        f"date-released: {_quoted(day)}",
        f"version: {_quoted(f'privbench {version}')}",
        f"abstract: {_quoted(method.description)}",
    ]
    if address := method.paper_address:
        lines.append(f"url: {_quoted(address)}")
    if method.code:
        lines.append(f"repository-code: {_quoted(method.code)}")
    return "\n".join(lines) + "\n"


def _entry(key: str, fields: dict[str, str]) -> str:
    told = ",\n".join(f"  {name} = {{{value}}}" for name, value in fields.items())
    return f"@misc{{{key},\n{told}\n}}\n"


def _tex(text: str) -> str:
    return "".join(_ESCAPED.get(character, character) for character in printable(text))


def _quoted(text: str) -> str:
    return json.dumps(printable(text), ensure_ascii=False)
