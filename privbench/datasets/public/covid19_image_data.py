"""The COVID-19 Image Data Collection (Cohen et al., 2020), as its repository lays it out."""

from __future__ import annotations

import pandas as pd

from .. import cells
from .collection import PublicCollection, Tables

_COLUMNS = {
    "folder": "folder", "file": "filename", "modality": "modality", "found": "finding", "patient": "patientid",
    "follow_up": "offset", "age": "age", "sex": "sex", "view": "view",
}  # fmt: skip
_RADIOGRAPH = "X-ray"
_UNTOLD = ("", "todo", "unknown")


class Covid19ImageData(PublicCollection):
    """`metadata.csv`, beside `images/`; radiographs alone, and not CTs. There is no published split.

    Times are days from the first symptoms, or from admission: images of one patient and day are of one visit.
    """

    name = "covid19-image-data"
    findings = ("Pneumonia", "Viral", "COVID-19", "Bacterial", "Fungal")

    def rows(self, tables: Tables) -> pd.DataFrame:
        rows = tables.read("metadata.csv", _COLUMNS)
        rows = rows[rows.pop("modality").str.strip() == _RADIOGRAPH].reset_index(drop=True)
        found = rows.pop("found")
        found = found.mask(found.str.strip().str.lower().isin(_UNTOLD), "")
        told = {finding: cells.listed(found, "/", finding) for finding in self.findings}
        image = rows.pop("folder").str.strip() + "/" + rows.pop("file").str.strip()
        return rows.assign(image=image, study=rows["follow_up"], **told)
