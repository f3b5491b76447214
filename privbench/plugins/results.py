"""What the methods of the interfaces return, as checks: a wrong kind is told where it is returned."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple


class Result(NamedTuple):
    """What a method returns, in words, and whether a value is that: `fits(value, plugin, arguments)`."""

    words: str
    fits: Callable[[Any, Any, tuple[Any, ...]], bool]


def _tensor(value: Any) -> bool:
    return isinstance(value, sys.modules["torch"].Tensor) if "torch" in sys.modules else False


def _numbers(value: Any) -> bool:
    """Of numpy, which is loaded where there is an array; a list or a tensor is none."""
    numpy = sys.modules.get("numpy")
    return numpy is not None and isinstance(value, numpy.ndarray) and value.dtype.kind in "biuf"


def _truths(value: Any) -> bool:
    return _numbers(value) and value.dtype.kind == "b"


def _table(value: Any) -> bool:
    return isinstance(value, sys.modules["pandas"].DataFrame) if "pandas" in sys.modules else False


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def _by_name(value: Any, fits: Callable[[Any], bool]) -> bool:
    return isinstance(value, Mapping) and all(map(_text, value)) and all(map(fits, value.values()))


def _json(value: Any) -> bool:
    try:
        return isinstance(value, dict) and bool(json.dumps(value))
    except (TypeError, ValueError):
        return False


def _moved(value: Any, images: Any) -> bool:
    count, _, height, width = images.shape
    return _tensor(value) and tuple(value.shape) == (count, 2, height, width)


def _chunk(value: Any) -> bool:
    if not _numbers(getattr(value, "images", None)):
        return False
    return all(known is None or _numbers(known) for known in (value.masks, value.locations))


def _findings(plugin: Any) -> bool:
    findings = getattr(plugin, "findings", None)
    return isinstance(findings, tuple) and all(map(_text, findings))


ITEMS = {
    "read": Result("a privbench.interfaces.Chunk of numpy arrays", lambda value, *_: _chunk(value)),
    "anonymize_set": Result("a tensor of images", lambda value, *_: _tensor(value)),
}
"""What methods yield again and again."""

RESULTS: dict[str, Result | None] = {
    "__init__": Result(
        "params, which super().__init__(**params) sets", lambda _, plugin, __: hasattr(plugin, "params")
    ),
    "inputs": Result("a dict of texts", lambda value, *_: _by_name(value, _text)),
    "parts": Result(
        "a sequence of plugins",
        lambda value, *_: isinstance(value, tuple | list) and all(hasattr(part, "terms") for part in value),
    ),
    "transfer": Result(
        "None or a privbench.learning.transfer.Transfer",
        lambda value, *_: value is None or type(value).__name__ == "Transfer",
    ),
    "learns": Result("True or False", lambda value, *_: isinstance(value, bool)),
    "check_size": None,
    "fit": None,
    "load_state": None,
    "state": Result("a dict of tensors", lambda value, *_: _by_name(value, _tensor)),
    "anonymize": Result("a tensor", lambda value, *_: _tensor(value)),
    "published": Result("a numpy array of truth values", lambda value, *_: _truths(value)),
    "anonymize_set": Result("an iterator of tensors", lambda value, *_: isinstance(value, Iterable)),
    "displacement": Result(
        "None or a tensor of shape (N, 2, H, W)",
        lambda value, _, arguments: value is None or _moved(value, arguments[0]),
    ),
    "releases": Result("a number from 1", lambda value, *_: _count(value)),
    "similarity": Result("a numpy array of numbers", lambda value, *_: _numbers(value)),
    "similarity_by_rows": Result("a function", lambda value, *_: callable(value)),
    "similarity_matrix": Result("a numpy array of numbers", lambda value, *_: _numbers(value)),
    "image_similarity": Result("None or a numpy array of numbers", lambda value, *_: value is None or _numbers(value)),
    "measures": Result("a dict of Python's numbers", lambda value, *_: _by_name(value, _number)),
    "infer": Result(
        "a dict with a numpy array of numbers for each of `attributes`",
        lambda value, plugin, _: _by_name(value, _numbers) and set(value) == set(plugin.attributes),
    ),
    "adopt": Result("True or False", lambda value, *_: isinstance(value, bool)),
    "predict": Result("a numpy array of numbers", lambda value, *_: _numbers(value)),
    "measure": Result("a dict of numpy arrays of numbers", lambda value, *_: _by_name(value, _numbers)),
    "collection": Result("None or a text", lambda value, *_: value is None or _text(value)),
    "names_test": Result("True or False", lambda value, *_: isinstance(value, bool)),
    "source": Result("a dict of what JSON can hold", lambda value, *_: _json(value)),
    "table": Result(
        "a pandas DataFrame, beside `findings`, a tuple of texts",
        lambda value, plugin, _: _table(value) and _findings(plugin),
    ),
    "file_problems": Result(
        "a sequence of privbench's Problems",
        lambda value, *_: isinstance(value, tuple | list) and all(type(one).__name__ == "Problem" for one in value),
    ),
    "read": Result("an iterator of Chunks", lambda value, *_: isinstance(value, Iterable)),
}
"""By method of any interface; None where it does not matter what comes back."""
