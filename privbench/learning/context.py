"""What a stage is given to work with: device, seed, progress, and a place for its training curves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from lightning_fabric import Fabric

from ..base.progress import Progress
from ..base.seeds import derive_seed, numpy_generator
from ..base.timing import Decoding, EpochTime
from .clock import phase
from .generators import torch_generator
from .recipes import Compiled

_BATCH = 64  # what fits a processor's caches; an accelerator has enough to do with it
_DEVICE_SHARE = 0.5  # of the accelerator's free memory that resident images may take


@dataclass(frozen=True)
class Context:
    """A stage's surroundings. `curves` collects one row an epoch: stage, epoch, and the named losses.

    `times` collects what each epoch took, and `decodings` what images were read from files, which are no part of what
    the stage puts out. `batch` is auto where a batch that does not fit the device's memory may be computed in parts;
    `split` tells, by the titles of trainings that are, how many rows are computed at once. `compiled` is the mode of
    torch.compile for what is trained, None where it is not compiled.
    """

    fabric: Fabric
    seed: int
    stage: str
    progress: Progress
    curves: list[dict[str, Any]] = field(default_factory=list)
    times: list[EpochTime] = field(default_factory=list)
    decodings: list[Decoding] = field(default_factory=list)
    batch: str = "protocol"
    split: dict[str, int] = field(default_factory=dict)
    compiled: Compiled | None = None

    @property
    def device(self) -> torch.device:
        return self.fabric.device

    def derive(self, *names: str | int) -> int:
        """A seed for one purpose within this stage."""
        return derive_seed(self.seed, self.stage, *names)

    def torch_generator(self, *names: str | int) -> torch.Generator:
        """Draws on the CPU: for a release, and whatever else is to be the same on every device."""
        return torch_generator(self.seed, self.stage, *names)

    def device_generator(self, *names: str | int) -> torch.Generator:
        """Draws where the stage computes, so that no noise has to travel; on the CPU it is `torch_generator`."""
        return torch_generator(self.seed, self.stage, *names, device=self.device)

    def numpy_generator(self, *names: str | int) -> np.random.Generator:
        """The same as `torch_generator` for what numpy draws."""
        return numpy_generator(self.seed, self.stage, *names)


def batch_of(count: int, side: int) -> int:
    """How many images of that side hold no more pixels than so many of 64 x 64; no more than those of smaller ones."""
    return max(1, min(count, count * 64**2 // side**2))


def sent(tensor: torch.Tensor, device: torch.device) -> torch.Tensor:
    """It, from the processor's memory to the device; where that is a GPU, nobody waits until it has arrived."""
    if device.type == "cuda":  # from pinned memory it travels while the device computes
        return tensor.pin_memory().to(device, non_blocking=True)
    return tensor.to(device)


class Held:
    """uint8 values that index by rows to themselves on the device; they move there whole when they fit.

    Shape: (N, …), uint8; an index of n rows, wherever it lies, gives (n, …), uint8.
    """

    def __init__(self, images: np.ndarray, device: torch.device) -> None:
        self._device = device
        fits = device.type == "cuda" and images.nbytes < _DEVICE_SHARE * torch.cuda.mem_get_info(device)[0]
        self._images: np.ndarray | torch.Tensor = images
        if fits:  # as a copy, for what is read from the store must not be written
            self._images = torch.tensor(np.ascontiguousarray(images), device=device)

    def __len__(self) -> int:
        return len(self._images)

    def __getitem__(self, rows: torch.Tensor) -> torch.Tensor:
        if isinstance(self._images, torch.Tensor):
            return self._images[rows.to(self._device)]
        return sent(torch.from_numpy(np.asarray(self._images[rows.cpu().numpy()])), self._device)


class Pixels(Held):
    """uint8 images that index to floats on the device.

    Shape: (N, 1, H, W), uint8; an index of n rows gives (n, 1, H, W), float32 in [0, 1].
    """

    @property
    def side(self) -> int:
        """In pixels."""
        return int(self._images.shape[-1])

    def batches(self) -> Iterator[torch.Tensor]:
        """All images in their order, some at a time. Shape: (n, 1, H, W) each."""
        for rows in torch.arange(len(self)).split(_BATCH):
            yield self[rows]

    @phase("data")
    def __getitem__(self, rows: torch.Tensor) -> torch.Tensor:
        return super().__getitem__(rows).float().div_(255)
