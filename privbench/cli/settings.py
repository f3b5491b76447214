"""The options of all commands that make runs, declared once."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, get_type_hints

from . import arguments

if TYPE_CHECKING:
    from ..running.setting import Setting


def _setting(
    *,
    protocol: arguments.Protocol = "quick",
    dataset: arguments.Dataset = None,
    data_root: arguments.DataRoot = None,
    column: arguments.Columns = None,
    set_: arguments.Changes = None,
    seed: arguments.Seed = None,
    plugin: arguments.Plugins = None,
    store: arguments.Store = None,
    device: arguments.Device = "auto",
    precision: arguments.Precision = "32-true",
    batch: arguments.Batch = "protocol",
    executor: arguments.Executor = None,
    jobs: arguments.Jobs = None,
    address: arguments.Address = None,
    keep_going: arguments.KeepGoing = False,
    allow_contamination: arguments.AllowContamination = False,
) -> Setting:
    from ..engine.executors.choice import Means
    from ..plugins.registry import Registry
    from ..running.setting import Setting

    return Setting(
        protocol=protocol,
        overrides=[*arguments.column_changes(column), *(set_ or [])],
        dataset=dataset,
        data_root=data_root,
        seed=seed,
        store=store,
        device=device,
        precision=precision,
        batch=batch,
        means=Means(executor, jobs, address, keep_going),
        registry=Registry(plugin or []),
        allow_contamination=allow_contamination,
    )


def _data_setting(
    *,
    protocol: arguments.Protocol = "quick",
    dataset: arguments.Dataset = None,
    data_root: arguments.DataRoot = None,
    column: arguments.Columns = None,
    set_: arguments.Changes = None,
    seed: arguments.Seed = None,
    plugin: arguments.Plugins = None,
) -> Setting:
    from ..plugins.registry import Registry
    from ..running.setting import Setting

    return Setting(
        protocol=protocol,
        overrides=[*arguments.column_changes(column), *(set_ or [])],
        dataset=dataset,
        data_root=data_root,
        seed=seed,
        registry=Registry(plugin or []),
    )


def with_setting(command: Callable[..., None]) -> Callable[..., None]:
    """Gives a command, in place of its parameter `setting`, the options that make one."""
    return _with(_setting, command)


def with_data_setting(command: Callable[..., None]) -> Callable[..., None]:
    """The same for a command that makes no run and asks of the data alone."""
    return _with(_data_setting, command)


def _with(make: Callable[..., Setting], command: Callable[..., None]) -> Callable[..., None]:
    shared = inspect.signature(make).parameters
    own = [one for one in inspect.signature(command).parameters.values() if one.name != "setting"]

    @wraps(command)
    def whole(**given: Any) -> None:
        told = {name: given.pop(name) for name in shared}
        command(**given, setting=make(**told))

    keyword = [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in own]
    hints: dict[str, Any] = {}
    for one in (make, command):  # what loads torch is imported when a command runs, and not for its options
        hints |= get_type_hints(one, localns={"Setting": Any}, include_extras=True)
    parameters = [one.replace(annotation=hints[one.name]) for one in (*keyword, *shared.values())]
    whole.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    whole.__annotations__ = {one.name: one.annotation for one in parameters}
    del whole.__wrapped__
    return whole
