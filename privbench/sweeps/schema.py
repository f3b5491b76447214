"""A sweep: many runs of one protocol through one store, described in a TOML file."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from ..base.errors import PrivbenchError
from ..base.files import builtin_names, read_toml
from ..base.params import Params
from ..base.validation import validate

_PACKAGE = "privbench.sweeps"


class Published(Params):
    """What a paper prints for a row: AUCs, unitless.

    `verification` is mean and standard deviation over trainings, `classification` the mean and its interval's ends.
    """

    verification: tuple[float, float]
    classification: tuple[float, float, float]


class Row(Params):
    """A method with its parameters; those that are not given are the protocol's, then the method's own."""

    anonymizer: str = Field(description="a registered anonymizer")
    params: dict[str, Any] = Field({}, description="its parameters")
    published: Published | None = Field(None, description="a paper's figures of it")

    @property
    def folder(self) -> str:
        """A name for its run folder, such as dp-pix-b8-m1."""
        words = [self.anonymizer, *(f"{name}{value}" for name, value in self.params.items())]
        return "-".join("".join(c if c.isalnum() or c in "._-" else "_" for c in word) for word in words)


class Sweep(Params):
    name: str
    description: str
    published_under: str | None = Field(None, description="the protocol that the published figures belong to")
    rows: tuple[Row, ...] = Field(min_length=1)


def builtin_sweeps() -> list[str]:
    """The names of the sweeps that come with privbench."""
    return builtin_names(_PACKAGE)


def load_sweep(name: str) -> Sweep:
    """The built-in sweep of that name, or the one in that TOML file.

    Raises PrivbenchError where there is none, or where it says what a sweep cannot say.
    """
    values = read_toml(name, _PACKAGE, "sweep")
    sweep = validate(Sweep, values, f"sweep {name}")
    folders = [row.folder for row in sweep.rows]
    if twice := {folder for folder in folders if folders.count(folder) > 1}:
        raise PrivbenchError(f"Sweep {name} holds {min(twice)} twice: keep one.")
    return sweep
