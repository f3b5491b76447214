"""Starting weights of networks: where they come from, what tells them apart, and from whom they were learnt."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

from pydantic import BaseModel
from safetensors import SafetensorError, safe_open

from ..base.errors import PrivbenchError, nearest
from ..base.files import read_text, sha256
from ..data.ledger import Ledger, LedgerBeside, parse_ledger
from .recipes import Backbone

WEIGHTS_FOLDER = "PRIVBENCH_WEIGHTS"
"""The environment variable that names a folder of `<timm model>.safetensors` files."""
WEIGHTS_FILE = "weights_file"
"""What a parameter is called that names a file of weights which were learnt elsewhere."""
LEDGER = "privbench_ledger"
"""Where a safetensors file keeps its contamination ledger, among its metadata."""


def without_weights(backbone: Backbone) -> Backbone:
    """The same network with random weights, for a state that is about to be loaded."""
    return backbone.model_copy(update={"init": "scratch", WEIGHTS_FILE: None})


def imagenet_file(backbone: Backbone) -> Path | None:
    """The file of ImageNet weights in the folder that PRIVBENCH_WEIGHTS names; None where there is none."""
    folder = os.environ.get(WEIGHTS_FOLDER)
    file = Path(folder) / f"{backbone.backbone}.safetensors" if folder else None
    return file if file is not None and file.is_file() else None


def weights_source(backbone: Backbone) -> str:
    """What tells one set of starting weights from another, for cache keys: the way, timm's tag, or a file's digest.

    Raises:
        PrivbenchError: timm knows no such network, or there is no such file.
    """
    import timm  # here, because recipes are read, and weights named, where nothing is computed

    if not timm.is_model(backbone.backbone):
        near = nearest(backbone.backbone, timm.list_models())
        raise PrivbenchError(f"The backbone {backbone.backbone!r} is no timm model: {near}")
    if backbone.weights_file is not None:
        return weights_digest(backbone.weights_file)
    if backbone.init != "imagenet":
        return backbone.init
    if (file := imagenet_file(backbone)) is not None:
        return sha256(file)
    config = timm.get_pretrained_cfg(backbone.backbone)
    return f"timm {backbone.backbone}.{config.tag if config else None}"


def weights_files(params: BaseModel) -> dict[str, Path]:
    """The files of weights that parameters begin with, at whatever depth, by the dotted name of the parameter.

    Beside those that they name it is files of PRIVBENCH_WEIGHTS which tell from whom they were learnt: others that lie
    there are taken for ImageNet's, which have seen no patient. Raises as `ledger_in`.
    """
    found: dict[str, Path] = {}
    for name in type(params).model_fields:
        value = getattr(params, name)
        if name == WEIGHTS_FILE and isinstance(value, Path):
            found[name] = value
        elif isinstance(value, BaseModel):
            found |= {f"{name}.{below}": file for below, file in weights_files(value).items()}
    if isinstance(params, Backbone) and params.init == "imagenet":
        file = imagenet_file(params)
        if file is not None and ledger_in(file) is not None:
            found["init"] = file
    return found


def weights_digest(file: Path) -> str:
    """SHA-256 of a file of weights, as hexadecimal. Raises PrivbenchError where there is no such file."""
    if not file.is_file():
        raise PrivbenchError(f"There is no file of weights {file}: check the path.")
    stat = file.stat()
    return _digest(file.resolve(), stat.st_size, stat.st_mtime_ns)


@cache
def _digest(file: Path, size: int, changed: int) -> str:
    """Of a file of that size and time, read once a process: it may be large, and several keys hold it."""
    return sha256(file)


def sidecar(file: Path) -> Path:
    """Where the ledger of weights stands that do not carry it themselves: beside them."""
    return file.with_name(f"{file.name}.json")


def ledger_in(file: Path) -> Ledger | None:
    """From whom weights were learnt, as they tell themselves, else the file beside them; None where neither does.

    Raises PrivbenchError where what is told is no ledger.
    """
    return own_ledger(file) or ledger_beside(file)


def own_ledger(file: Path) -> Ledger | None:
    """The ledger that weights carry themselves. Raises as `ledger_in`."""
    try:
        with safe_open(file, framework="numpy") as opened:
            told = (opened.metadata() or {}).get(LEDGER)
    except (SafetensorError, OSError):
        return None  # another format, which has no place for it; whether it is a sound one is asked where it is read
    return None if told is None else parse_ledger(told, f"What {file} tells of itself", Ledger)


def ledger_beside(file: Path) -> Ledger | None:
    """The ledger that stands in a file beside weights. Raises as `ledger_in`, and where it tells of other weights."""
    beside = sidecar(file)
    if not beside.is_file():
        return None
    ledger = parse_ledger(read_text(beside, "check its path"), str(beside), LedgerBeside)
    if ledger.weights not in (None, weights_digest(file)):
        raise PrivbenchError(
            f"{beside} tells from whom other weights were learnt than {file} holds by now: remove it, and write it "
            "anew with privbench data trained-on."
        )
    return ledger.unbound
