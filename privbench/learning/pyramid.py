"""A feature pyramid: the maps of all stages of a backbone, brought together on one grid."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn
from torch.nn import functional

from .features import require_maps, stages_of


class Pyramid(nn.Module):
    """Stages' maps, brought to one width and size and added up (Lin et al., "Feature pyramid networks", CVPR 2017).

    Shape: the stages' maps (N, C, h, w), as `features.collected_outputs` gives them, to (N, width, h, w) of the finest.
    """

    def __init__(self, model: Any, width: int, finest: int = 1) -> None:
        """Args:
            model: a timm backbone.
            width: channels that come out.
            finest: the least reduction of the image whose maps are read.

        Raises:
            PrivbenchError: the backbone has no maps of features.
        """
        super().__init__()
        self._stages, self._backbone = stages_of(model), type(model).__name__
        self._read = [place for place, stage in enumerate(self._stages) if stage["reduction"] >= finest]
        if not self._read:
            require_maps([], [], self._backbone)
        self.narrow = nn.ModuleList([nn.Conv2d(self._stages[place]["num_chs"], width, 1) for place in self._read])
        self.join = nn.Sequential(nn.BatchNorm2d(width), nn.ReLU())

    def forward(self, stages: Sequence[Tensor]) -> Tensor:
        require_maps(stages, self._stages, self._backbone)
        maps = [narrow(stages[place].float()) for narrow, place in zip(self.narrow, self._read, strict=True)]
        total, coarser = maps[0], maps[1:]
        for one in coarser:  # one by one, because a stack would not keep the channels last
            total = total + functional.interpolate(one, total.shape[-2:], mode="bilinear")
        return self.join(total)
