"""Starting weights of networks: where they come from, and what tells them apart."""

from __future__ import annotations

import os
from pathlib import Path

from ..base.errors import PrivbenchError, nearest
from ..base.files import sha256
from .recipes import Backbone

WEIGHTS_FOLDER = "PRIVBENCH_WEIGHTS"
"""The environment variable that names a folder of `<timm model>.safetensors` files."""


def without_weights(backbone: Backbone) -> Backbone:
    """The same network with random weights, for a state that is about to be loaded."""
    return backbone.model_copy(update={"init": "scratch"})


def weights_file(backbone: Backbone) -> Path | None:
    """The file of ImageNet weights in the folder that PRIVBENCH_WEIGHTS names; None where there is none."""
    folder = os.environ.get(WEIGHTS_FOLDER)
    file = Path(folder) / f"{backbone.backbone}.safetensors" if folder else None
    return file if file is not None and file.is_file() else None


def weights_source(backbone: Backbone) -> str:
    """What tells one set of starting weights from another, for cache keys: the way, timm's tag, or a file's digest.

    Raises:
        PrivbenchError: timm knows no such network.
    """
    import timm  # here, because recipes are read, and weights named, where nothing is computed

    if not timm.is_model(backbone.backbone):
        near = nearest(backbone.backbone, timm.list_models())
        raise PrivbenchError(f"The backbone {backbone.backbone!r} is no timm model: {near}")
    if backbone.init != "imagenet":
        return backbone.init
    if (file := weights_file(backbone)) is not None:
        return sha256(file)
    config = timm.get_pretrained_cfg(backbone.backbone)
    return f"timm {backbone.backbone}.{config.tag if config else None}"
