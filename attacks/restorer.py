"""The U-Net that undoes the anonymizer, and the embedding that sees what it restored."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from privbench.data.gallery import Gallery, KnownGallery
from privbench.learning.ahead import Loaded
from privbench.learning.context import Context, Pixels, batch_of
from privbench.learning.generators import global_seed
from privbench.learning.states import below, prefixed
from privbench.learning.training import Losses, adam
from privbench.learning.training import train as train_network
from privbench.learning.updating import Update
from privbench.metrics.image_quality import ssim

from .embedding import Embedding, Seen
from .recipes import RestorationParams

_BATCH = 256  # images of 64 x 64 pixels, or as many pixels of larger ones
_RESTORER = "restorer."


class RestoredEmbedding(Embedding):
    """An embedding of releases that a restorer, trained first, turned back into originals as well as it can."""

    _params: RestorationParams

    def _prepare(self, train: KnownGallery, val: KnownGallery, ctx: Context) -> None:
        super()._prepare(train, val, ctx)
        self._restorer = None
        if train.probes is train.references:
            return  # nothing was done that could be undone
        with global_seed(ctx.derive("restorer")):
            restorer = Restorer(self._params.restorer.width)
        self.train_restorer(restorer.to(ctx.device), train, val, ctx)
        self._restorer = restorer

    def train_restorer(self, restorer: Restorer, train: KnownGallery, val: KnownGallery, ctx: Context) -> None:
        recipe, count, title = self._params.restorer, len(train.probes), "restorer"
        update = Update(restorer, ctx, *adam(restorer, recipe, count), title=title)
        released, originals = super()._probes(train, ctx), Pixels(train.references, ctx.device)

        def load(rows: Tensor) -> Loaded:
            return released[rows], originals[rows]

        def step(images: Tensor, wanted: Tensor) -> Losses:
            return {"loss": update((images,), lambda restored: functional.mse_loss(restored.float(), wanted))}

        def validate() -> Losses:
            restored = self._restore(restorer, val, ctx).astype(np.float32)
            return {"loss": torch.tensor(np.square((restored - val.references) / 255).mean())}

        train_network(
            restorer, count=count, recipe=recipe, step=step, validate=validate, ctx=ctx, title=title, load=load
        )

    @torch.no_grad()
    def _restore(self, restorer: Restorer, gallery: Gallery, ctx: Context) -> np.ndarray:
        """Every probe as the original may have been. Shape: (N, 1, H, W), uint8."""
        restorer.eval()
        released, restored = super()._probes(gallery, ctx), np.empty_like(gallery.probes)
        for rows in torch.arange(len(released)).split(batch_of(_BATCH, gallery.probes.shape[-1])):
            images = restorer(released[rows]).float().clamp(0, 1)
            restored[rows.numpy()] = (images * 255).round().to(torch.uint8).cpu().numpy()
        return restored

    def _probes(self, gallery: Gallery, ctx: Context) -> Seen:
        if self._restorer is None:
            return super()._probes(gallery, ctx)
        return Seen(Pixels(self._restore(self._restorer, gallery, ctx), ctx.device))

    def state(self) -> dict[str, Tensor]:
        state = super().state()
        if self._restorer is not None:
            state |= prefixed(_RESTORER, self._restorer.state_dict())
        return state

    def load_state(self, state: dict[str, Tensor], device: torch.device) -> None:
        super().load_state(state, device)
        weights = below(_RESTORER, state)
        self._restorer = None
        if weights:
            self._restorer = Restorer(self._params.restorer.width)
            self._restorer.load_state_dict(weights)
            self._restorer.to(device).eval()

    def measures(self, gallery: Gallery, originals: np.ndarray, ctx: Context) -> dict[str, float]:
        """PSNR (dB) and SSIM (-1 to 1) to the originals, of released and of restored images; none without a restorer.

        Shape: originals (N, 1, H, W), uint8.
        """
        if self._restorer is None:
            return {}
        restored = self._restore(self._restorer, gallery, ctx)
        figures = {}
        for name, images in (("released", gallery.probes), ("restored", restored)):
            figures[f"psnr_{name}"], figures[f"ssim_{name}"] = _closeness(images, originals, ctx)
        return figures


def _closeness(images: np.ndarray, originals: np.ndarray, ctx: Context) -> tuple[float, float]:
    """PSNR (dB, over all pixels) and mean SSIM of two sets of images. Shape: (N, 1, H, W), uint8."""
    one, other = Pixels(images, ctx.device), Pixels(originals, ctx.device)
    errors, similarities = [], []
    for rows in torch.arange(len(images)).split(_BATCH):
        errors.append((one[rows] - other[rows]).square().flatten(1).mean(1).cpu())
        similarities.append(ssim(other[rows], one[rows]).cpu())
    error = torch.cat(errors).double().mean().clamp(min=1e-10)  # 100 dB where nothing differs
    return float(-10 * torch.log10(error)), float(torch.cat(similarities).mean())


class Restorer(nn.Module):
    """A small U-Net of three levels that adds a correction to its input; sides need no common multiple.

    Upsampling is bilinear, which leaves no chequerboard (Odena et al. 2016). The correction starts at zero.

    Shape: (N, 1, H, W), float in [0, 1], to (N, 1, H, W), float.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        widths = [width, 2 * width, 4 * width]
        self.down = nn.ModuleList(_block(before, after) for before, after in zip([1, *widths], widths, strict=False))
        self.bottom = _block(widths[-1], widths[-1])
        self.up = nn.ModuleList(
            _block(deep + skip, skip) for deep, skip in zip([widths[-1], *widths[:0:-1]], widths[::-1], strict=True)
        )
        self.head = nn.Conv2d(width, 1, kernel_size=1)
        nn.init.zeros_(self.head.weight)
        assert self.head.bias is not None
        nn.init.zeros_(self.head.bias)
        self.to(memory_format=torch.channels_last)  # the faster layout for convolutions

    def forward(self, images: Tensor) -> Tensor:
        hidden, skips = images - 0.5, []
        for block in self.down:
            hidden = block(hidden)
            skips.append(hidden)
            hidden = functional.avg_pool2d(hidden, 2, ceil_mode=True)
        hidden = self.bottom(hidden)
        for block in self.up:
            skip = skips.pop()
            larger = functional.interpolate(hidden, skip.shape[-2:], mode="bilinear", align_corners=False)
            hidden = block(torch.cat([larger, skip], 1))
        return images + self.head(hidden)


def _block(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel_size=3, padding=1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
        nn.Conv2d(outputs, outputs, kernel_size=3, padding=1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )
