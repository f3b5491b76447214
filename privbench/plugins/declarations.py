"""What the class of a plugin has to declare, looked at when it is registered."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel

from ..base.errors import PrivbenchError, nearest
from ..base.params import Params
from ..protocols.modes import MODES
from ..protocols.scenarios import SCENARIOS
from .code import is_own
from .interfaces import (
    MEMBERSHIP,
    PLUGIN_TYPES,
    Attack,
    InferenceAttack,
    LinkageAttack,
    Measure,
    MeasuringTask,
    Plugin,
    ReadingTask,
    UtilityTask,
)
from .reach import plugin_code
from .results import RESULTS

_NAME = re.compile(r"\w[\w.-]*")  # it names folders and figures
_KINDS_OF: dict[type[Plugin], tuple[type[Plugin], ...]] = {
    Attack: (LinkageAttack, InferenceAttack),
    UtilityTask: (ReadingTask, MeasuringTask),
}
"""The interfaces of which one has to be implemented where the plugin's kind has several."""
_NEEDS = ("masks", "locations")


def check_plugin(kind: str, plugin: type, name: Any) -> None:
    """Raises PrivbenchError unless the class is a usable plugin of that kind and name."""
    wanted = PLUGIN_TYPES.get(kind)
    if wanted is None or not (inspect.isclass(plugin) and issubclass(plugin, wanted)):
        expected = wanted.__name__ if wanted else " or ".join(t.__name__ for t in PLUGIN_TYPES.values())
        raise PrivbenchError(f"{plugin!r} is no subclass of privbench.{expected}.")
    who = plugin.__qualname__
    if getattr(plugin, "name", None) != name or not name:
        raise PrivbenchError(f"{who} needs a class attribute name = {name or '…'!r}.")
    check_name(name, who)
    if inspect.isabstract(plugin):
        raise PrivbenchError(f"{who} lacks {', '.join(sorted(plugin.__abstractmethods__))}: write the method.")
    if (kinds := _KINDS_OF.get(wanted)) is not None and not issubclass(plugin, kinds):
        raise PrivbenchError(f"{who} is no {' and no '.join(one.__name__ for one in kinds)}: derive it from one.")
    _check_values(plugin)
    _check_params(plugin)
    _check_signatures(plugin)
    if not is_own(plugin):
        plugin_code(plugin)  # now, before its file can be edited


def check_name(name: Any, who: str) -> None:
    """Raises PrivbenchError unless whoever has that name can be called so."""
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise PrivbenchError(
            f"{who} has the name {name!r}, which must be a text of letters, digits, '-', '_' and '.', because folders "
            "are called so: rename it."
        )


def _check_values(plugin: type[Plugin]) -> None:
    who = plugin.__qualname__
    if not (isinstance(plugin.version, str) and plugin.version):
        raise PrivbenchError(f"{who} must declare its version as a text, such as version = '2'.")
    for flag in ("deterministic", "moves_pixels_alone", "trained", "has_control"):
        if _declares(plugin, flag) and not isinstance(getattr(plugin, flag, None), bool):
            raise PrivbenchError(f"{who} must declare {flag} = True or False.")
    for field, known, may_lack in (("scenarios", SCENARIOS, False), ("modes", MODES, False), ("needs", _NEEDS, True)):
        if _declares(plugin, field):
            told = _texts(plugin, field, may_lack)
            if unknown := [one for one in told if one not in known]:
                raise PrivbenchError(f"{who} declares {field} with {unknown[0]!r}: {nearest(unknown[0], known)}")
    if issubclass(plugin, InferenceAttack):
        told = _texts(plugin, "attributes", False)
        if MEMBERSHIP in told and len(told) > 1:
            raise PrivbenchError(
                f"{who} declares {MEMBERSHIP} beside other attributes: infer it in an attack of its own."
            )
    if issubclass(plugin, MeasuringTask):
        measures = getattr(plugin, "measures", None)
        whole = isinstance(measures, Mapping) and all(isinstance(one, Measure) for one in measures.values())
        if not (whole and measures and all(isinstance(one, str) for one in measures)):
            raise PrivbenchError(f"{who} must declare measures = {{name: privbench.interfaces.Measure(…)}}.")


def _declares(plugin: type[Plugin], field: str) -> bool:
    """Whether an interface of the plugin knows such a declaration."""
    return any(field in vars(one).get("__annotations__", {}) for one in plugin.__mro__)


def _texts(plugin: type[Plugin], field: str, may_lack: bool) -> Sequence[str]:
    told = getattr(plugin, field, None)
    if not (isinstance(told, tuple) and all(isinstance(one, str) for one in told) and (told or may_lack)):
        raise PrivbenchError(f"{plugin.__qualname__} must declare {field} as a tuple of texts, such as ('…',).")
    return told


def _check_params(plugin: type[Plugin]) -> None:
    params, who = plugin.Params, plugin.__qualname__
    if not (inspect.isclass(params) and issubclass(params, Params)):
        raise PrivbenchError(f"{who}.Params must be a subclass of privbench.Params.")
    for model in _models(params):
        if not model.model_config.get("frozen") or model.model_config.get("extra") != "forbid":
            raise PrivbenchError(
                f"{model.__qualname__}, among the parameters of {who}, must be frozen and closed to unknown names, as "
                "keys hang on it: derive it from privbench.Params and keep its model_config."
            )
        for name, field in model.model_fields.items():
            if not _holds(field.annotation, Path):
                continue
            if field.exclude is not True or not (name == "root" or name.endswith("_file")):
                raise PrivbenchError(
                    f"The parameter {name!r} of {who} tells where something lies, which keys and records must not "
                    "hold: call it root, or end its name in _file, declare it with Field(exclude=True), and give the "
                    "digest of what lies there in inputs()."
                )


def _models(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    """The model and all that its fields hold."""
    yield model
    for field in model.model_fields.values():
        for part in _parts(field.annotation):
            if issubclass(part, BaseModel) and part is not model:
                yield from _models(part)


def _parts(annotation: Any) -> Iterator[type]:
    """The classes that an annotation names, at any depth."""
    if inspect.isclass(annotation) and not get_args(annotation):
        yield annotation
    for part in get_args(annotation):
        yield from _parts(part)


def _holds(annotation: Any, wanted: type) -> bool:
    return any(issubclass(part, wanted) for part in _parts(annotation))


def _check_signatures(plugin: type[Plugin]) -> None:
    """The harness hands over an interface's arguments in their order, whatever a plugin calls them."""
    for name in RESULTS:
        theirs = next((vars(one)[name] for one in reversed(plugin.__mro__) if _is_interface(one, name)), None)
        if theirs is None:
            continue
        method = inspect.getattr_static(plugin, name)
        if isinstance(theirs, property):
            if inspect.isroutine(method):
                raise PrivbenchError(f"{plugin.__qualname__}.{name} is asked for as a value: put @property above it.")
            continue
        if not inspect.isfunction(method):
            raise PrivbenchError(f"{plugin.__qualname__}.{name} must be a plain method: write def {name}(self, …).")
        expected = inspect.signature(theirs)
        try:
            if name == "__init__":
                inspect.signature(method).bind(None, **dict.fromkeys(plugin.Params.model_fields))
            else:
                inspect.signature(method).bind(*expected.parameters)
        except TypeError as error:
            told = f"(self, {', '.join(plugin.Params.model_fields) or '**params'})" if name == "__init__" else None
            words = told or f"({', '.join(expected.parameters)})"
            raise PrivbenchError(
                f"{plugin.__qualname__}.{name} does not take {words} ({error}): mend its parameters."
            ) from None


def _is_interface(one: type, name: str) -> bool:
    return one.__module__ == Plugin.__module__ and name in vars(one)
