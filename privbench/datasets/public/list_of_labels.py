"""Findings that collections of BIMCV list in one column, as ['cardiomegaly', 'pleural effusion']."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from .. import cells

FINDINGS: Mapping[str, Sequence[str]] = {
    "Atelectasis": ("atelectasis", "laminar atelectasis", "lobar atelectasis", "segmental atelectasis",
                    "atelectasis basal", "total atelectasis", "round atelectasis"),
    "Cardiomegaly": ("cardiomegaly",),
    "Consolidation": ("consolidation",),
    "Edema": ("pulmonary edema",),
    "Effusion": ("pleural effusion", "loculated pleural effusion", "loculated fissural effusion"),
    "Emphysema": ("emphysema",),
    "Fibrosis": ("pulmonary fibrosis",),
    "Hernia": ("hiatal hernia",),
    "Infiltration": ("infiltrates",),
    "Mass": ("mass", "pulmonary mass"),
    "Nodule": ("nodule", "multiple nodules"),
    "Pleural_Thickening": ("pleural thickening", "apical pleural thickening", "calcified pleural thickening"),
    "Pneumonia": ("pneumonia", "atypical pneumonia"),
    "Pneumothorax": ("pneumothorax", "hydropneumothorax"),
}  # fmt: skip
"""What their labels call each finding of ChestX-ray14, and its kinds."""


def labels_of(lists: pd.Series, findings: Mapping[str, Sequence[str]]) -> dict[str, pd.Series]:
    """As texts 1 where a list holds a finding by one of its names, 0 where it holds others; empty where it is empty."""
    lists = lists.mask(lists.str.strip().str.lower() == "nan", "")  # as an empty cell was written once
    told = {}
    for finding, names in findings.items():
        held = pd.DataFrame({name: cells.listed(lists, ",", name) for name in names})
        told[finding] = held.max(axis=1)  # "" < "0" < "1"
    return told
