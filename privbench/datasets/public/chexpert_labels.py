"""The labels of the CheXpert labeller (Irvin et al., AAAI 2019), which several collections have."""

from __future__ import annotations

import pandas as pd
from pydantic import Field

from .. import cells
from .collection import CollectionParams, PublicCollection

COLUMNS = {
    "Enlarged Cardiomediastinum": "Enlarged Cardiomediastinum",
    "Cardiomegaly": "Cardiomegaly",
    "Lung Opacity": "Lung Opacity",
    "Lung Lesion": "Lung Lesion",
    "Edema": "Edema",
    "Consolidation": "Consolidation",
    "Pneumonia": "Pneumonia",
    "Atelectasis": "Atelectasis",
    "Pneumothorax": "Pneumothorax",
    "Effusion": "Pleural Effusion",
    "Pleural Other": "Pleural Other",
    "Fracture": "Fracture",
    "Support Devices": "Support Devices",
}
"""The columns of the findings, which are called as those of ChestX-ray14 where they are the same."""
HEALTHY = "No Finding"
"""A column that holds 1 where no finding is present or uncertain; of devices it says nothing."""
_DEVICES = "Support Devices"


class LabelledParams(CollectionParams):
    uncertain: cells.Uncertain = Field("unknown", description="what a label of -1 counts as")


class LabelledCollection(PublicCollection):
    """A collection with these labels: 1, 0, -1 where the report is uncertain, empty where it does not mention one."""

    Params = LabelledParams
    findings = tuple(COLUMNS)

    @property
    def uncertain(self) -> cells.Uncertain:  # type: ignore[override]  # the user tells
        """As the parameters say."""
        return self.params.uncertain


def absent_where_healthy(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows without the column HEALTHY; where that is 1, findings that nobody mentions are absent."""
    healthy = pd.to_numeric(rows[HEALTHY], errors="coerce") == 1
    told = {name: rows[name].mask(healthy & (rows[name].str.strip() == ""), "0") for name in COLUMNS}
    return rows.assign(**told | {_DEVICES: rows[_DEVICES]}).drop(columns=HEALTHY)
