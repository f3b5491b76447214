"""The embedded data set: an analytic thorax, drawn by seed, with nothing to download."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Annotated, Any

import numpy as np
import pandas as pd
from pydantic import Field, field_validator

from ...base.errors import PrivbenchError, nearest
from ...base.params import Params
from ...base.seeds import derive_seed, numpy_generator
from ...data.splits import SPACING
from ...plugins.interfaces import Chunk, DataRequest, Dataset
from ..findings import FINDINGS
from . import FIELD_CM, MIN_SIZE, SCANNERS, Phantoms, generate
from .label_noise import by_finding, report

_Rate = Annotated[float, Field(gt=0, le=1)]


class LabelNoise(Params):
    """How well the labels of training and validation images follow the truth; those of test images are the truth."""

    sensitivity: _Rate | dict[str, _Rate] = Field(1.0, description="share of findings that are reported, or by finding")
    specificity: _Rate | dict[str, _Rate] = Field(1.0, description="share of absent findings that are not, likewise")

    @field_validator("sensitivity", "specificity")
    @classmethod
    def _known(cls, rate: float | dict[str, float]) -> float | dict[str, float]:
        for finding in rate if isinstance(rate, dict) else ():
            if finding not in FINDINGS:
                raise ValueError(f"the phantom has no finding {finding!r}: {nearest(finding, FINDINGS)}")
        return rate


class PhantomParams(Params):
    patients: int = Field(2200, ge=10, description="how many patients are drawn")
    test_share: float = Field(0.2, gt=0, lt=1, description="share of the patients that are the test split")
    scanners: int = Field(1, ge=1, le=len(SCANNERS), description="vendors whose post-processing the images get")
    label_noise: LabelNoise | None = Field(None, description="errors in the labels of training and validation images")


class PhantomDataset(Dataset):
    """Synthetic thoraces whose anatomy alone tells patients apart; see docs/phantom.md."""

    name = "phantom"
    version = "2"
    public = True
    findings = FINDINGS
    public = True
    Params = PhantomParams

    def __init__(self, **params: Any) -> None:
        super().__init__(**params)
        self._phantoms: Phantoms | None = None

    def collection(self, request: DataRequest) -> str:
        return f"{self.name}, version {self.version}, seed {request.seed}"  # which alone decide who a number is

    def names_test(self, request: DataRequest) -> bool:
        return True  # the last ones, whoever draws it

    def source(self, request: DataRequest) -> dict[str, Any]:
        if request.root is not None:
            raise PrivbenchError("The phantom is drawn and reads no folder: leave out --data-root, or name --dataset.")
        if request.size < MIN_SIZE:
            raise PrivbenchError(f"The phantom needs at least {MIN_SIZE} px, not {request.size}: set data.size.")
        return {"seed": request.seed}

    def table(self, request: DataRequest) -> pd.DataFrame:
        patients = self.params.patients
        with request.progress.task("drawing phantoms", total=patients) as advance:
            drawn = generate(
                patients=patients,
                size=request.size,
                seed=derive_seed(request.seed, "phantom"),
                scanners=self.params.scanners,
                workers=request.workers,
                on_patient=lambda done: advance(1),
            )
        # Patients are drawn alike and independently, so the last ones are as good a test split as any.
        is_test = (drawn.table["patient"].astype(int) > patients - round(self.params.test_share * patients)).to_numpy()
        table = drawn.table.assign(split=np.where(is_test, "test", "train_val"))
        self._phantoms = self._reported(replace(drawn, table=table), ~is_test, request.seed)
        return self._phantoms.table.assign(**dict.fromkeys(SPACING, 10 * FIELD_CM / request.size))

    def _reported(self, drawn: Phantoms, rows: np.ndarray, seed: int) -> Phantoms:
        """With the errors of a report in those rows."""
        noise, names = self.params.label_noise, list(FINDINGS)
        if noise is None:
            return drawn
        sensitivity, specificity = by_finding(noise.sensitivity, FINDINGS), by_finding(noise.specificity, FINDINGS)
        truth = drawn.table.loc[rows, names].to_numpy(np.uint8)
        rng = numpy_generator(seed, "phantom", "label noise")
        told = report(truth, drawn.locations[rows], sensitivity, specificity, rng)
        table, locations = drawn.table.copy(), drawn.locations.copy()
        table.loc[rows, names], locations[rows] = told.labels, told.locations
        return replace(drawn, table=table, locations=locations)

    def read(self, table: pd.DataFrame, request: DataRequest) -> Iterator[Chunk]:
        assert self._phantoms is not None, "table() draws what read() hands out"
        row_of = pd.Series(np.arange(len(self._phantoms.table)), index=self._phantoms.table["image"])
        rows = row_of[table["image"]].to_numpy()
        yield Chunk(self._phantoms.images[rows], self._phantoms.masks[rows], self._phantoms.locations[rows])
