"""Reads files of weights that were written elsewhere: tensors by name, and nothing that would have to be unpickled."""

from __future__ import annotations

import pickle
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from ..base.errors import PrivbenchError, explain_memory_error, some_of

Format = Literal["safetensors", "torch"]

_WRAPPINGS = ("state_dict", "model_state_dict", "model")
"""Under which names checkpoints keep the weights beside epochs, losses and optimizers."""
_ZIP, _PICKLE = b"PK\x03\x04", b"\x80"
"""How files begin that torch saves, and those that it saved before its version 1.6."""


@dataclass(frozen=True)
class Checkpoint:
    """The tensors of a file, by name, on the CPU."""

    format: Format
    tensors: dict[str, Tensor]


def read_checkpoint(file: Path) -> Checkpoint:
    """The tensors of a safetensors file, or of a state dict that torch saved; what it is, its content tells.

    A state dict may stand under `state_dict`, `model_state_dict` or `model` among other things.

    Raises:
        PrivbenchError: there is no such file, it is damaged, or it holds what only unpickling could read.
    """
    try:
        with file.open("rb") as opened:
            start = opened.read(9)
    except (FileNotFoundError, IsADirectoryError):
        raise PrivbenchError(f"There is no file of weights {file}: check the path.") from None
    if not start:
        raise PrivbenchError(f"The file of weights {file} is empty: copy it again.")
    if file.suffix == ".safetensors" or start[8:] == b"{":
        checkpoint = Checkpoint("safetensors", _safetensors(file))
    elif start.startswith((_ZIP, _PICKLE)):
        checkpoint = Checkpoint("torch", _state_dict(_saved_by_torch(file), file))
    else:
        raise PrivbenchError(f"{file} is no file of weights: name a safetensors file, or a state dict of torch.")
    if odd := [name for name, value in checkpoint.tensors.items() if not value.isfinite().all()]:
        raise PrivbenchError(f"The weights {some_of(odd)} in {file} hold values that are no numbers: copy it again.")
    return checkpoint


def _safetensors(file: Path) -> dict[str, Tensor]:
    try:
        return load_file(file)
    except SafetensorError as error:
        raise PrivbenchError(f"{file} is no whole safetensors file ({error}): copy it again.") from error


def _saved_by_torch(file: Path) -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that it is a TorchScript archive, which is refused
            return torch.load(file, map_location="cpu", weights_only=True)
    # A damaged file makes torch raise anything, and one that holds objects is told by what it says alone.
    except Exception as error:
        if (explained := explain_memory_error(error)) is not None:
            raise explained from error
        if "TorchScript" in str(error) or (isinstance(error, pickle.UnpicklingError) and "GLOBAL" in str(error)):
            raise PrivbenchError(
                f"{file} holds objects beside tensors, which may run any code when they are unpickled: where you trust "
                "it, save its state_dict() alone, as docs/weights.md shows."
            ) from error
        raise PrivbenchError(f"{file} is no whole file of torch ({type(error).__name__}): copy it again.") from error


def _state_dict(content: Any, file: Path) -> dict[str, Tensor]:
    """The one state dict in what torch read."""
    if _is_state(content):
        return dict(content)
    found = [name for name in _WRAPPINGS if isinstance(content, Mapping) and _is_state(content.get(name))]
    if len(found) == 1:
        return dict(content[found[0]])
    held = f" but {some_of(map(str, content))}" if isinstance(content, Mapping) and content else ""
    what = "several state dicts" if found else f"no state dict{held}"
    raise PrivbenchError(f"{file} holds {what}: save the one that is wanted alone, as docs/weights.md shows.")


def _is_state(value: Any) -> bool:
    """Whether it is tensors by name, at least one."""
    return (
        isinstance(value, Mapping)
        and bool(value)
        and all(isinstance(name, str) and isinstance(one, Tensor) for name, one in value.items())
    )
