"""A figure with everything that its interval and its comparison with other runs need."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field, ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save
from scipy import stats

from ..base.errors import PrivbenchError
from ..base.validation import told_by
from ..metrics import intervals
from .names import OF_ATTACKS, FigureName, Sampling
from .values import ROUNDING, Amount, Finite, Interval, Record

if TYPE_CHECKING:
    from ..protocols.schema import StatisticsSection

FILE = "estimates.safetensors"

_OVER = "percentile bootstrap over {drawn}, {fixed} held fixed"
_TRAININGS = "percentile bootstrap over {drawn}, joined with the spread of the trainings"
_SOME_TRAININGS = f"{_TRAININGS}, as far as there are several"
_AT_THE_BOUND = "exact binomial bound with the effective number of patients, {fixed} held fixed"
SOME_TRAININGS, EXACT = (one.format(**OF_ATTACKS._asdict()) for one in (_SOME_TRAININGS, _AT_THE_BOUND))
_NO_SPREAD = 1e-9
_NOTHING = np.empty(0)


@dataclass(frozen=True)
class Estimate:
    """A value, what it would be with other patients, and how much the attacker's trainings add.

    Shape: resampled (B,), plain bootstrap values; jackknife (P,), values without each patient; between (m,), what
    happens between each two patients, empty where that is not known pair by pair, then `counted_twice` is the sum of
    its squares. `training_error` is the standard error that comes of the trainings, with its degrees of freedom; None
    where there is one training, whose own variation nobody knows, and `partly` where that is so of one side of a
    difference.
    """

    value: float
    resampled: np.ndarray
    jackknife: np.ndarray
    effective: float
    between: np.ndarray = field(default_factory=lambda: _NOTHING)
    counted_twice: float = 0.0
    training_error: float | None = None
    freedom: float = 1.0
    partly: bool = False
    bounds: tuple[float, float] = (0.0, 1.0)

    def minus(self, other: Estimate) -> Estimate:
        """The paired difference: the same patients are drawn for both, the trainings vary on their own."""
        errors = [(one.training_error, one.freedom) for one in (self, other) if one.training_error is not None]
        known = len(self.between) == len(other.between)
        return Estimate(
            value=self.value - other.value,
            resampled=self.resampled - other.resampled,
            jackknife=self.jackknife - other.jackknife,
            effective=min(self.effective, other.effective),
            between=self.between - other.between if known else _NOTHING,
            training_error=float(np.sqrt(sum(error**2 for error, _ in errors))) if errors else None,
            freedom=_degrees(errors),
            partly=len(errors) == 1,
            bounds=(self.bounds[0] - other.bounds[1], self.bounds[1] - other.bounds[0]),
        )

    def is_paired_with(self, other: Estimate) -> bool:
        """Whether both rest on as many draws of as many patients."""
        return len(self.resampled) == len(other.resampled) and len(self.jackknife) == len(other.jackknife)

    @cached_property
    def patient_error(self) -> float:
        """The standard error that comes of the patients; NaN where there is none."""
        twice = float(np.square(self.between).sum()) if len(self.between) else self.counted_twice
        return intervals.standard_error(self.jackknife, twice)

    @cached_property
    def drawn(self) -> np.ndarray:
        """The resampled values, with the spread of the standard error. Shape: (B,)."""
        return intervals.stretched(self.resampled, self.value, self.patient_error)

    @cached_property
    def training_deviations(self) -> np.ndarray:
        """What the trainings add to a figure, as Student's t has it, from the least to the most. Shape: (B,)."""
        count = len(self.resampled)
        if not self.training_error:
            return np.zeros(count)
        return np.asarray(self.training_error * stats.t.ppf((np.arange(count) + 0.5) / count, self.freedom))

    def joined(self, number: int = 0) -> np.ndarray:
        """The drawn values with the variation of the trainings on top: all that is known to vary. Shape: (B,).

        The trainings' part is Student's t, spread evenly over the resamples in an order of its own, so that the
        whole is the distribution of the sum of both. Estimates of other numbers have other orders: their trainings
        vary apart.
        """
        if not self.training_error:
            return self.drawn
        order = np.random.default_rng(number).permutation(len(self.resampled))
        return np.asarray(self.drawn + self.training_deviations[order])

    @property
    def standard_error(self) -> float:
        """Of patients and trainings together."""
        return float(np.hypot(self.patient_error, self.training_error or 0.0))

    @property
    def degrees(self) -> float:
        """The degrees of freedom of the standard error, over patients and trainings."""
        return _degrees(
            [(self.patient_error, max(self.effective - 1, 1.0)), (self.training_error or 0.0, self.freedom)]
        )

    @property
    def told(self) -> bool:
        """Whether the patients are enough to say anything about its uncertainty."""
        return self.effective >= intervals.FEWEST and not np.isnan(self.patient_error)

    def interval(
        self, statistics: StatisticsSection, *, joined: bool = True, sampling: Sampling = OF_ATTACKS
    ) -> Interval | None:
        """Over patients and, if told so, trainings; None where under two effective patients leave nothing to say.

        `sampling` tells in words what that goes over, where it is not what the figures of an attack do.
        """
        values = self.joined() if joined else self.drawn
        values = values[~np.isnan(values)]
        if not self.told or not len(values):
            return None
        confidence = statistics.confidence
        method = _OVER
        if joined and self.training_error is not None:
            method = _SOME_TRAININGS if self.partly else _TRAININGS
        if np.ptp(values) < _NO_SPREAD and self.value in self.bounds:
            # Nothing varies because nothing went wrong yet: how often it can and still not have been seen?
            ends = intervals.at_the_bound(self.value, self.bounds, confidence, self.effective)
            method = _AT_THE_BOUND
        elif statistics.interval == "bca":
            ends = intervals.bca(values, self.value, self.jackknife, confidence, self.effective)
            method = method.replace("percentile", "BCa")
        else:
            ends = intervals.percentile(values, confidence, self.effective)
        low, high = np.clip(ends, *self.bounds)
        return Interval(
            low=float(low),
            high=float(high),
            confidence=confidence,
            method=method.format(**sampling._asdict()),
            resamples=len(values),
        )

    def p_value(self) -> float | None:
        """Two-sided, that the true value is zero; None where there is no interval either."""
        if not self.told:
            return None
        return 1.0 if self.value == 0 else min(1.0, 2 * self.p_above(0.0, abs(self.value)))

    def p_above(self, bound: float, value: float | None = None) -> float:
        """One-sided, that the true value (or the one that is given, of the same error) is not above the bound."""
        excess = (self.value if value is None else value) - bound
        error = self.standard_error
        return float(stats.t.sf(excess / error, self.degrees)) if error > 0 else float(excess <= 0)

    def detectable(self, power: float = 0.8, confidence: float = 0.95) -> float | None:
        """The smallest true difference that this many patients and trainings would show with that power.

        None where there is no interval either.
        """
        if not self.told:
            return None
        reach = stats.t.ppf((1 + confidence) / 2, self.degrees) + stats.t.ppf(power, self.degrees)
        return float(reach * self.standard_error)


def _degrees(errors: Sequence[tuple[float, float]]) -> float:
    """The degrees of freedom of a sum of independent errors, each with its own (Welch and Satterthwaite)."""
    weight = sum(error**4 / freedom for error, freedom in errors)
    return sum(error**2 for error, _ in errors) ** 2 / weight if weight > 0 else 1.0


_ARRAYS = ("resampled", "jackknife", "between")


class StoredFigures(Record):
    """What files hold of an estimate beside its arrays."""

    value: Finite
    effective: float = Field(gt=0, allow_inf_nan=False)
    counted_twice: Amount
    training_error: Amount | None
    freedom: float = Field(ge=1, allow_inf_nan=False)
    partly: bool
    bounds: tuple[float, float]

    def with_arrays(self, resampled: np.ndarray, jackknife: np.ndarray, between: np.ndarray) -> Estimate:
        """The estimate with its arrays, as `Estimate` has them.

        Draws in which no figure is left are NaN. Raises ValueError where all are, or where something is no number.
        """
        low, high = self.bounds
        if not low - ROUNDING <= self.value <= high + ROUNDING:
            raise ValueError(f"{self.value} is not between {low} and {high}")
        for name, array in (("resampled", resampled), ("jackknife", jackknife)):
            if array.ndim != 1 or np.isinf(array).any() or np.isnan(array).all():
                raise ValueError(f"{name} holds no row of numbers")
        if between.ndim != 1 or not np.isfinite(between).all():
            raise ValueError("between holds no row of numbers")
        fields = {name: getattr(self, name) for name in StoredFigures.model_fields}
        return Estimate(resampled=resampled, jackknife=jackknife, between=between, **fields)


def write_estimates(estimates: Mapping[FigureName, Estimate], path: Path) -> None:
    """Writes what comparisons need: three tensors a figure, and the rest as text beside them."""
    told = {
        str(name): {key: value for key, value in asdict(one).items() if key not in _ARRAYS}
        for name, one in estimates.items()
    }
    tensors = {
        f"{name}/{key}": getattr(one, key).astype(np.float32) for name, one in estimates.items() for key in _ARRAYS
    }
    path.write_bytes(save(tensors, metadata={"estimates": json.dumps(told)}))


def read_estimates(path: Path, names: Sequence[FigureName] | None = None) -> dict[FigureName, Estimate]:
    """The estimates of those names that are there, of all without any; all of as many draws of as many patients.

    Raises PrivbenchError where the file is none.
    """
    try:
        with safe_open(path, "numpy") as file:
            told = json.loads(file.metadata()["estimates"])
            wanted = {text: FigureName.parse(text) for text in told} if names is None else {str(n): n for n in names}
            found = {
                wanted[text]: StoredFigures.model_validate(fields).with_arrays(
                    *(file.get_tensor(f"{text}/{key}").astype(np.float64) for key in _ARRAYS)
                )
                for text, fields in told.items()
                if text in wanted
            }
        first = next(iter(found.values()), None)
        if odd := next((name for name, one in found.items() if first and not one.is_paired_with(first)), None):
            raise ValueError(f"{odd} is of other draws or patients than the rest")
    except (OSError, SafetensorError, AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
        why = told_by(error) if isinstance(error, ValidationError) else error
        raise PrivbenchError(f"{path} cannot be read ({why}): run it again with --overwrite.") from error
    return found
