"""A badge says what the gate said, promises nothing more, and needs nothing from elsewhere."""

from xml.etree import ElementTree

import pytest
from records import judged_figure, record, weights

from privbench.judging.gate import Judgement
from privbench.report.badge import as_badge, badge_words

BAD, GOOD = judged_figure("regression", "worse privacy"), judged_figure("pass", "within the tolerance")
AUC = "worst-case AUC 0.850 [0.800, 0.900]"


def judged(*changes, verdicts=("certified",), obstacles=(), contaminated=False):
    seen = [weights(2)] if contaminated else []
    runs = tuple(record(f"run{n}", 0.85, 0.7, verdict=verdict, weights=seen) for n, verdict in enumerate(verdicts))
    return Judgement(changes, obstacles, (), runs)


@pytest.mark.parametrize(
    ("judgement", "words"),
    [
        (judged(GOOD), f"no sure regression, {AUC}"),
        (judged(BAD), f"regression, {AUC}"),
        (judged(BAD, obstacles=("x",)), f"regression, {AUC}"),
        (judged(GOOD, obstacles=("x",)), "cannot judge"),
        (judged(verdicts=(), obstacles=("x",)), "cannot judge"),
        (judged(GOOD, verdicts=("open",)), "no sure regression, open: no evidence of privacy"),
        (judged(BAD, verdicts=("open",)), "regression, open: no evidence of privacy"),
        (judged(GOOD, verdicts=("weak",)), "no sure regression, weak: no evidence of privacy"),
        (judged(GOOD, contaminated=True), "no sure regression, contaminated: no evidence of privacy"),
        (
            judged(GOOD, verdicts=("open", "certified"), contaminated=True),
            "no sure regression, contaminated: no evidence of privacy",
        ),
        (judged(GOOD, verdicts=("weak", "open")), "no sure regression, weak and open: no evidence of privacy"),
        (judged(GOOD, verdicts=("certified", "certified")), "no sure regression, 2 runs"),
        (judged(GOOD, verdicts=("certified", "open")), "no sure regression, open: no evidence of privacy"),
    ],
)
def test_what_it_says(judgement, words):
    assert badge_words(judgement)[0] == words
    assert "private" not in as_badge(judgement)


def test_each_outcome_has_its_colour_and_none_is_green():
    kinds = (judged(GOOD), judged(BAD), judged(GOOD, obstacles=("x",)), judged(GOOD, verdicts=("open",)))
    colours = [badge_words(one)[1] for one in kinds]
    assert len(set(colours)) == len(kinds)
    for colour in colours:
        red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
        assert green < max(red, blue)


def test_it_is_whole_and_asks_no_server():
    text = as_badge(judged(GOOD))
    root = ElementTree.fromstring(text)
    assert text.count("http") == 1, "the name of SVG's own language"
    said = [one.text for one in root.iter("{http://www.w3.org/2000/svg}text")]
    assert said == ["privbench gate", f"no sure regression, {AUC}"]
    assert root.get("aria-label") == f"privbench gate: no sure regression, {AUC}"
    right = [float(one.get("x")) + float(one.get("textLength")) / 2 for one in root.iter() if one.get("textLength")]
    assert max(right) < float(root.get("width"))
