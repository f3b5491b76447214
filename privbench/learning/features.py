"""What a timm network sees on its way to an answer: maps of features, from the finest to the coarsest."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from torch import Tensor, nn

from ..base.errors import PrivbenchError


def feature_maps(network: nn.Module, images: Tensor) -> list[Tensor]:
    """The outputs of the stages of a network's backbone, with gradients where these are enabled.

    The stages are those that timm's `feature_info` names. A backbone whose stages put out no maps, such as a vision
    transformer, gives one map: its last features before pooling, without the class token.

    Args:
        network: holds a timm backbone as `model`, and what prepares images for it as `normalize`.
        images: Shape: (N, 1, H, W), float in [0, 1].

    Returns:
        One tensor a stage. Shape: (N, channels, height, width), float, each.

    Raises:
        PrivbenchError: the backbone's features lie on no square grid.
    """
    model: Any = network.model
    normalize: Any = network.normalize
    with collected_outputs(model) as outputs:
        last = model.forward_features(normalize(images))
    return outputs if are_maps(outputs, stages_of(model)) else [_as_map(last, model)]


@contextmanager
def collected_outputs(model: nn.Module) -> Iterator[list[Tensor]]:
    """The outputs of the stages that timm's `feature_info` names, of one forward pass within the block.

    They are part of that pass's graph, so that its answer has gradients with respect to them.
    """
    outputs: list[Tensor] = []
    hooks = [
        model.get_submodule(stage["module"]).register_forward_hook(lambda _, __, output: outputs.append(output))
        for stage in stages_of(model)
    ]
    try:
        yield outputs
    finally:
        for hook in hooks:
            hook.remove()


def are_maps(outputs: Sequence[Tensor], stages: Sequence[dict[str, Any]]) -> bool:
    """Whether stages put out maps with the channels first, as convolutional networks do, and no tokens."""
    widths = [stage["num_chs"] for stage in stages]
    return bool(widths) and [one.shape[1] if one.ndim == 4 else None for one in outputs] == widths


def require_maps(outputs: Sequence[Tensor], stages: Sequence[dict[str, Any]], backbone: str) -> None:
    """Raises PrivbenchError, which names the backbone, unless there are stages and their outputs are maps."""
    if not are_maps(outputs, stages):
        raise PrivbenchError(
            f"{backbone} has no stages whose maps could be read: choose a convolutional backbone, or leave out what "
            "needs them (saliency, segmentation, the part anatomy of the robust recipe)."
        )


def stages_of(model: Any) -> list[dict[str, Any]]:
    """What timm tells of the stages, from the finest: `module`, `num_chs` and `reduction`; none where it tells none."""
    return list(getattr(model, "feature_info", []))


def _as_map(features: Tensor, model: Any) -> Tensor:
    """What `forward_features` puts out, as (N, C, H, W): tokens (N, T, C), (N, H, W, C), or such a map already."""
    if features.ndim == 3:
        patches = features[:, getattr(model, "num_prefix_tokens", 0) :]
        side = math.isqrt(patches.shape[1])
        if side * side == patches.shape[1]:
            return patches.transpose(1, 2).unflatten(2, (side, side))
    elif features.ndim == 4:
        channels_last = features.shape[1] != model.num_features == features.shape[3]
        return features.permute(0, 3, 1, 2) if channels_last else features
    raise PrivbenchError(
        f"The features of {type(model).__name__} lie on no square grid, so there are no maps of them: choose another "
        "backbone."
    )
