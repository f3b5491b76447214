"""Labels as a report parser would give them: some findings missed, some made up."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Reported(NamedTuple):
    """What is told of the images. Shape: labels (N, findings), uint8; locations (N, findings, CELLS, CELLS), uint8."""

    labels: NDArray[np.uint8]
    locations: NDArray[np.uint8]


def report(
    labels: NDArray[np.uint8],
    locations: NDArray[np.uint8],
    sensitivity: NDArray[np.float64],
    specificity: NDArray[np.float64],
    rng: np.random.Generator,
) -> Reported:
    """Flip labels at random; a made-up finding is located where another image has it, a missed one nowhere.

    So a location tells no more about the truth than the label that comes with it.

    Shape: labels (N, findings), 0 or 1; locations (N, findings, CELLS, CELLS); sensitivity and specificity
    (findings,), in [0, 1].
    """
    keep = np.where(labels == 1, sensitivity, specificity)
    flipped = rng.random(labels.shape) >= keep
    reported, places = np.where(flipped, 1 - labels, labels).astype(np.uint8), locations.copy()
    for finding in range(labels.shape[1]):
        made_up = np.flatnonzero(flipped[:, finding] & (labels[:, finding] == 0))
        donors = np.flatnonzero(labels[:, finding])
        places[flipped[:, finding], finding] = 0
        if len(donors):
            places[made_up, finding] = locations[rng.choice(donors, len(made_up)), finding]
    return Reported(reported, places)


def by_finding(rate: float | Mapping[str, float], findings: tuple[str, ...]) -> NDArray[np.float64]:
    """A rate for each finding: the same for all, or those that are named, 1 for the others. Shape: (findings,)."""
    if isinstance(rate, Mapping):
        return np.array([rate.get(finding, 1.0) for finding in findings])
    return np.full(len(findings), rate)
