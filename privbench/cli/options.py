"""A plugin's parameters as options of the command line: shown by --help, and read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

import typer
from pydantic import BaseModel
from rich.console import Console
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table
from typer.core import TyperCommand

from ..base.errors import PrivbenchError, nearest

if TYPE_CHECKING:
    from ..base.params import Params


class AnonymizerCommand(TyperCommand):
    """A command whose --help also shows the parameters of the anonymizer that is named beside it."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        self._given = list(args)  # --help is answered before any other option is read
        return super().parse_args(ctx, args)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        names = _values_of("--anonymizer", self._given)
        in_protocol = any("--protocol" in one.opts for one in self.params)
        shown = _parameters(names[-1], self._given, in_protocol) if names else None
        super().format_help(ctx, formatter)
        if shown is not None:
            Console().print(shown)


def _values_of(option: str, arguments: Sequence[str]) -> list[str]:
    """Every value of an option, as `--option value` or `--option=value`, in the order in which they are given."""
    values = []
    for one, after in zip(arguments, [*arguments[1:], None], strict=True):
        name, has_value, value = one.partition("=")
        if name == option and (has_value or not (after or "-").startswith("-")):
            values.append(value if has_value else str(after))
    return values


def _parameters(anonymizer: str, arguments: Sequence[str], in_protocol: bool) -> Panel:
    """The parameters of an anonymizer; what a command's protocol sets stands in place of the method's own defaults."""
    from ..plugins.registry import Registry
    from ..protocols.schema import load_protocol

    params = Registry(map(Path, _values_of("--plugin", arguments))).get("anonymizer", anonymizer).Params
    protocol = load_protocol((_values_of("--protocol", arguments) or ["quick"])[-1])
    chosen = protocol.anonymizers.get(anonymizer, {}) if in_protocol else {}
    grid = Table.grid(padding=(0, 2))
    for field, (option, default, text) in zip(params.model_fields, describe_params(params, "--"), strict=True):
        told = f"{chosen[field]} in protocol {protocol.name}, else {default}" if field in chosen else default
        grid.add_row(f"[bold cyan]{option}[/]", escape(text), f"[dim]\\[default: {escape(told)}][/]")
    if not grid.row_count:
        grid.add_row("It has none.")
    return Panel(grid, title=f"Parameters of {anonymizer}", title_align="left", border_style="dim")


def given_params(context: typer.Context, params: type[Params], method: str) -> dict[str, Any]:
    """What a command's own options left over, as parameters of the method. Raises as `parse_params`."""
    options = [option for one in context.command.params for option in one.opts if option.startswith("-")]
    return parse_params(context.args, params, method, options)


def parse_params(arguments: Sequence[str], params: type[Params], method: str, options: Iterable[str]) -> dict[str, Any]:
    """`--mu 0.005 --epochs=3` as parameters of the method.

    Args:
        arguments: what the command's own options left over.
        params: the method's parameters.
        method: its name, for messages.
        options: the command's own ones, to suggest where one was mistyped.

    Raises:
        PrivbenchError: an unknown parameter, one given twice, or one without a value.
    """
    from ..protocols.schema import parse_value

    taken = set(options)
    known = option_names(params)
    if shared := known.keys() & taken:
        raise PrivbenchError(f"{method} has a parameter {min(shared)}, an option of the command itself: rename it.")
    known = {short: field for short, field in _short_names(params).items() if short not in taken} | known
    values: dict[str, Any] = {}
    rest = list(arguments)
    while rest:
        option, has_value, value = rest.pop(0).partition("=")
        if not option.startswith("--"):
            raise PrivbenchError(f"{option!r} belongs to no option: every parameter is written --name value.")
        field = known.get(option.replace("_", "-"))
        if field is None:
            raise PrivbenchError(
                f"There is no option {option}, of the command or of {method}: {nearest(option, {*known, *taken})}"
            )
        if field in values:
            raise PrivbenchError(f"{option} is given twice: keep one.")
        if not has_value:
            if not rest or rest[0].startswith("--"):
                raise PrivbenchError(f"{option} needs a value: write it behind the option.")
            value = rest.pop(0)
        values[field] = parse_value(value)
    return values


def _shown(value: Any) -> str:
    """A default as it would be typed: a nested one in TOML's braces."""
    if isinstance(value, BaseModel):
        value = {name: getattr(value, name) for name in type(value).model_fields}
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name} = {_shown(one)}" for name, one in value.items()) + "}"
    return str(value)


def option_names(params: type[Params]) -> dict[str, str]:
    """The field of each option."""
    return {f"--{field.replace('_', '-')}": field for field in params.model_fields}


def _short_names(params: type[Params]) -> dict[str, str]:
    """Of parameters that name a file, without the suffix that tells so: `--weights` for `--weights-file`."""
    return {
        option.removesuffix("-file"): field
        for option, field in option_names(params).items()
        if option.endswith("-file")
    }


def describe_params(params: type[Params], prefix: str) -> list[tuple[str, str, str]]:
    """Option (the prefix and the name), default and help text with the bounds, for each parameter."""
    rows = []
    for name, field in params.model_fields.items():
        bounds = [
            f"{sign} {getattr(rule, attribute)}"
            for rule in field.metadata
            for attribute, sign in (("ge", ">="), ("gt", ">"), ("le", "<="), ("lt", "<"))
            if getattr(rule, attribute, None) is not None
        ]
        text = field.description or ""
        default = "required" if field.is_required() else _shown(field.get_default(call_default_factory=True))
        if get_origin(field.annotation) is Literal:
            bounds.append("one of " + ", ".join(map(str, get_args(field.annotation))))
        option = prefix + (name.replace("_", "-") if prefix == "--" else name)
        rows.append((option, default, f"{text} ({', '.join(bounds)})" if bounds else text))
    return rows
