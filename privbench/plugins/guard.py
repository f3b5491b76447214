"""Foreign code at the door: what a plugin raises, or returns and must not, is told as its own mistake and not ours."""

from __future__ import annotations

import inspect
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from types import FunctionType
from typing import Any

from ..base.code import is_library, is_ours
from ..base.errors import PrivbenchError, explain_memory_error, is_full_disk
from .reach import check_loaded
from .results import ITEMS, RESULTS, Result

_under_way: ContextVar[Any] = ContextVar("the plugin whose method is under way", default=None)


def guard(plugin: type) -> None:
    """Wraps a foreign class's methods of the interface, so that no caller has to think of what they may raise.

    What a plugin calls of its own passes: it may catch its own errors. A method of a class that comes with privbench
    stays as it is, so that a bug of ours stays one.
    """
    if is_ours(plugin.__module__):
        return
    ours = [one for one in plugin.__mro__ if is_ours(one.__module__)]
    for name in RESULTS:
        owner = next((one for one in plugin.__mro__ if name in vars(one)), None)
        if owner is None or is_ours(owner.__module__) or not any(name in vars(one) for one in ours):
            continue
        method = vars(owner)[name]
        if isinstance(method, property) and method.fget is not None:
            setattr(plugin, name, property(_guarded(method.fget, name), doc=method.__doc__))
        elif isinstance(method, FunctionType):
            setattr(plugin, name, (_guarded_yielding if name in ITEMS else _guarded)(method, name))


def place_of(error: BaseException, home: str) -> str | None:
    """The file and line where the error arose in foreign code: in the module `home`, or in one that is no library's."""
    found = [
        f"{frame.f_code.co_filename}:{line}"
        for frame, line in traceback.walk_tb(error.__traceback__)
        if _is_foreign(frame.f_globals.get("__name__", ""), home)
    ]
    return found[-1] if found else None


def passes(error: BaseException) -> bool:
    """Whether an error is nobody's mistake: the disk is full, or the memory is."""
    if not isinstance(error, Exception):
        return False
    return isinstance(error, PrivbenchError) or is_full_disk(error) or explain_memory_error(error) is not None


def _guarded(method: FunctionType | Callable[..., Any], name: str) -> Callable[..., Any]:
    if getattr(method, "is_guarded", False):
        return method
    result = RESULTS[name]

    @wraps(method)
    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        if _under_way.get() is self:
            return method(self, *args, **kwargs)
        with _told(self, name, method):
            value = method(self, *args, **kwargs)
        _check(self, name, method, result, value, args)
        return value

    call.is_guarded = True  # type: ignore[attr-defined]
    return call


def _guarded_yielding(method: FunctionType, name: str) -> Callable[..., Any]:
    """As `_guarded`, for what yields: its code runs each time that the next item is asked for."""
    if getattr(method, "is_guarded", False):
        return method

    @wraps(method)
    def items(self: Any, *args: Any, **kwargs: Any) -> Iterator[Any]:
        with _told(self, name, method):
            found = method(self, *args, **kwargs)
        _check(self, name, method, RESULTS[name], found, args)
        found = iter(found)
        while True:
            with _told(self, name, method):
                item = next(found, _under_way)  # which no plugin yields
            if item is _under_way:
                return
            _check(self, name, method, ITEMS[name], item, args)
            yield item

    items.is_guarded = True  # type: ignore[attr-defined]
    return items


@contextmanager
def _told(plugin: Any, name: str, method: Callable[..., Any]) -> Iterator[None]:
    token, loaded = _under_way.set(plugin), frozenset(sys.modules)
    try:
        yield
        if len(sys.modules) > len(loaded):
            check_loaded([type(plugin), *_parts(plugin)], _who(plugin), loaded)
    except (Exception, SystemExit) as error:
        if passes(error):
            raise
        where = place_of(error, type(plugin).__module__) or _site(method)
        what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        raise PrivbenchError(
            f"The {_who(plugin)} failed in {name} at {where} ({what}): mend the plugin; --debug shows the traceback."
        ) from error
    finally:
        _under_way.reset(token)


def _check(
    plugin: Any, name: str, method: Callable[..., Any], result: Result | None, value: Any, args: tuple[Any, ...]
) -> None:
    if result is not None and not result.fits(value, plugin, args):
        verb = "sets no" if name == "__init__" else f"returns {_seen(value)} where it should return"
        raise PrivbenchError(f"The {_who(plugin)}: {name} ({_site(method)}) {verb} {result.words}: mend the plugin.")


def _parts(plugin: Any) -> list[type]:
    """The classes of those that it hands work to; none yet where it is just being made."""
    return [type(part) for part in plugin.parts()] if hasattr(plugin, "params") else []


def _who(plugin: Any) -> str:
    return f"{plugin.kind} {getattr(plugin, 'name', type(plugin).__qualname__)!r}"


def _seen(value: Any) -> str:
    """A value in a few words: its type, shape and entries."""
    if value is None or isinstance(value, bool | int | float | str):
        return repr(value)[:40]
    kind = f"{type(value).__module__.partition('.')[0]}.{type(value).__qualname__}".removeprefix("builtins.")
    if (shape := getattr(value, "shape", None)) is not None:
        return f"a {kind} of {getattr(value, 'dtype', 'values')} and shape {tuple(shape)}"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key!r}: {_seen(one)}" for key, one in list(value.items())[:4]) + "}"
    return f"a {kind}"


def _site(method: Callable[..., Any]) -> str:
    code = getattr(inspect.unwrap(method), "__code__", None)
    return "its class" if code is None else f"{code.co_filename}:{code.co_firstlineno}"


def _is_foreign(module: str, home: str) -> bool:
    return module == home or not (is_ours(module) or is_library(module))
