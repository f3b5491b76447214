"""A figure with everything that its interval and its comparison with other runs need."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save
from scipy import stats

from .errors import PrivbenchError
from .metrics import intervals
from .results import Interval

if TYPE_CHECKING:
    from .protocol import StatisticsSection

FILE = "estimates.safetensors"
WORST_CASE = "privacy/worst case"
"""The names of a figure: what it is of, whose it is, the metric."""

PATIENTS = "percentile bootstrap over test patients, trained networks held fixed"
TRAININGS = "percentile bootstrap over test patients, joined with the spread of the trainings"


@dataclass(frozen=True)
class Estimate:
    """A value, its resampled values over patients, and how much the attacker's trainings add.

    `training_error` is the standard error that comes of the trainings, with its degrees of freedom; None where there
    is one training, whose own variation nobody knows. Shape: resampled (B,).
    """

    value: float
    resampled: np.ndarray
    effective: float
    training_error: float | None = None
    freedom: float = 1.0
    bounds: tuple[float, float] = (0.0, 1.0)
    jackknife: np.ndarray = field(default_factory=lambda: np.empty(0))

    def minus(self, other: Estimate) -> Estimate:
        """The paired difference: the same patients are drawn for both, the trainings vary on their own."""
        errors = [(one.training_error, one.freedom) for one in (self, other) if one.training_error is not None]
        squares = sum(error**2 for error, _ in errors)
        parts = sum(error**4 / freedom for error, freedom in errors)  # Welch–Satterthwaite
        return Estimate(
            value=self.value - other.value,
            resampled=self.resampled - other.resampled,
            effective=min(self.effective, other.effective),
            training_error=float(np.sqrt(squares)) if errors else None,
            freedom=squares**2 / parts if parts else 1.0,
            bounds=(self.bounds[0] - other.bounds[1], self.bounds[1] - other.bounds[0]),
        )

    def joined(self, number: int = 0) -> np.ndarray:
        """The resampled values with the variation of the trainings on top: all that is known to vary. Shape: (B,).

        The trainings' part is Student's t, spread evenly over the resamples in an order of its own, so that the
        whole is the distribution of the sum of both. Estimates of other numbers have other orders: their trainings
        vary apart.
        """
        if not self.training_error:
            return self.resampled
        count = len(self.resampled)
        places = (np.random.default_rng(number).permutation(count) + 0.5) / count
        return np.asarray(self.resampled + self.training_error * stats.t.ppf(places, self.freedom))

    @property
    def standard_error(self) -> float:
        """Of patients and trainings together."""
        return float(np.hypot(np.nanstd(self.resampled), self.training_error or 0.0))

    def interval(self, statistics: StatisticsSection, *, joined: bool = True) -> Interval | None:
        """Over patients and, if told so, trainings; None where under two effective patients leave nothing to say."""
        values = self.joined() if joined else self.resampled
        values = values[~np.isnan(values)]
        if self.effective < 2 or not len(values):
            return None
        method = TRAININGS if joined and self.training_error is not None else PATIENTS
        if statistics.interval == "bca" and len(self.jackknife):
            ends = intervals.bca(values, self.value, self.jackknife, statistics.confidence, self.effective)
            method = method.replace("percentile", "BCa")
        else:
            ends = intervals.percentile(values, statistics.confidence, self.effective)
        low, high = np.clip(ends, *self.bounds)
        return Interval(
            low=float(low), high=float(high), confidence=statistics.confidence, method=method, resamples=len(values)
        )

    def p_value(self) -> float:
        """Two-sided, that the true value is zero (Student's t with the effective number of patients)."""
        if self.value == 0:
            return 1.0
        error = self.standard_error
        return float(2 * stats.t.sf(abs(self.value) / error, max(self.effective - 1, 1))) if error > 0 else 0.0

    def detectable(self, power: float = 0.8, confidence: float = 0.95) -> float:
        """The smallest true difference that this many patients and trainings would show with that power."""
        freedom = max(self.effective - 1, 1)
        reach = stats.t.ppf((1 + confidence) / 2, freedom) + stats.t.ppf(power, freedom)
        return float(reach * self.standard_error)


def write_estimates(estimates: Mapping[str, Estimate], path: Path) -> None:
    """Writes what comparisons need: a tensor of resampled values a figure, and the rest as text beside it."""
    told = {
        name: {key: value for key, value in asdict(one).items() if key not in ("resampled", "jackknife")}
        for name, one in estimates.items()
    }
    tensors = {name: one.resampled.astype(np.float32) for name, one in estimates.items()}
    path.write_bytes(save(tensors, metadata={"estimates": json.dumps(told)}))


def read_estimates(path: Path, names: Sequence[str] | None = None) -> dict[str, Estimate]:
    """The estimates of those names that are there, of all without any.

    Raises PrivbenchError where the file is none.
    """
    try:
        with safe_open(path, "numpy") as file:
            told = json.loads(file.metadata()["estimates"])
            return {
                name: Estimate(
                    resampled=file.get_tensor(name).astype(np.float64),
                    **{**fields, "bounds": tuple(fields["bounds"])},
                )
                for name, fields in told.items()
                if names is None or name in names
            }
    except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
        raise PrivbenchError(f"{path} cannot be read ({error}): run it again with --overwrite.") from error
