"""Options that several commands share."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from ..base.errors import PrivbenchError
from . import completion
from .formats import say

Read = TypeVar("Read")

PLUGIN_CONTEXT = {"allow_extra_args": True, "ignore_unknown_options": True}
"""Of commands whose unknown options are parameters of a plugin."""

Protocol = Annotated[
    str, typer.Option(help="A built-in protocol, or a TOML file.", autocompletion=completion.protocols)
]
Changes = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="FIELD=VALUE", help="Change the protocol: statistics.resamples=2000."),
]
Dataset = Annotated[
    str | None, typer.Option(help="Another data set than the protocol's.", autocompletion=completion.datasets)
]
Seed = Annotated[int | None, typer.Option(help="Another seed than the protocol's.")]
DataRoot = Annotated[Path | None, typer.Option(help="The folder of a data set that lies on disk.")]
Columns = Annotated[
    list[str] | None,
    typer.Option("--column", metavar="NAME=COLUMN", help="What a data set's table calls a column: patient=PatientID."),
]
Plugins = Annotated[list[Path] | None, typer.Option("--plugin", help="A Python file that defines plugins.")]
Store = Annotated[Path | None, typer.Option(help="The folder of cached stages.", envvar="PRIVBENCH_STORE")]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda, mps, or cuda:1 of several.")]
Precision = Annotated[str, typer.Option(help="32-true, bf16-mixed or 16-mixed.")]
Batch = Annotated[
    str, typer.Option(help="protocol, or auto: a batch that does not fit the device's memory is computed in parts.")
]
Executor = Annotated[
    str | None,
    typer.Option(help="Where stages are made: serial, local or ray; else local.", envvar="PRIVBENCH_EXECUTOR"),
]
Jobs = Annotated[int | None, typer.Option(min=1, help="Stages at once; else one a core.")]
Address = Annotated[str | None, typer.Option(help="Of a Ray cluster; else the one that this machine belongs to.")]
KeepGoing = Annotated[
    bool, typer.Option("--keep-going", help="Make whatever a stage that fails leaves possible, before it is told.")
]
AllowContamination = Annotated[
    bool,
    typer.Option(
        "--allow-contamination",
        help="Go on where weights that were learnt elsewhere saw test patients; it stands beside every figure.",
    ),
]
Quiet = Annotated[bool, typer.Option("--quiet", help="Print the result alone.")]
RunFolders = Annotated[list[Path], typer.Argument(metavar="RUNS", help="Run folders, or folders of run folders.")]


def column_changes(columns: list[str] | None) -> list[str]:
    """`--column patient=PatientID` as a change of the protocol. Raises PrivbenchError where one is no such pair."""
    told = [column.partition("=") for column in columns or []]
    for name, equals, theirs in told:
        if not (name.strip() and theirs.strip()) or "." in name:
            raise PrivbenchError(f"--column {name + equals + theirs!r} is not NAME=COLUMN, such as patient=PatientID.")
    return [
        f"data.params.columns.{name.strip()}={json.dumps(theirs.strip(), ensure_ascii=False)}"
        for name, _, theirs in told
    ]


@contextmanager
def each_run(folders: list[Path], read: Callable[[Path], Read]) -> Iterator[list[Read]]:
    """What can be read of the runs; those that cannot are named, and once the rest is shown the command ends with 2.

    Raises PrivbenchError where no run is left.
    """
    whole: list[Read] = []
    broken: list[PrivbenchError] = []
    for folder in folders:
        try:
            whole.append(read(folder))
        except PrivbenchError as error:
            broken.append(error)
    if broken and not whole:
        raise broken[0]
    for one in broken:
        say(f"left out: {one}", "bold red", error=True)
    yield whole
    if broken:
        raise typer.Exit(2)


def run_folders(paths: list[Path]) -> list[Path]:
    """The paths themselves, and the run folders directly below those that are none."""
    from ..record.run import FILE

    found: list[Path] = []
    for path in paths:
        # Hidden folders hold what is unfinished, or was replaced.
        below = sorted(file.parent for file in path.glob(f"[!.]*/{FILE}")) if path.is_dir() else []
        own = path.parent if path.name == FILE else path
        found += below if below and not (path / FILE).exists() else [own]
    return list(dict.fromkeys(found))
