"""The patient verifier and the abnormality classifier on timm backbones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import timm
import torch
from safetensors import SafetensorError
from torch import Tensor, nn
from torch.nn import functional

from ..base.errors import PrivbenchError
from .ahead import Loaded, loaded_ahead
from .context import Context
from .normalization import normalize
from .recipes import Backbone
from .transfer import Transfer, transfer
from .weights import WEIGHTS_FOLDER, imagenet_file

_EVALUATION_BATCH = 128  # larger ones take longer on a processor, whose caches do not hold them
_IMAGENET_MEAN = (0.485, 0.456, 0.406)
_IMAGENET_STD = (0.229, 0.224, 0.225)


def create_backbone(backbone: Backbone, outputs: int) -> nn.Module:
    """The timm network with a linear head, on three channels unless its options say otherwise.

    Weights of the guidance or of a file are loaded by who holds it.
    ImageNet weights come from the folder that PRIVBENCH_WEIGHTS names, else from timm's hub and its cache.

    Raises:
        PrivbenchError: the weights can neither be found nor fetched.
    """
    arguments: dict[str, Any] = {"num_classes": outputs, "in_chans": 3, **backbone.options}
    try:
        network = timm.create_model(backbone.backbone, **arguments)
    except (TypeError, ValueError, RuntimeError, AssertionError, KeyError) as error:
        raise PrivbenchError(
            f"timm cannot build {backbone.backbone} with the options {backbone.options} ({error})."
        ) from error
    if backbone.init != "imagenet":
        return network
    file = imagenet_file(backbone)
    overlay = {"pretrained_cfg_overlay": {"file": str(file)}} if file else {}
    try:
        return timm.create_model(backbone.backbone, pretrained=True, **arguments, **overlay)
    except (OSError, RuntimeError, ValueError, SafetensorError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise PrivbenchError(
            f"The ImageNet weights of {backbone.backbone} are not to be had ({reason}): put "
            f"{backbone.backbone}.safetensors into a folder and name it in {WEIGHTS_FOLDER}, or run once with a "
            "network, or start from random weights with --set …init=scratch."
        ) from error


def _from_file(network: Any, backbone: Backbone, *heads: str) -> Transfer | None:
    """Loads the backbone's file of weights, if it has one, into a network that holds the backbone as `model`.

    `heads` are what the names of the network's heads begin with beside the backbone's own.
    """
    if backbone.weights_file is None:
        return None
    config = network.model.pretrained_cfg
    own_heads, stems = (_names(config.get(part)) for part in ("classifier", "first_conv"))
    return transfer(
        network,
        backbone.weights_file,
        [*(f"model.{name}." for name in own_heads), *heads],
        [f"model.{name}.weight" for name in stems],
    )


def _names(told: Any) -> tuple[str, ...]:
    """Modules as timm tells them: one, several or none."""
    return (told,) if isinstance(told, str) else tuple(told or ())


class _Normalize(nn.Module):
    """Grey images to what the backbone wants: resized, on its channels, in ImageNet's normalization.

    A backbone of one channel gets the mean of the three channels' normalizations, as in timm.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, backbone: Backbone) -> None:
        super().__init__()
        self._size, self._same_scanner = backbone.input_size, backbone.normalize
        grey = backbone.options.get("in_chans") == 1
        for name, values in (("mean", _IMAGENET_MEAN), ("std", _IMAGENET_STD)):
            channels = (sum(values) / len(values),) if grey else values
            self.register_buffer(name, torch.tensor(channels).view(1, -1, 1, 1), persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        if self._same_scanner:
            images = normalize(images)
        if self._size is not None and images.shape[-2:] != (self._size, self._size):
            images = functional.interpolate(
                images, (self._size, self._size), mode="bilinear", align_corners=False, antialias=True
            )
        # Channels last is the faster layout for convolutions, on CPUs and on tensor cores alike.
        return ((images - self.mean) / self.std).contiguous(memory_format=torch.channels_last)


class Classifier(nn.Module):
    """Radiograph to one logit a finding (CheXNet's form: a backbone with a linear head)."""

    def __init__(self, backbone: Backbone, findings: int) -> None:
        super().__init__()
        self.findings = findings
        self.normalize = _Normalize(backbone)
        self.model: Any = create_backbone(backbone, findings).to(memory_format=torch.channels_last)
        self.transfer = _from_file(self, backbone)

    def replace_head(self, outputs: int) -> None:
        """A fresh linear head with other outputs, on the same features."""
        self.model.reset_classifier(outputs)
        self.findings = outputs

    def forward(self, images: Tensor) -> Tensor:
        """Shape: (N, 1, H, W), float in [0, 1], to (N, findings) logits."""
        return self.model(self.normalize(images))


class Verifier(nn.Module):
    """A siamese network: two radiographs to the logit that they show the same patient.

    Backbone to features to sigmoid; |difference| to a linear layer (Packhäuser et al. 2022, and section 2.2 of the
    PriCheXy-Net paper). The keys of its state are the published checkpoint's: `model.*`, `fc_end.*`.
    """

    def __init__(self, backbone: Backbone, features: int = 128) -> None:
        super().__init__()
        self.normalize = _Normalize(backbone)
        self.model = create_backbone(backbone, features).to(memory_format=torch.channels_last)
        self.fc_end = nn.Linear(features, 1)
        self.transfer = _from_file(self, backbone, "fc_end.")

    def embed(self, images: Tensor) -> Tensor:
        """Shape: (N, 1, H, W), float in [0, 1], to (N, features) in (0, 1)."""
        return torch.sigmoid(self.model(self.normalize(images)))

    def compare(self, probes: Tensor, references: Tensor) -> Tensor:
        """Shape: two embeddings (..., features) to (...,) logits."""
        return self.fc_end((probes - references).abs()).squeeze(-1)

    def forward(self, probes: Tensor, references: Tensor) -> Tensor:
        """Shape: two times (N, 1, H, W), float in [0, 1], to (N,) logits."""
        both = self.embed(torch.cat([probes, references]))
        return self.compare(*both.chunk(2))


class EmbeddedPairs(nn.Module):
    """A verifier that embeds both images of each pair, and compares none."""

    def __init__(self, verifier: Verifier) -> None:
        super().__init__()
        self.verifier = verifier

    def forward(self, probes: Tensor, references: Tensor) -> Tensor:
        """Shape: two times (N, 1, H, W), float in [0, 1], to (N, 2, features) in (0, 1)."""
        return torch.stack(self.verifier.embed(torch.cat([probes, references])).chunk(2), dim=1)


class Embedder(nn.Module):
    """One radiograph to a point on the unit sphere; the nearer two points, the more likely the same patient."""

    def __init__(self, backbone: Backbone, features: int) -> None:
        super().__init__()
        self.normalize = _Normalize(backbone)
        self.model = create_backbone(backbone, features).to(memory_format=torch.channels_last)
        self.transfer = _from_file(self, backbone)

    def forward(self, images: Tensor) -> Tensor:
        """Shape: (N, 1, H, W), float in [0, 1], to (N, features), of length 1."""
        return functional.normalize(self.model(self.normalize(images)).float(), dim=1)


@torch.no_grad()
def outputs_of(
    network: nn.Module, count: int, load: Callable[[Tensor], Loaded], read: Callable[..., Tensor], ctx: Context
) -> Tensor:
    """What a network says about every row, in evaluation mode, a batch at a time.

    Args:
        network: goes to evaluation mode and stays there.
        count: the number of rows.
        load: takes row numbers, which lie on the device, and returns what there is to read. Shape: (n,), int64.
        read: takes what was loaded, reads it with the network. Shape: to (n, …).
        ctx: knows device and precision.

    Returns:
        All outputs, on the device. Shape: (count, …), float32.
    """
    network.eval()
    with ctx.fabric.autocast():
        rows = torch.arange(count, device=ctx.device).split(_EVALUATION_BATCH)
        parts = [read(*batch).float() for _, batch in loaded_ahead(rows, load, ctx.device)]
    return torch.cat(parts)


def start_from_guidance(network: nn.Module, guidance: nn.Module, what: str) -> None:
    """Loads the weights of a guidance network. Raises PrivbenchError where the two are not built alike."""
    own, lent = network.state_dict(), guidance.state_dict()
    if {key: value.shape for key, value in own.items()} != {key: value.shape for key, value in lent.items()}:
        raise PrivbenchError(
            f"{what} cannot start from the guidance, whose network is another one: give it the guidance's backbone, "
            "options and features, or init = scratch."
        )
    network.load_state_dict(lent)
