"""What plugins are written against; see docs/plugins.md."""

from typing import TYPE_CHECKING

from .base.params import Params
from .data.gallery import Gallery, KnownGallery
from .data.pairs import Pairs
from .data.splits import Split
from .plugins.interfaces import (
    MEMBERSHIP,
    Anonymizer,
    Attack,
    Chunk,
    DataRequest,
    Dataset,
    InferenceAttack,
    LinkageAttack,
    Measure,
    MeasuringTask,
    Plugin,
    ReadingTask,
    SetAnonymizer,
    ShownImages,
    UtilityTask,
)

if TYPE_CHECKING:  # for annotations: they load torch, which what only declares need not wait for
    from .learning.context import Context as Context
    from .learning.context import Pixels as Pixels
    from .learning.guidance import Guidance as Guidance

__all__ = [
    "MEMBERSHIP",
    "Anonymizer",
    "Attack",
    "Chunk",
    "DataRequest",
    "Dataset",
    "Gallery",
    "InferenceAttack",
    "KnownGallery",
    "LinkageAttack",
    "Measure",
    "MeasuringTask",
    "Pairs",
    "Params",
    "Plugin",
    "ReadingTask",
    "SetAnonymizer",
    "ShownImages",
    "Split",
    "UtilityTask",
]
