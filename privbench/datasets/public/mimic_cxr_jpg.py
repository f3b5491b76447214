"""MIMIC-CXR-JPG (Johnson et al., 2019), in its published layout."""

from __future__ import annotations

import pandas as pd

from .chexpert_labels import COLUMNS, HEALTHY, LabelledCollection, absent_where_healthy
from .collection import PUBLISHED_SPLIT, Tables, left_joined

_PREFIX = "mimic-cxr-2.0.0"
_IMAGES = {
    "dicom": "dicom_id", "patient": "subject_id", "study": "study_id", "view": "ViewPosition", "follow_up": "StudyDate",
}  # fmt: skip


class MimicCxrJpg(LabelledCollection):
    """The tables `mimic-cxr-2.0.0-metadata`, `-split` and `-chexpert` (`.csv` or `.csv.gz`), beside `files/`.

    Ages and sexes are not published with it. The split is the published one.
    """

    name = "mimic-cxr-jpg"
    idle = PUBLISHED_SPLIT

    def rows(self, tables: Tables) -> pd.DataFrame:
        images = tables.read(f"{_PREFIX}-metadata.csv", _IMAGES)
        splits = tables.read(f"{_PREFIX}-split.csv", {"dicom": "dicom_id", "split": "split"})
        labels = tables.read(f"{_PREFIX}-chexpert.csv", {"study": "study_id", HEALTHY: HEALTHY, **COLUMNS})
        rows = left_joined(left_joined(images, splits, "dicom", "splits"), labels, "study", "labels")
        patient, study, dicom = rows["patient"], rows["study"], rows.pop("dicom")
        path = "files/p" + patient.str[:2] + "/p" + patient + "/s" + study + "/" + dicom + ".jpg"
        return absent_where_healthy(rows.assign(image=path))
