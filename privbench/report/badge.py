"""What the gate says, as a badge: one SVG that holds all it needs, so that no other server is asked to draw it."""

from __future__ import annotations

import html

from ..judging.gate import Judgement
from .figures import interval_text

_LABEL = "privbench gate"
_BLUE, _YELLOW, _RED, _GREY = "#0969da", "#9a6700", "#cf222e", "#6e7781"
_WIDTH = 6.6  # of a letter of the font at its size, on average, in pixels
_BADGE = """\
<svg xmlns="http://www.w3.org/2000/svg" width="{whole}" height="20" role="img" aria-label="{title}">
<title>{title}</title>
<clipPath id="round"><rect width="{whole}" height="20" rx="3"/></clipPath>
<g clip-path="url(#round)">
<rect width="{left}" height="20" fill="#333"/><rect x="{left}" width="{right}" height="20" fill="{colour}"/>
</g>
<g fill="#fff" font-family="Verdana,DejaVu Sans,Geneva,sans-serif" font-size="11" text-anchor="middle">
<text x="{middle_left}" y="14" textLength="{text_left}">{label}</text>
<text x="{middle_right}" y="14" textLength="{text_right}">{words}</text>
</g>
</svg>
"""


def as_badge(judgement: Judgement) -> str:
    """The badge as SVG."""
    words, colour = badge_words(judgement)
    text_left, text_right = (round(_WIDTH * len(text)) for text in (_LABEL, words))
    left, right = text_left + 12, text_right + 12
    return _BADGE.format(
        whole=left + right, left=left, right=right, colour=colour, label=_LABEL, words=html.escape(words),
        title=html.escape(f"{_LABEL}: {words}"), text_left=text_left, text_right=text_right,
        middle_left=left / 2, middle_right=left + right / 2,
    )  # fmt: skip


def badge_words(judgement: Judgement) -> tuple[str, str]:
    """What the badge says, and its colour.

    A pass says that nothing surely became worse, and of a single run how much is left. It is blue, because green would
    be read as private. Figures of a run that is not certified are not told, because they prove nothing.
    """
    if judgement.verdict == "cannot judge":
        return "cannot judge", _GREY
    unproven = dict.fromkeys(
        "contaminated" if run.contaminated else run.judged.verdict for run in judgement.runs if not run.certified
    )
    worse = judgement.verdict == "regression"
    words = ["regression" if worse else "no sure regression"]
    if unproven:
        words.append(f"{' and '.join(unproven)}: no evidence of privacy")
    elif len(judgement.runs) == 1:
        worst = judgement.runs[0].judged
        words.append(f"worst-case AUC {interval_text(worst.verification_auc, worst.interval)}")
    else:
        words.append(f"{len(judgement.runs)} runs")
    return ", ".join(words), _RED if worse else _YELLOW if unproven else _BLUE
