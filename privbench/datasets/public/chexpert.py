"""CheXpert (Irvin et al., AAAI 2019), in its published layout, of full or small images."""

from __future__ import annotations

import pandas as pd

from .chexpert_labels import COLUMNS, HEALTHY, LabelledCollection, absent_where_healthy
from .collection import Tables, parted

_TABLES = ("train.csv", "valid.csv")
_PATH = r"[^/]+/(?P<image>(?:train|valid)/(?P<patient>patient\d+)/study(?P<study>\d+)/[^/]+)"


class CheXpert(LabelledCollection):
    """`train.csv`, and `valid.csv` where it is there, beside `train/` and `valid/`; studies are in order of time.

    The published validation set has hardly two images of a patient, so patients of both are drawn for the test.
    """

    name = "chexpert"

    def rows(self, tables: Tables) -> pd.DataFrame:
        told = {"path": "Path", "sex": "Sex", "age": "Age", "view": "AP/PA", HEALTHY: HEALTHY, **COLUMNS}
        names = [_TABLES[0], *(name for name in _TABLES[1:] if tables.has(name))]
        rows = pd.concat([tables.read(name, told) for name in names], ignore_index=True)
        places = parted(rows.pop("path"), _PATH, "path of CheXpert")
        return absent_where_healthy(rows.assign(**places, follow_up=places["study"]))
