"""Takes a file's weights over into a network: which of its tensors are which of the network's, and what is amiss."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor, nn

from ..base.errors import PrivbenchError
from .checkpoints import Format, read_checkpoint

_BACKBONE = "model."
"""Below which the networks hold their backbone."""
_NAMED = 3
_Shapes = Mapping[str, Tensor]


@dataclass(frozen=True)
class Transfer:
    """What a network took from a file: the count of its tensors that come from there.

    `fresh` are those of its head that stay random, because the file has none like them; `left` are those of the file's
    own head, which the network has no place for.
    """

    format: Format
    taken: int
    fresh: tuple[str, ...]
    left: tuple[str, ...]


def transfer(network: nn.Module, file: Path, heads: Sequence[str] = (), stems: Sequence[str] = ()) -> Transfer:
    """Loads a file's weights into a network.

    Names are compared as they stand, and without what all of a file's names begin with up to a dot, such as `module.`,
    as often as they do; each time also as those of the backbone alone. Of these readings the first counts in which the
    most names agree. A head is taken whole or, where names or shapes differ, left as it is; all else has to be in both,
    in the same shape. Where one of file and network sees a single channel, the first convolution's weights are summed
    over three, as timm does, or a third of them is given to each: equal channels get the same answer as before.

    Args:
        network: what is loaded.
        file: as `read_checkpoint` reads it.
        heads: what the names of the network's heads begin with.
        stems: the names of its first convolutions.

    Raises:
        PrivbenchError: the file cannot be read, or is of another network.
    """
    own, checkpoint = network.state_dict(), read_checkpoint(file)
    told = _renamed(checkpoint.tensors, own)
    told |= {name: _channels(told[name], own[name]) for name in stems if name in told and name in own}
    wrong = [name for name in own if name not in told or told[name].shape != own[name].shape]
    more = [name for name in told if name not in own]
    fresh_heads = {head for head in heads if any(name.startswith(head) for name in wrong)}
    fresh = [name for name in own if name.startswith(tuple(fresh_heads))] if fresh_heads else []
    left = [name for name in told if name in fresh or (name in more and name.startswith(tuple(heads)))]
    _check(file, network, own, told, [name for name in wrong if name not in fresh], [n for n in more if n not in left])
    taken = {name: value for name, value in told.items() if name not in left}
    network.load_state_dict({**own, **taken})
    return Transfer(checkpoint.format, len(taken), tuple(fresh), tuple(left))


def _renamed(tensors: _Shapes, own: _Shapes) -> dict[str, Tensor]:
    """The tensors under the network's names, as far as these agree."""
    return max(_readings(tensors), key=lambda read: len(read.keys() & own.keys()))


def _readings(tensors: _Shapes) -> Iterator[dict[str, Tensor]]:
    names = dict(tensors)
    while True:
        yield names
        yield {_BACKBONE + name: value for name, value in names.items()}
        first = {name.partition(".")[0] for name in names}
        if len(first) > 1 or any("." not in name for name in names):
            return
        names = {name.partition(".")[2]: value for name, value in names.items()}


def _channels(value: Tensor, own: Tensor) -> Tensor:
    """A first convolution's weights for as many channels as the network sees, where one of both sees a single one."""
    if value.ndim == own.ndim == 4 and {value.shape[1], own.shape[1]} == {1, 3}:
        return value.sum(1, keepdim=True) if own.shape[1] == 1 else value.repeat(1, 3, 1, 1) / 3
    return value


def _check(
    file: Path, network: nn.Module, own: _Shapes, told: _Shapes, wrong: Sequence[str], more: Sequence[str]
) -> None:
    """Raises PrivbenchError, which names the first that are missing, misshapen or unknown, where there are any."""
    shapes = (f"{name} ({_shape(told[name])} in place of {_shape(own[name])})" for name in wrong if name in told)
    problems = {
        "lacks": [name for name in wrong if name not in told],
        "has another shape of": list(shapes),
        "also holds": list(more),
    }
    if told_of := [f"{verb} {_first(names)}" for verb, names in problems.items() if names]:
        raise PrivbenchError(
            f"The weights in {file} are not those of the network {type(network).__name__} as it is set up: the file "
            f"{', and '.join(told_of)}; set the network's parameters as it was trained, or save what belongs to it "
            "alone, as docs/weights.md shows."
        )


def _shape(value: Tensor) -> str:
    return " x ".join(map(str, value.shape)) or "one number"


def _first(names: Iterable[str]) -> str:
    """The first of them, in their order, and how many more there are."""
    listed = list(names)
    more = len(listed) - _NAMED
    return ", ".join(listed[:_NAMED]) + (f" and {more} more" if more > 0 else "")
