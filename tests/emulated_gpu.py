"""A CUDA device that is not there: the processor computes, and what would lie on the device is kept track of.

Tensors stay in the processor's memory. Each block of it is marked with where it would lie, and every operation is
checked as a GPU would: tensors of two devices do not meet, generators draw where they are, nothing on the device is
read as it stands. What makes the processor wait for the device, or the device for what travels, is listed, as far as
READING knows it. Numbers are the processor's, streams do nothing, autocast is out of its reach, and so are kernels that
a GPU has not got, but for OF_FLOATS, and gradients that are put in place by hand.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import torch
import torch._dynamo  # which looks at all functions of torch when it is loaded, so before any is replaced
from torch import Tensor
from torch.multiprocessing.reductions import StorageWeakRef
from torch.nn import functional
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

CPU, CUDA = torch.device("cpu"), torch.device("cuda", 0)
ROOT = Path(__file__).parents[1]
COMPUTING = tuple(f"privbench.{room}" for room in ("learning", "metrics", "utilities", "anonymizers", "attacks"))
OURS = tuple(str(ROOT / part) for part in ("privbench", "anonymizers", "attacks"))
INDEXING = ("index", "index_put", "index_put_", "_index_put_impl_", "_unsafe_index", "_unsafe_index_put")
"""Rows of the processor's may index what lies on the device; they travel there first."""
READING = (
    *("_local_scalar_dense", "nonzero", "masked_select", "bincount", "equal", "repeat_interleave"),
    *("_unique2", "unique_dim", "unique_consecutive", "linalg_inv_ex", "_linalg_solve_ex", "linalg_cholesky_ex"),
)
"""Give a number, or as many as nobody knows before."""
OF_TENSORS = ("stack", "cat", "gather", "index_select", "take")
"""Take no single number of the processor's beside what lies on the device."""
OF_FLOATS = ("mm", "bmm", "addmm", "baddbmm", "mv", "dot", "convolution")
"""A GPU has no kernels of them for whole numbers."""
FROM_NUMBERS = (torch.tensor, torch.as_tensor, torch.asarray)


def line_of_ours() -> str:
    """The line of privbench that is being carried out."""
    lines = [one for one in traceback.extract_stack() if one.filename.startswith(OURS)]
    return f"{Path(lines[-1].filename).relative_to(ROOT)}:{lines[-1].lineno}" if lines else "elsewhere"


class Places:
    """Where tensors would lie: True on the device, False not, None where C++ made one by options that it read off."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[StorageWeakRef, bool | None]] = {}
        self._pinned: dict[int, StorageWeakRef] = {}

    def of(self, tensor: Tensor) -> bool | None:
        return self._known.get(tensor.untyped_storage()._cdata, (None, False))[1]

    def put(self, made: Any, there: bool | None) -> None:
        for tensor in tensors_in(made):
            storage = tensor.untyped_storage()
            if there is False:
                self._known.pop(storage._cdata, None)
            else:  # the reference keeps the address from being given away
                self._known[storage._cdata] = StorageWeakRef(storage), there
        if len(self._known) > 10_000:
            self._known = {address: one for address, one in self._known.items() if not one[0].expired()}

    def pin(self, tensor: Tensor) -> None:
        self._pinned = {address: one for address, one in self._pinned.items() if not one.expired()}
        self._pinned[tensor.untyped_storage()._cdata] = StorageWeakRef(tensor.untyped_storage())

    def pinned(self, tensor: Tensor) -> bool:
        return tensor.untyped_storage()._cdata in self._pinned


def tensors_in(values: Any) -> list[Tensor]:
    return [one for one in tree_leaves(values) if isinstance(one, Tensor)]


@dataclass
class Emulated:
    """`waits` has what would have waited, and the line that did it; `free` bytes of the device are told to be free."""

    free: int = 70 * 2**30
    waits: list[tuple[str, str]] = field(default_factory=list)
    places: Places = field(default_factory=Places)

    def waited(self, what: str) -> None:
        self.waits.append((what, line_of_ours()))


class Operations(TorchDispatchMode):
    """What comes to the kernels, with what C++ and the gradients ask for."""

    def __init__(self, gpu: Emulated) -> None:
        super().__init__()
        self._gpu, self._places = gpu, gpu.places

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs, name = dict(kwargs or {}), func._schema.name.partition("::")[2]
        if name == "record_stream":
            return None
        given = tensors_in((args, kwargs))
        there = [self._places.of(one) for one in given]
        wanted = kwargs.get("device") is not None and kwargs["device"].type == "cuda"
        if "device" in kwargs:
            kwargs["device"] = CPU
        if name == "copy_":
            if None not in there and there[0] is not there[1] and not (len(args) > 2 and args[2]):
                self._gpu.waited("copy_")
            return func(*args, **kwargs)
        if name != "_to_copy":
            self._check(name, args, given, there)
        made = func(*args, **kwargs)
        if wanted or any(there):
            place: bool | None = True
        else:
            place = None if not given or None in there else False
        known = {one.untyped_storage()._cdata for one in given}
        fresh = [one for one in tensors_in(made) if place or one.untyped_storage()._cdata not in known]
        self._places.put(fresh, place)
        return made

    def _check(self, name: str, args: Any, given: list[Tensor], there: list[bool | None]) -> None:
        if not any(there):
            return
        for one, place in zip(given, there, strict=True):
            if place is not False or not (one.dim() or name in OF_TENSORS):  # a single number may lie anywhere else
                continue
            if name not in INDEXING or one is given[0] or one.is_floating_point():
                shapes = [f"{tuple(each.shape)} on {where(at)}" for each, at in zip(given, there, strict=True)]
                raise RuntimeError(f"{name}: expected all tensors to be on the same device, but found {shapes}")
            self._gpu.waited(f"{name} by rows of the processor's")
        if there[0] is False and name.endswith("_"):
            raise RuntimeError(f"{name}: what lies on the device cannot be written to the processor's memory")
        by_masks = name in INDEXING and any(one.dtype == torch.bool for one in tensors_in(args[1]))
        if name in READING or by_masks:
            self._gpu.waited(name)
        if name in OF_FLOATS and not (given[0].is_floating_point() or given[0].is_complex()):
            raise RuntimeError(f'"{name}_cuda" not implemented for {given[0].dtype}')


def where(place: bool | None) -> str:
    return "cuda:0" if place else "cpu"


class Calls(TorchFunctionMode):
    """What Python asks torch for: devices by name, and where a tensor lies."""

    def __init__(self, gpu: Emulated) -> None:
        super().__init__()
        self._gpu, self._places = gpu, gpu.places

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs, name = dict(kwargs or {}), getattr(func, "__name__", "")
        if isinstance(func, torch._ops.OpOverload):  # another mode's, on its way to the kernels
            return func(*args, **kwargs)
        there = bool(args) and isinstance(args[0], Tensor) and self._places.of(args[0]) is True
        if name == "__get__" and func.__self__.__name__ in ("device", "is_cuda", "is_cpu"):
            return {"device": CUDA if there else CPU, "is_cuda": there, "is_cpu": not there}[func.__self__.__name__]
        if name in ("cpu", "cuda", "to"):
            return self._moved(name, func, args, kwargs, there)
        if name in ("numpy", "__array__", "pin_memory") and there:
            raise TypeError(f"{name}: can't convert cuda:0 device type tensor. Use Tensor.cpu() first.")
        if name == "pin_memory":
            self._places.pin(made := args[0].clone())
            return made
        if name == "tolist" and there:
            self._gpu.waited(name)
        if name == "backward":  # Python's functions with gradients of their own are called below it
            words = {"gradient": "grad_tensors"}
            with self:
                return torch.autograd.backward(args[0], **{words.get(key, key): one for key, one in kwargs.items()})
        return self._made(func, name, args, kwargs, there)

    def _made(self, func: Any, name: str, args: Any, kwargs: Any, there: bool) -> Any:
        named = None if kwargs.get("device") is None else torch.device(kwargs["device"]).type == "cuda"
        generator = kwargs.get("generator")
        if generator is not None and generator.on_cuda != (there if named is None else named):
            raise RuntimeError(f"{name}: expected a generator of the device, and found one of {generator.device}")
        if named is not None:
            kwargs["device"] = CPU
        made = func(*args, **kwargs)
        if named is not None or not tensors_in((args, kwargs)):
            if named and func in FROM_NUMBERS:
                self._gpu.waited(name)
            self._places.put(made, bool(named))
        elif there and name in ("new_tensor", "__deepcopy__"):
            self._places.put(made, True)
        return made

    def _moved(self, name: str, func: Any, args: Any, kwargs: Any, there: bool) -> Any:
        tensor, rest = args[0], list(args[1:])
        target = {"cpu": CPU, "cuda": CUDA}.get(name, kwargs.pop("device", None))
        if rest and isinstance(rest[0], str | torch.device):
            target = rest.pop(0)
        elif rest and isinstance(rest[0], Tensor):
            kwargs["dtype"], target = rest[0].dtype, CUDA if self._places.of(rest[0]) else CPU
            rest.pop(0)
        if target is None:
            return func(tensor, *rest, **kwargs)
        kwargs |= {key: one for key, one in zip(("dtype", "non_blocking", "copy"), rest) if one is not None}  # noqa: B905
        wanted, goes_on = torch.device(target).type == "cuda", kwargs.pop("non_blocking", False)
        if there == wanted:
            return Tensor.to(tensor, **kwargs) if kwargs else tensor
        if not goes_on or not wanted or not self._places.pinned(tensor):
            self._gpu.waited(f"to {where(wanted)}")
        made = Tensor.to(tensor, CPU, **(kwargs | {"copy": True}))
        self._places.put(made, wanted)
        return made


class Generator(torch.Generator):
    """Draws where it is told to be; the same numbers everywhere."""

    def __new__(cls, device: Any = CPU) -> Generator:
        made = super().__new__(cls)
        made.on_cuda = torch.device(device).type == "cuda"
        return made

    def __init__(self, device: Any = CPU) -> None:
        pass

    @property
    def device(self) -> torch.device:
        return CUDA if self.on_cuda else CPU


class Event:
    """What was done when it was asked for."""

    def __init__(self, **told: Any) -> None:
        pass

    def record(self, stream: Any = None) -> None:
        pass

    def synchronize(self) -> None:
        pass

    def elapsed_time(self, other: Event) -> float:
        return 1.0


class Stream(torch.Stream):
    """Does all at once."""

    def __new__(cls, *told: Any) -> Stream:
        return super().__new__(cls, stream_id=0, device_index=0, device_type=1)

    def __init__(self, *told: Any) -> None:
        pass

    def wait_stream(self, other: Any) -> None:
        pass

    def wait_event(self, event: Any) -> None:
        pass

    def record_event(self) -> Event:
        return Event()


@contextmanager
def on(stream: Stream) -> Iterator[None]:
    yield


def replaced(gpu: Emulated) -> dict[str, Callable[..., Any]]:
    """What stands in for torch.cuda's."""
    whole = 80 * 2**30
    told = SimpleNamespace(name="an emulated GPU", total_memory=whole)

    def nothing(*_: Any) -> None:
        return None

    return {
        **dict.fromkeys(("_lazy_init", "init", "set_device", "empty_cache", "reset_peak_memory_stats"), nothing),
        **dict.fromkeys(("manual_seed", "manual_seed_all"), nothing),
        **dict.fromkeys(("is_available", "is_initialized", "is_bf16_supported"), lambda *_: True),
        **dict.fromkeys(("max_memory_allocated", "max_memory_reserved", "memory_allocated"), lambda *_: 2**30),
        "is_current_stream_capturing": lambda: False,
        "device_count": lambda: 1,
        "current_device": lambda: 0,
        "get_device_capability": lambda *_: (9, 0),
        "get_device_properties": lambda *_: told,
        "mem_get_info": lambda *_: (gpu.free, whole),
        "synchronize": lambda *_: gpu.waited("synchronize"),
        "get_rng_state": lambda *_: torch.get_rng_state(),
        "set_rng_state": lambda state, *_: torch.set_rng_state(state),
        "current_stream": Stream,
        "stream": on,
        "Stream": Stream,
        "Event": Event,
    }


def forget() -> None:
    """Empties the caches of what computes."""
    for name, module in list(sys.modules.items()):
        if name.startswith(COMPUTING):
            for one in list(vars(module).values()):
                if hasattr(one, "cache_clear"):
                    one.cache_clear()


@contextmanager
def emulated_gpu(free: int = Emulated.free) -> Iterator[Emulated]:
    """In here torch has a CUDA device with as many free bytes."""
    gpu = Emulated(free)
    with ExitStack() as stack:
        forget()  # streams and constants that caches hold for a device of the same name
        stack.callback(forget)
        for name, one in replaced(gpu).items():
            stack.enter_context(patch.object(torch.cuda, name, one))
        graphs = SimpleNamespace(is_capturing=lambda: False)
        stack.enter_context(patch.object(torch.accelerator, "current_stream", lambda *_: graphs))
        stack.enter_context(patch.object(torch, "Generator", Generator))
        # Else what these functions call in Python would go unseen.
        for module in (functional, torch.functional, torch.autograd):
            for name in [one for one in vars(module) if one.startswith("has_torch_function")]:
                stack.enter_context(patch.object(module, name, lambda *_: False))
        stack.enter_context(Calls(gpu))
        stack.enter_context(Operations(gpu))
        yield gpu
