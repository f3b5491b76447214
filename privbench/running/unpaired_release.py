"""A release whose images are of no one original, as runs take it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..data.notices import Notice
from ..evaluate.unpaired import Provenance
from .found_release import FoundRelease


@dataclass(frozen=True)
class UnpairedRelease:
    """The release as runs take it. `labels` are of its images, in their order; None where none has any.

    Shape: labels (n, findings), float32, 1, 0, or NaN where nobody said.
    """

    images: FoundRelease
    labels: np.ndarray | None
    provenance: Provenance
    notices: Sequence[Notice]

    @property
    def digests(self) -> list[str]:
        """The SHA-256 of each file, in the images' order."""
        return [file.digest for file in self.images.params.release_files.values()]

    @property
    def labelled_pictures(self) -> int:
        """How many different files have findings."""
        if self.labels is None:
            return 0
        known = (~np.isnan(self.labels)).any(1)
        return len({digest for digest, told in zip(self.digests, known, strict=True) if told})
