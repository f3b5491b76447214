"""What networks learnt: in a file, and of several parts in one, where each part's keys get a prefix."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from safetensors.torch import load_file, save_file
from torch import Tensor

from ..data.ledger import Ledger
from .weights import LEDGER

STATE = "state.safetensors"


def save_state(state: Mapping[str, Tensor], folder: Path, ledger: Ledger | None = None) -> None:
    """Writes what was learnt into a folder, as safetensors, and from whom it was learnt into the file's metadata."""
    metadata = None if ledger is None else {LEDGER: ledger.model_dump_json()}
    save_file({key: value.detach().cpu().contiguous() for key, value in state.items()}, folder / STATE, metadata)


def load_state(folder: Path) -> dict[str, Tensor]:
    """Reads what `save_state` wrote, on the CPU."""
    return load_file(folder / STATE)


def prefixed(prefix: str, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The state with the prefix before every key."""
    return {prefix + key: value for key, value in state.items()}


def below(prefix: str, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The entries of a state whose keys start with the prefix, without it."""
    return {key.removeprefix(prefix): value for key, value in state.items() if key.startswith(prefix)}
