"""What the gate says, as workflow commands of GitHub Actions, which show it beside the change that is reviewed."""

from __future__ import annotations

from ..base.texts import printable
from ..judging.gate import Judgement


def as_annotations(judgement: Judgement, baseline: str) -> list[str]:
    """A line for each regression and obstacle (`error`) and for each note (`warning`), the gravest first.

    GitHub shows no more than ten of each kind.

    Args:
        judgement: what the gate says.
        baseline: the path of the baseline's file in the repository, where the lines are shown.
    """
    worse = [f"{one.run} {one.figure}: {one.message}" for one in judgement.changes if one.verdict == "regression"]
    errors = [("regression", one) for one in worse]
    errors += [("cannot judge", f"cannot judge {one}") for one in judgement.obstacles]
    warnings = [("keep in mind", one) for one in judgement.notes]
    return [
        f"::{command} file={_property(baseline)},title={_property(f'privbench check: {title}')}::{_message(text)}"
        for command, lines in (("error", errors), ("warning", warnings))
        for title, text in lines
    ]


def _message(text: str) -> str:
    """A text that ends neither its line nor the command; its own lines stay lines."""
    return "\n".join(map(printable, text.split("\n"))).replace("%", "%25").replace("\n", "%0A")


def _property(text: str) -> str:
    return _message(text).replace(":", "%3A").replace(",", "%2C")
