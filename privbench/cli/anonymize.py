"""`privbench anonymize`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from ..base.errors import PrivbenchError
from . import arguments, completion
from .formats import say

if TYPE_CHECKING:
    from ..releasing.method import Method
    from ..releasing.release import Outcome, ReleaseOrder

EPILOG = (
    "Exit status: 0 everything was anonymized, 3 some of it could not be, 2 nothing was begun, or it cannot go on. "
    "Interrupted, the same command goes on with what is missing. With --anonymizer, its parameters are options too, "
    "such as --mu 0.005 or --weights FILE."
)
_LEFT_OUT = 3


class FitChoice(StrEnum):
    squeeze = "squeeze"
    pad = "pad"
    crop = "crop"


def command(
    context: typer.Context,
    source: Annotated[Path, typer.Argument(metavar="IN", help="A folder tree of PNG, JPEG, TIFF, DICOM; or a file.")],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="A new folder.")],
    run: Annotated[
        Path | None, typer.Option(help="The run folder that judged the method: its weights are taken.")
    ] = None,
    anonymizer: Annotated[
        str | None,
        typer.Option(help="A method that no run stands for, in place of --run.", autocompletion=completion.anonymizers),
    ] = None,
    size: Annotated[
        int | None,
        typer.Option(min=1, help="With --anonymizer: the side of the images that it learnt from, in pixels."),
    ] = None,
    fit: Annotated[
        FitChoice | None, typer.Option(help="With --anonymizer: how these became square; else squeeze.")
    ] = None,
    at_trained_size: Annotated[
        bool, typer.Option("--at-trained-size", help="Write 8-bit PNG of the size at which the method was judged.")
    ] = False,
    mask: Annotated[
        bool, typer.Option("--mask", help="Paint over what looks like letters near the border; it finds some, not all.")
    ] = False,
    key: Annotated[
        Path | None,
        typer.Option(help="The secret behind new names and noise, made where there is none; else beside the store."),
    ] = None,
    map: Annotated[Path | None, typer.Option(help="Write which file became which, as CSV.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Read everything, write nothing, and tell.")] = False,
    plugin: arguments.Plugins = None,
    device: arguments.Device = "auto",
    jobs: Annotated[int | None, typer.Option(min=1, help="Processes at once; else one a core.")] = None,
    quiet: arguments.Quiet = False,
) -> None:
    """Anonymize radiographs at their own size and depth: a folder of which nothing tells who is in it."""
    from ..base.progress import Progress
    from ..engine.store import default_store
    from ..learning.device import chosen_device
    from ..releasing.release import ReleaseOrder, make_release, would_make
    from .session import session

    method = _method(context, run, anonymizer, size, fit, at_trained_size, tuple(plugin or []))
    store = default_store()
    order = ReleaseOrder(
        source=source,
        out=out,
        method=method,
        key=key or store.with_name(f"{store.name}-release.key"),
        map=map,
        masked=mask,
        device=chosen_device(device, "32-true"),
        jobs=jobs,
    )
    console = Console(stderr=True)
    with session(console, quiet, kept="images"):
        outcome = (would_make if dry_run else make_release)(order, Progress(console, quiet))
    _tell(order, outcome, dry_run)
    if outcome.failures:
        raise typer.Exit(_LEFT_OUT)


def _method(
    context: typer.Context,
    run: Path | None,
    anonymizer: str | None,
    size: int | None,
    fit: FitChoice | None,
    at_trained_size: bool,
    plugins: tuple[Path, ...],
) -> Method:
    """The method that the options name. Raises PrivbenchError where they name none, or two."""
    from ..plugins.registry import Registry
    from ..releasing.method import method_of_run, named_method
    from .options import given_params

    if (run is None) == (anonymizer is None):
        raise PrivbenchError(
            "Name what anonymizes: either --run with a run folder, or --anonymizer with its parameters."
        )
    if run is not None:
        given = {"--size": size, "--fit": fit} | dict.fromkeys(context.args[:1], "")
        if told := [option for option, value in given.items() if value is not None]:
            raise PrivbenchError(
                f"{told[0]} does not go with --run, which tells size, fit and parameters: leave it out."
            )
        return method_of_run(run, plugins, at_trained_size)
    assert anonymizer is not None
    params: dict[str, Any] = given_params(context, Registry(plugins).get("anonymizer", anonymizer).Params, anonymizer)
    if size is None:
        raise PrivbenchError(
            "--anonymizer needs --size, the side of the images that the method learnt from, in pixels."
        )
    return named_method(anonymizer, params, plugins, size, (fit or FitChoice.squeeze).value, at_trained_size)


def _tell(order: ReleaseOrder, outcome: Outcome, dry_run: bool) -> None:
    """What was done, or would be, and what has to be known of it."""
    method = order.method
    if outcome.others:
        say(f"{len(outcome.others)} other files are no images and were left out, such as {outcome.others[0]}")
    if outcome.failures:
        say(f"{len(outcome.failures)} images could not be anonymized; why, stands above", "bold red")
    if not outcome.files:
        say("nothing is left to be released" if not dry_run else "nothing would be released", "bold red")
        return
    side = (
        f"as 8-bit PNG of {method.size} x {method.size} pixels"
        if method.at_trained_size
        else "at their own size and depth"
    )
    done = f" ({outcome.kept} of them before)" if outcome.kept else ""
    verb = "would be" if dry_run else "were"
    say(f"{order.out}: {len(outcome.files)} images {verb} anonymized by {method.record.label}, {side}{done}")
    say(
        "what looked like letters near the border was painted over, and others may be left: look at the images"
        if order.masked
        else "nobody looked for letters that are burned into the pixels: look at the images, or add --mask",
        "yellow",
    )
    if method.evidence is None:
        say("no run stands for this method: nothing is known of who can be found", "yellow")
        return
    if method.evidence.doubt is not None:
        say(f"the run is not certified: {method.evidence.doubt}", "yellow")
    if not method.at_trained_size:
        say(
            f"the attacks saw images of {method.size} pixels: what a release shows beyond that, nobody has attacked",
            "yellow",
        )
