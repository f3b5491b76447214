"""CheXpert Plus (Chambon et al., 2024), in its published layout: the images of CheXpert, and labels of the reports."""

from __future__ import annotations

import pandas as pd

from ...base.errors import PrivbenchError
from ...base.exact_json import parse
from ...plugins.interfaces import DataRequest
from .chexpert_labels import COLUMNS, HEALTHY, LabelledCollection, absent_where_healthy
from .collection import Tables, cell, left_joined, parted

_TABLE = "df_chexpert_plus_240401.csv"
_LABELS = "chexbert_labels/impression_fixed.json"
_PATH = r"(?P<image>(?:train|valid)/patient\d+/(?P<study>study\d+)/[^/.]+)\.\w+"
_COLUMNS = {
    "path": "path_to_image", "patient": "deid_patient_id", "age": "age", "sex": "sex", "view": "ap_pa",
}  # fmt: skip


class CheXpertPlus(LabelledCollection):
    """The table, `chexbert_labels/impression_fixed.json` (a JSON object a line), and images of any format, anywhere.

    The published validation set has hardly two images of a patient, so patients of both are drawn for the test. No
    order in time is read: that of the table is said to be the wrong way round for many patients.
    """

    name = "chexpert-plus"

    def collection(self, request: DataRequest) -> str:
        """Its patients are those of CheXpert, and called as there."""
        return "chexpert"

    def rows(self, tables: Tables) -> pd.DataFrame:
        rows = left_joined(tables.read(_TABLE, _COLUMNS), _labels(tables), "path", "labels")
        places = parted(rows.pop("path"), _PATH, "path of CheXpert Plus")
        return absent_where_healthy(rows.assign(**places))


def _labels(tables: Tables) -> pd.DataFrame:
    """The labels of each image, by its path. Raises PrivbenchError where a line is none of the published ones."""
    path = tables.root / _LABELS
    columns = {"path": "path_to_image", HEALTHY: HEALTHY, **COLUMNS}
    told = []
    for number, line in enumerate(tables.text(_LABELS).splitlines(), 1):
        try:
            values = parse(line)
            told.append({ours: cell(values[theirs]) for ours, theirs in columns.items()})
        except (ValueError, KeyError, TypeError) as error:
            raise PrivbenchError(
                f"{path}, line {number}: this tells no labels of an image ({error}): fetch it again."
            ) from error
    if not told:
        raise PrivbenchError(f"{path} is empty: fetch it again.")
    return pd.DataFrame(told, columns=list(columns), dtype=object)
