"""Which images of a run are released: all, unless the anonymizer leaves some out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from ..base.errors import PrivbenchError
from ..base.files import digest_of
from ..data.splits import Split
from ..plugins.interfaces import Anonymizer
from ..record.run import ReleasedRecord, released_text


@dataclass(frozen=True)
class Publication:
    """What of a run's data is released.

    `rows` holds, of splits of which not all images are released, those that are. Shape: (n,), int, each.
    `released` tells of every split how many there are.
    """

    rows: Mapping[str, np.ndarray] = field(default_factory=dict)
    released: Mapping[str, ReleasedRecord] = field(default_factory=dict)

    @cached_property
    def terms(self) -> dict[str, Any]:
        """What keys and fingerprints hold of it: nothing where all images are released."""
        return {"published": digest_of({name: rows.tolist() for name, rows in self.rows.items()})} if self.rows else {}


def publication_of(anonymizer: Anonymizer, splits: Mapping[str, Split]) -> Publication:
    """What an anonymizer releases of those splits.

    Raises PrivbenchError where that is nothing of a split, or the anonymizer does not say it of every image.
    """
    rows, released = {}, {}
    for name, split in splits.items():
        published = anonymizer.published(split.table)
        if published.shape != (len(split.table),):
            raise PrivbenchError(
                f"The anonymizer {anonymizer.name!r} says of {published.shape} images whether they are published, "
                f"where the table has {len(split.table)} rows: mend its published()."
            )
        released[name] = ReleasedRecord(images=len(published), released=int(published.sum()))
        if not published.all():
            rows[name] = np.flatnonzero(published)
    if not all(one.released for one in released.values()):
        raise PrivbenchError(
            f"Too little is released to be judged, {released_text(released)}: release images of all three splits, for "
            "attackers learn from released training and validation images, and are tested on released test images."
        )
    return Publication(rows, released)
