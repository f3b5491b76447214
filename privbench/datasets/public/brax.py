"""BRAX (Reis et al., Scientific Data 2022), the PNGs of its published layout."""

from __future__ import annotations

import pandas as pd

from .chexpert_labels import COLUMNS, HEALTHY, LabelledCollection, absent_where_healthy
from .collection import Tables, parted

_TABLE = "master_spreadsheet_update.csv"
_COLUMNS = {
    "image": "PngPath", "patient": "PatientID", "age": "PatientAge", "sex": "PatientSex", "view": "ViewPosition",
    "follow_up": "StudyDate",
}  # fmt: skip
_PATH = r"images/[^/]+/(?P<study>Study_[^/]+)/.+"


class Brax(LabelledCollection):
    """The table, beside `images/`. Studies are the folders of the images; ages are those of bands of five years.

    Dates are shifted. A quarter of the images have no view. There is no published split.
    """

    name = "brax"

    def rows(self, tables: Tables) -> pd.DataFrame:
        rows = tables.read(_TABLE, {**_COLUMNS, HEALTHY: HEALTHY, **COLUMNS})
        return absent_where_healthy(rows.assign(**parted(rows["image"], _PATH, "path of BRAX")))
