"""What the gate says, for people and for machines."""

from __future__ import annotations

import json
from dataclasses import asdict
from xml.etree import ElementTree

from ..base.texts import printable
from ..judging.gate import EXIT_CODES, JudgedFigure, Judgement
from .figures import difference_text
from .markup import markdown_table, written
from .table import Column, Rows, Table, number, text

_STYLES = {"pass": "green", "regression": "bold red", "cannot judge": "bold yellow"}


def as_lines(judgement: Judgement) -> list[tuple[str, str]]:
    """One line a figure, obstacle and note, and the verdict last, each with its style for the terminal."""
    lines = [(f"{_name(change)}: {change.message}", _STYLES[change.verdict]) for change in judgement.changes]
    lines += [(f"cannot judge {obstacle}", _STYLES["cannot judge"]) for obstacle in judgement.obstacles]
    lines += [(note, "dim") for note in judgement.notes]
    return [*lines, (f"privbench check: {judgement.verdict}", _STYLES[judgement.verdict])]


def as_json(judgement: Judgement) -> str:
    """Everything, with the exit status."""
    changes = [
        asdict(change) | {"figure": str(change.figure), "interval": change.interval and change.interval.model_dump()}
        for change in judgement.changes
    ]
    return json.dumps(
        {
            "verdict": judgement.verdict,
            "exit_code": EXIT_CODES[judgement.verdict],
            "changes": changes,
            "obstacles": judgement.obstacles,
            "notes": judgement.notes,
        },
        indent=1,
    )


def as_junit(judgement: Judgement) -> str:
    """A test case a figure, with a failure where it regressed; an error for each obstacle."""
    regressions = sum(change.verdict == "regression" for change in judgement.changes)
    counts = {
        "tests": len(judgement.changes) + len(judgement.obstacles),
        "failures": regressions,
        "errors": len(judgement.obstacles),
    }
    suite = ElementTree.Element("testsuite", {"name": "privbench check"} | {k: str(v) for k, v in counts.items()})
    for change in judgement.changes:
        case = ElementTree.SubElement(suite, "testcase", classname=change.run, name=str(change.figure))
        if change.verdict == "regression":
            ElementTree.SubElement(case, "failure", message=change.message)
        else:
            ElementTree.SubElement(case, "system-out").text = change.message
    for place, obstacle in enumerate(judgement.obstacles, start=1):
        case = ElementTree.SubElement(suite, "testcase", classname="privbench check", name=f"obstacle {place}")
        ElementTree.SubElement(case, "error", message=obstacle)
    for element in suite.iter():  # XML knows no escape for control characters
        element.attrib = {key: printable(value) for key, value in element.attrib.items()}
        element.text = element.text and printable(element.text)
    return ElementTree.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"


def as_markdown(judgement: Judgement) -> str:
    """A table for the summary of a GitHub job."""
    columns = [Column(title) for title in ("run", "figure", "before", "after", "change", "verdict")]
    rows = [
        [
            text(change.run),
            text(change.figure),
            number(change.before),
            number(change.after),
            text(difference_text(change.change, change.interval)),
            text(change.message.partition(":")[0]),
        ]
        for change in judgement.changes
    ]
    parts = [f"### privbench check: {judgement.verdict}"]
    parts += [markdown_table(Table("", columns, [Rows(rows)]))] if rows else []
    notes = [*(f"cannot judge {obstacle}" for obstacle in judgement.obstacles), *judgement.notes]
    return "\n\n".join([*parts, "\n".join(f"- {written(note)}" for note in notes)]) + "\n\n"


def _name(change: JudgedFigure) -> str:
    return f"{change.run} {change.figure}"
