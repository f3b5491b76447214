"""The embedded data set: an analytic thorax, drawn by seed, with nothing to download."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from pydantic import Field

from ..errors import PrivbenchError
from ..interfaces import Chunk, DataRequest, Dataset, Params
from ..seeds import derive_seed
from .findings import FINDINGS
from .phantom import MIN_SIZE, Phantoms, generate


class PhantomParams(Params):
    patients: int = Field(2200, ge=10, description="how many patients are drawn")
    test_share: float = Field(0.2, gt=0, lt=1, description="share of the patients that are the test split")


class PhantomDataset(Dataset):
    """Synthetic thoraces whose anatomy alone tells patients apart; see docs/phantom.md."""

    name = "phantom"
    findings = FINDINGS
    Params = PhantomParams

    def __init__(self, **params: Any) -> None:
        super().__init__(**params)
        self._phantoms: Phantoms | None = None

    def source(self, request: DataRequest) -> dict[str, Any]:
        if request.root is not None:
            raise PrivbenchError("The phantom is drawn and reads no folder: leave out --data-root, or name --dataset.")
        if request.size < MIN_SIZE:
            raise PrivbenchError(f"The phantom needs at least {MIN_SIZE} px, not {request.size}: set data.size.")
        return {"seed": request.seed}

    def table(self, request: DataRequest) -> pd.DataFrame:
        patients = self.params.patients
        with request.progress.task("drawing phantoms", total=patients) as advance:
            self._phantoms = generate(
                patients=patients,
                size=request.size,
                seed=derive_seed(request.seed, "phantom"),
                workers=request.workers,
                on_patient=lambda done: advance(1),
            )
        # Patients are drawn alike and independently, so the last ones are as good a test split as any.
        is_test = self._phantoms.table["patient"] > patients - round(self.params.test_share * patients)
        return self._phantoms.table.assign(split=np.where(is_test, "test", "train_val"))

    def read(self, table: pd.DataFrame, request: DataRequest) -> Iterator[Chunk]:
        assert self._phantoms is not None, "table() draws what read() hands out"
        row_of = pd.Series(np.arange(len(self._phantoms.table)), index=self._phantoms.table["image"])
        rows = row_of[table["image"]].to_numpy()
        yield Chunk(self._phantoms.images[rows], self._phantoms.masks[rows])
