"""What a plugin is lent and has to give back as it was."""

from __future__ import annotations

import hashlib
import random
from typing import Any

import numpy as np
import pandas as pd

from .surroundings import Surroundings


def lent(around: Surroundings) -> dict[str, Any]:
    """Digests of what a plugin may look at and must not change, by name."""
    guidance = around.guidance
    networks = [one for one in (guidance.classifier, guidance.verifier, guidance.embedder) if one is not None]
    weights = [value for network in networks for value in network.state_dict().values()]
    splits = around.splits.values()
    arrays = (array for split in splits for array in (split.images, split.masks, split.locations) if array is not None)
    kind, keys, *rest = np.random.get_state(legacy=True)  # noqa: NPY002 - what is looked at is what nobody may use
    return {
        "the guidance": (_digest(*(value.cpu().numpy() for value in weights)), *(one.training for one in networks)),
        "the images": _digest(*arrays),
        "the tables": [(tuple(split.table), *pd.util.hash_pandas_object(split.table)) for split in splits],
        "Python's global random state": random.getstate(),
        "numpy's global random state": (kind, _digest(np.asarray(keys)), rest),
    }


def _digest(*arrays: np.ndarray) -> str:
    found = hashlib.sha256()
    for array in arrays:
        found.update(np.ascontiguousarray(array).tobytes())
    return found.hexdigest()
