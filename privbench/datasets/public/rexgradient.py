"""ReXGradient-160K (Zhang et al., 2025), in its published layout."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from ...base.errors import PrivbenchError
from ...base.exact_json import parse
from .collection import PUBLISHED_SPLIT, PublicCollection, Tables, cell

_SPLITS = ("train", "valid", "test")
_COLUMNS = {
    "patient": "PatientID", "study": "StudyInstanceUid", "follow_up": "StudyDate", "age": "PatientAge",
    "sex": "PatientSex",
}  # fmt: skip


class RexGradient(PublicCollection):
    """`metadata/{train,valid,test}_metadata_view_position.json`, beside `deid_png/`. The split is the published one.

    It has reports and no labels, so nothing tells what a release is good for.
    """

    name = "rexgradient"
    findings = ()
    idle = PUBLISHED_SPLIT

    def rows(self, tables: Tables) -> pd.DataFrame:
        rows = [row for split in _SPLITS for row in _images(tables, split)]
        return pd.DataFrame(rows, columns=["image", "view", "split", *_COLUMNS], dtype=object)


def _images(tables: Tables, split: str) -> Iterator[dict[str, str]]:
    """The images of a split. Raises PrivbenchError where its file is none of the published ones."""
    name = f"metadata/{split}_metadata_view_position.json"
    text = tables.text(name)
    try:
        for study in parse(text).values():
            told = {ours: cell(study[theirs]) for ours, theirs in _COLUMNS.items()}
            for image, view in zip(study["ImagePath"], study["ImageViewPosition"], strict=True):
                yield {"image": cell(image).removeprefix("../"), "view": cell(view), "split": split, **told}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise PrivbenchError(
            f"{tables.root / name} tells no studies as they are published ({error}): fetch it again."
        ) from error
