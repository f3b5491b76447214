"""privbench tells how much privacy a chest-radiograph anonymizer really buys, and what utility it costs."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

# Idle OpenMP threads (libgomp's, on Linux) spin for milliseconds, which pays on free cores: a step of the contrastive
# training with two threads takes 107 ms, and 149 ms with this short a spin. Where another such training shares the
# cores, they spin where the others should work: 2,600 to 3,400 ms, and 260 ms with this. It counts only if it is set
# before torch is loaded, and only where a protocol has stages compute with several threads.
os.environ.setdefault("GOMP_SPINCOUNT", "1000")

__version__ = "0.1.0"
__all__ = [
    "Anonymizer",
    "Dataset",
    "InferenceAttack",
    "LinkageAttack",
    "MeasuringTask",
    "Params",
    "PrivbenchError",
    "ReadingTask",
    "SetAnonymizer",
    "__version__",
    "audit",
    "run",
]

if TYPE_CHECKING:
    from .base.errors import PrivbenchError
    from .base.params import Params
    from .calls import audit, run
    from .plugins.interfaces import (
        Anonymizer,
        Dataset,
        InferenceAttack,
        LinkageAttack,
        MeasuringTask,
        ReadingTask,
        SetAnonymizer,
    )

_HOMES = {"run": "calls", "audit": "calls", "PrivbenchError": "base.errors"}


def __getattr__(name: str) -> Any:
    """Loads the public names when they are asked for: `privbench list` need not wait for torch."""
    if name not in __all__:
        raise AttributeError(f"module 'privbench' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f".{_HOMES.get(name, 'interfaces')}", __name__), name)
