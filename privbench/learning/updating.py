"""How a loss moves a network's weights: by the whole batch at once or, where memory does not hold that, in parts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_map_only

from ..base.errors import explain_memory_error
from ..base.progress import log
from .ahead import Loaded
from .clock import phase
from .context import Context
from .recipes import Compiled

Done = TypeVar("Done")
LossOf = Callable[[Any], Tensor]
"""A loss of what the network puts out of a batch."""

FEWEST = 2
"""Rows at once: batch norm needs two."""
_FEWEST_IN_PARTS = FEWEST + 1  # an odd count of rows is not to be had in parts of two


def if_it_fits(work: Callable[[], Done]) -> Done | None:
    """What the work comes to; None where it needs more memory than the device has, which it then gives back."""
    try:
        return work()
    except RuntimeError as error:  # cuBLAS and cuDNN tell it in their own words
        if explain_memory_error(error) is None:
            raise
        # What it held is free only after this clause.
    if torch.cuda.is_initialized():
        torch.cuda.empty_cache()
    return None


def set_up(network: nn.Module, optimizer: torch.optim.Optimizer, ctx: Context) -> tuple[Any, Any]:
    """The network as a training calls it, on the device and in the run's precision, and its optimizer.

    What is compiled is that alone: who calls the network itself, to read images in batches of other lengths, has it as
    it is.
    """
    called = network if ctx.compiled is None else _Compiled(network, ctx.compiled)
    return ctx.fabric.setup(called, optimizer)


def fused(device: torch.device) -> bool | None:
    """What an optimizer of torch is told: on a GPU one kernel moves all weights; elsewhere it is torch's own choice.

    `adam` is fused everywhere. The games are not, because on a processor that would change their last digits.
    """
    return True if device.type == "cuda" else None


class _Compiled(nn.Module):
    """Calls a network by what torch.compile makes of it at the second call, when operations are counted no more."""

    def __init__(self, network: nn.Module, mode: Compiled) -> None:
        super().__init__()
        self.network = network

        def called(*inputs: Any) -> Any:
            return network(*inputs)

        # torch gives up on a code object after a few networks; each of these has one of its own.
        called.__code__ = called.__code__.replace()
        self._call = torch.compile(called, mode=mode)

    def forward(self, *inputs: Any) -> Any:
        # A recorded graph writes its outputs into the same memory each time, and a game looks at them for longer.
        return tree_map_only(Tensor, Tensor.clone, self._call(*inputs))


class Update:
    """Moves a network's weights, on the device and in the run's precision.

    Where a batch does not fit the device's memory, and the command says `--batch auto`, the first update finds how many
    rows do, by halving, and all go on so. Outputs of the parts are computed without gradients, the loss of them all
    gives theirs, and each part is computed once more to hand these on (Gao et al. 2021, "Scaling deep contrastive
    learning batch size under memory limited setup"). So every loss is that of the whole batch, contrastive ones too,
    and so are the gradients, but for what batch norm takes from the rows that it sees together.
    """

    def __init__(
        self,
        network: nn.Module,
        ctx: Context,
        optimizer: torch.optim.Optimizer,
        move_rate: Callable[[], None] = lambda: None,
        *,
        title: str,
        by_rows: bool = True,
    ) -> None:
        """
        Args:
            network: what is trained; it moves to the device.
            ctx: knows device and precision, and whether a batch may be computed in parts; it takes the rows of one.
            optimizer: over the network's weights.
            move_rate: called after each of the optimizer's steps, as `adam` returns it; the default leaves the rate
                alone.
            title: what messages call the training.
            by_rows: whether each row of the output is of one row of the inputs; else no batch is computed in parts.
        """
        self.network, self._optimizer = set_up(network, optimizer, ctx)
        self._ctx, self._move_rate, self._title = ctx, move_rate, title
        self._proven = ctx.batch != "auto" or not by_rows
        self._at_once: int | None = None

    def __call__(self, inputs: Loaded, loss_of: LossOf) -> Tensor:
        """The loss of `loss_of(network(*inputs))`, after the step that it made.

        `inputs` have as many rows each. Raises torch.OutOfMemoryError where they, and all parts of them, do not fit.
        """
        if not self._proven:
            return self._tried(inputs, loss_of)
        if self._at_once is None:
            return self._whole(inputs, loss_of)
        return self._in_parts(inputs, loss_of, self._at_once)

    def _whole(self, inputs: Loaded, loss_of: LossOf) -> Tensor:
        loss = loss_of(self.network(*inputs))
        self._optimizer.zero_grad()
        with phase("backward"):
            self._ctx.fabric.backward(loss)
        self._step()
        return loss

    def _step(self) -> None:
        with phase("optimizer"):
            self._optimizer.step()
            self._move_rate()

    def _tried(self, inputs: Loaded, loss_of: LossOf) -> Tensor:
        """The first update, by as large parts as fit. What a failed one has changed is changed back."""
        kept, rows = self._buffers(), len(_first_of(inputs))
        loss, at_once = if_it_fits(lambda: self._whole(inputs, loss_of)), rows
        while loss is None and at_once > _FEWEST_IN_PARTS:
            at_once = max(at_once // 2, _FEWEST_IN_PARTS)
            self._begin_again(kept)
            loss = if_it_fits(lambda: self._in_parts(inputs, loss_of, at_once))  # noqa: B023 - called at once
        if loss is None:
            self._begin_again(kept)
            raise torch.OutOfMemoryError(f"{self._title}: {at_once} rows at once are too many")
        self._proven = True
        if at_once < rows:
            self._at_once = self._ctx.split[self._title] = at_once
            log.warning(
                "%s: batches of %d do not fit the device's memory, and are computed %d rows at once; batch norm sees "
                "these alone",
                self._title,
                rows,
                at_once,
            )
        return loss

    def _in_parts(self, inputs: Loaded, loss_of: LossOf, at_once: int) -> Tensor:
        rows = len(_first_of(inputs))
        count = max(1, min(-(-rows // at_once), rows // FEWEST))
        parts: list[Loaded] = list(
            zip(*([None] * count if one is None else one.tensor_split(count) for one in inputs), strict=True)
        )
        kept, begun, outputs = self._buffers(), [], []
        with torch.no_grad():
            for part in parts:
                begun.append(_draws(self._ctx.device))
                outputs.append(self.network(*part))
        if not all(isinstance(one, Tensor) for one in outputs):
            raise torch.OutOfMemoryError(f"{self._title}: what it learns from is not put out by rows")
        self._restore(kept)  # statistics are those of one pass
        whole = torch.cat(outputs).requires_grad_()
        loss = loss_of(whole)
        weights = [weight for weight in self.network.parameters() if weight.requires_grad]
        gradient, *others = torch.autograd.grad(loss, [whole, *weights], allow_unused=True)
        # A loss that compares outputs by weights of the network's own hands gradients to these, too.
        beside = [(weight * own).sum() for weight, own in zip(weights, others, strict=True) if own is not None]
        self._optimizer.zero_grad()
        for part, state, own in zip(parts, begun, gradient.tensor_split(count), strict=True):
            with _drawing(state, self._ctx.device):  # what drops out drops out again
                learnt = (self.network(*part) * own).sum()
                with phase("backward"):
                    self._ctx.fabric.backward(sum(beside, learnt))
            beside = []
        self._step()
        return loss.detach()

    def _buffers(self) -> list[Tensor]:
        return [buffer.clone() for buffer in self.network.buffers()]

    def _restore(self, kept: list[Tensor]) -> None:
        for buffer, before in zip(self.network.buffers(), kept, strict=True):
            buffer.copy_(before)

    def _begin_again(self, kept: list[Tensor]) -> None:
        """As before the first update, of which the optimizer may have begun to keep something."""
        self._restore(kept)
        self._optimizer.optimizer.state.clear()


def _first_of(inputs: Loaded) -> Tensor:
    return next(one for one in inputs if one is not None)


def _draws(device: torch.device) -> Tensor:
    """The state of the global generator from which a network's dropout draws."""
    return torch.cuda.get_rng_state(device) if device.type == "cuda" else torch.get_rng_state()


@contextmanager
def _drawing(state: Tensor, device: torch.device) -> Iterator[None]:
    """Draws from that state on, and goes on afterwards where it was."""
    after = _draws(device)
    if device.type == "cuda":
        torch.cuda.set_rng_state(state, device)
    else:
        torch.set_rng_state(state)
    try:
        yield
    finally:
        if device.type == "cuda":
            torch.cuda.set_rng_state(after, device)
        else:
            torch.set_rng_state(after)
