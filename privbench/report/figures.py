"""Figures as people read them."""

from __future__ import annotations

import math

from ..record.utility import Change
from ..record.values import Interval

NOTHING = "–"
ARROWS: dict[bool | None, str] = {True: " ↑", False: " ↓", None: ""}
"""Whether more of a figure is better; None where neither is."""


def number_text(value: float | None, digits: int = 3) -> str:
    """Such as `0.812`; a dash where there is none."""
    return NOTHING if value is None else f"{value:.{digits}f}"


def interval_text(value: float | None, interval: Interval | None, digits: int = 3) -> str:
    """Such as `0.812 [0.790, 0.835]`; a dash where there is no figure."""
    if value is None or interval is None:
        return number_text(value, digits)
    return bracketed(value, interval.low, interval.high, digits)


def bracketed(value: float, low: float, high: float, digits: int = 3) -> str:
    """A figure and the ends of its interval."""
    return f"{value:.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"


def change_text(change: Change | None, digits: int = 3) -> str:
    """Such as `-0.081 [-0.120, -0.042]`; a dash where there is none."""
    return NOTHING if change is None else difference_text(change.value, change.interval, digits)


def difference_text(value: float, interval: Interval | None, digits: int = 3) -> str:
    """A difference with its sign and, where there is one, its interval."""
    span = f" [{interval.low:+.{digits}f}, {interval.high:+.{digits}f}]" if interval else ""
    return f"{value:+.{digits}f}{span}"


def is_sure(interval: Interval | None) -> bool:
    """Whether the interval of a difference leaves zero out."""
    return interval is not None and not interval.low <= 0 <= interval.high


def digits_for(value: float, interval: Interval | None = None) -> int:
    """Three digits after the point, or as many more as show two that are not zero."""
    largest = max(abs(one) for one in (value, *((interval.low, interval.high) if interval else ())))
    return 3 if largest == 0 else max(3, 1 - math.floor(math.log10(largest)))


def p_text(value: float | None) -> str:
    """Such as `0.012`; a dash where there is none."""
    if value is None:
        return NOTHING
    return "<0.001" if value < 0.001 else f"{value:.3f}"


def titled(name: str, unit: str, more_is_better: bool | None) -> str:
    """A figure's name with its unit and whether more of it is better, such as `PSNR, dB ↑`."""
    of_unit = "" if not unit or name.endswith(f" {unit}") else f", {unit}"
    return f"{name}{of_unit}{ARROWS[more_is_better]}"


def rank_text(rank: tuple[int, int] | None) -> str:
    """Such as `2` or, where the data cannot tell, `2–4`; a dash where there is none."""
    if rank is None:
        return NOTHING
    low, high = rank
    return str(low) if low == high else f"{low}–{high}"
