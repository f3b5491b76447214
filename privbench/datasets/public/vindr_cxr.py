"""VinDr-CXR (Nguyen et al., Scientific Data 2022), in its published layout of DICOM files: utility alone."""

from __future__ import annotations

import pandas as pd

from ...base.errors import PrivbenchError
from ...plugins.interfaces import DataRequest
from .. import cells
from .collection import PUBLISHED_SPLIT, PublicCollection, Tables

_SAME = (
    "Atelectasis", "Cardiomegaly", "Consolidation", "Edema", "Emphysema", "Infiltration", "Pneumonia", "Pneumothorax",
    "Aortic enlargement", "Calcification", "Clavicle fracture", "COPD", "Enlarged PA", "ILD", "Lung cavity",
    "Lung cyst", "Lung Opacity", "Lung tumor", "Mediastinal shift", "Nodule/Mass", "Rib fracture", "Tuberculosis",
)  # fmt: skip
_FINDINGS = {
    **{name: name for name in _SAME},
    "Effusion": "Pleural effusion",
    "Fibrosis": "Pulmonary fibrosis",
    "Pleural_Thickening": "Pleural thickening",
}
"""What the tables call each finding. Other lesions and diseases may be anything, and are not read."""


class VinDrCXR(PublicCollection):
    """`annotations/image_labels_{train,test}.csv`, beside `train/` and `test/`; all PA. The split is the published one.

    Nothing tells which images are of one patient. Of training images a finding is present where more than half of the
    readers who tell of it mark it, absent where less than half do, and else unknown; test images have a consensus.
    """

    name = "vindr-cxr"
    findings = tuple(_FINDINGS)
    names_patients = False
    idle = PUBLISHED_SPLIT | {"views": "whose images are all PA"}

    def collection(self, request: DataRequest) -> str | None:
        """None: its patients have no names, by which a ledger could know them."""
        return None

    def rows(self, tables: Tables) -> pd.DataFrame:
        parts = []
        for split in ("train", "test"):
            file = f"annotations/image_labels_{split}.csv"
            reader = {"reader": "rad_id"} if split == "train" else {}
            told = tables.read(file, {"image": "image_id", **reader, **_FINDINGS})
            if (twice := told.duplicated(["image", *reader])).any():
                raise PrivbenchError(
                    f"{tables.root / file} tells twice of the image {told['image'][twice].iloc[0]!r}"
                    f"{' by one reader' if reader else ''}: use the published table."
                )
            rows = _majority(told.set_index("image")[list(_FINDINGS)]).reset_index()
            parts.append(rows.assign(image=f"{split}/" + rows["image"], split=split, view="PA"))
        return pd.concat(parts, ignore_index=True)


def _majority(told: pd.DataFrame) -> pd.DataFrame:
    """What most readers of each image say, as texts: 1, 0, or nothing where they are even.

    Raises DataError where one says something else.
    """
    votes = pd.DataFrame({name: cells.read_labels(column, "unknown") for name, column in told.items()})
    share = votes.groupby(level=0, sort=False).mean()
    return (2 * share - 1).map(lambda margin: "1" if margin > 0 else "0" if margin < 0 else "")
