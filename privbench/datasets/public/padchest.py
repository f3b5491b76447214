"""PadChest (Bustos et al., Medical Image Analysis 2020), in its published layout."""

from __future__ import annotations

import pandas as pd

from .collection import PublicCollection, Tables
from .list_of_labels import FINDINGS, labels_of

_TABLE = "PADCHEST_chest_x_ray_images_labels_160K_01.02.19.csv"
_COLUMNS = {
    "image": "ImageID", "patient": "PatientID", "study": "StudyID", "follow_up": "StudyDate_DICOM",
    "birth": "PatientBirth", "sex": "PatientSex_DICOM", "view": "Projection", "labels": "Labels",
}  # fmt: skip


class PadChest(PublicCollection):
    """The table, and the images, in folders or in one: their names are unique.

    An age is the year of the study less that of the birth. There is no published split.
    """

    name = "padchest"
    findings = tuple(FINDINGS)

    def rows(self, tables: Tables) -> pd.DataFrame:
        rows = tables.read(_TABLE, _COLUMNS)
        years = pd.to_numeric(rows["follow_up"].str[:4], errors="coerce")
        ages = years - pd.to_numeric(rows.pop("birth"), errors="coerce")
        told = labels_of(rows.pop("labels"), FINDINGS)
        return rows.assign(age=ages.map("{:.0f}".format).mask(ages.isna(), ""), **told)
