"""Figures as people read them."""

from __future__ import annotations

import math

from ..record.utility import Change
from ..record.values import Interval

NOTHING = "–"
ARROWS: dict[bool | None, str] = {True: " ↑", False: " ↓", None: ""}
"""Whether more of a figure is better; None where neither is."""


def with_interval(value: float, interval: Interval | None, digits: int = 3) -> str:
    """Such as `0.812 [0.790, 0.835]`."""
    if interval is None:
        return f"{value:.{digits}f}"
    return f"{value:.{digits}f} [{interval.low:.{digits}f}, {interval.high:.{digits}f}]"


def change_text(change: Change | None, digits: int = 3) -> str:
    """Such as `-0.081 [-0.120, -0.042]`; a dash where there is none."""
    if change is None:
        return NOTHING
    span = change.interval
    return f"{change.value:+.{digits}f}" + (f" [{span.low:+.{digits}f}, {span.high:+.{digits}f}]" if span else "")


def digits_for(value: float, interval: Interval | None = None) -> int:
    """Three digits after the point, or as many more as show two that are not zero."""
    largest = max(abs(one) for one in (value, *((interval.low, interval.high) if interval else ())))
    return 3 if largest == 0 else max(3, 1 - math.floor(math.log10(largest)))


def p_text(value: float | None) -> str:
    """Such as `0.012`; a dash where there is none."""
    if value is None:
        return NOTHING
    return "<0.001" if value < 0.001 else f"{value:.3f}"
