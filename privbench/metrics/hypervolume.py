"""How much of the square of privacy and utility points dominate, as one number."""

from __future__ import annotations

import numpy as np


def area_below(private: np.ndarray, useful: np.ndarray) -> np.ndarray:
    """The area of the union of the rectangles from (0, 0) to each point: the hypervolume of two figures of merit.

    Zitzler & Thiele 1999, "Multiobjective evolutionary algorithms: a comparative case study and the Strength Pareto
    approach", IEEE Transactions on Evolutionary Computation 3(4). What lies outside the unit square counts as its edge.
    A further point, or a better one, never lowers it.

    Shape: private and useful (n, …), points along the first axis, for each of the rest by itself; to (…), 0 to 1, 0
    without points.
    """
    private, useful = np.clip(private, 0, 1), np.clip(useful, 0, 1)
    order = np.argsort(-private, axis=0, kind="stable")
    steps = np.take_along_axis(private, order, 0)
    highest = np.maximum.accumulate(np.take_along_axis(useful, order, 0), axis=0)  # of all at least as private
    widths = steps - np.append(steps[1:], np.zeros_like(steps[:1]), axis=0)
    return np.asarray((widths * highest).sum(0))
