"""What a training step is given, loaded while the device still computes the step before."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import Any

import torch
from torch import Tensor

from .clock import phase

Loaded = tuple[Tensor | None, ...]
"""What a step takes: tensors of as many rows each, on the device."""


def loaded_ahead(
    parts: Iterable[Tensor], load: Callable[[Tensor], Loaded], device: torch.device
) -> Iterator[tuple[Tensor, Loaded]]:
    """Each part of the rows with what is loaded of it, in order; on a GPU one part ahead, on a stream of its own.

    There the host gathers and sends the next batch while the device computes, and waits for nothing.
    """
    if device.type == "cuda":
        yield from beside(parts, load, device, torch.cuda)
    else:
        for rows in parts:
            yield rows, load(rows)


def beside(
    parts: Iterable[Tensor], load: Callable[[Tensor], Loaded], device: torch.device, streams: Any
) -> Iterator[tuple[Tensor, Loaded]]:
    """The same by `streams`, which are torch.cuda's, or torch.cpu's, that have their form and do all at once."""
    parts, aside = list(parts), _stream(device, streams)
    aside.wait_stream(streams.current_stream(device))  # the rows, and what they index, are there by then

    def begun(rows: Tensor) -> tuple[Tensor, Loaded, Any]:
        with streams.stream(aside):
            return rows, load(rows), aside.record_event()

    waiting = map(begun, parts)
    following = next(waiting, None)
    while following is not None:
        rows, batch, ready = following
        following = next(waiting, None)
        current = streams.current_stream(device)
        with phase("data"):
            current.wait_event(ready)
        for part in batch:
            if part is not None and part.is_cuda:  # its memory is not given away before the step has read it
                part.record_stream(current)
        yield rows, batch


@cache
def _stream(device: torch.device, streams: Any) -> Any:
    """One for all that is loaded: memory and workspaces belong to the stream that they were made for."""
    return streams.Stream(device)
