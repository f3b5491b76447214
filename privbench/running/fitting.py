"""Fits plugins in stages, which keep what they learnt."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ..data.splits import Split
from ..learning.context import Context
from ..learning.states import save_state
from ..plugins.interfaces import Anonymizer, UtilityTask

if TYPE_CHECKING:
    from ..learning.guidance import Guidance
    from .stages import Produce


def fitting(plugin: Anonymizer | UtilityTask, splits: Mapping[str, Split], guidance: Guidance) -> Produce:
    """What fits the plugin to training and validation images, for a stage."""

    def produce(folder: Path, ctx: Context) -> None:
        plugin.fit(splits["train"], splits["val"], guidance, ctx)
        save_state(plugin.state(), folder)

    return produce
