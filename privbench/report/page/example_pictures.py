"""Pictures of every run's example images, each content written once."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from ...base.errors import PrivbenchError
from ...engine.manifest import examine
from ...engine.store import Store
from ...record.examples import FILE as EXAMPLES
from ...record.examples import Examples, read_examples
from ...running import stage_names
from ..plots import change_maps
from .runs import ReportedRun

_FOLDER = "examples"
_PIXELS = 9_000_000  # of all pictures together, at about two thirds of a byte each
_KINDS = 5  # pictures of an example, at most


@dataclass(frozen=True)
class Scale:
    """A colour bar: its picture and what its ends and its middle mean."""

    name: str
    source: str
    low: str
    middle: str
    high: str


@dataclass(frozen=True)
class Strip:
    """Pictures of one kind, one an example, with what each shows in words; drawn ones may be smoothed."""

    title: str
    sources: Sequence[str]
    alts: Sequence[str]
    drawn: bool = False


@dataclass(frozen=True)
class RunPictures:
    """The pictures of a run, how to read their colours, and what they say in figures."""

    run: ReportedRun
    strips: Sequence[Strip]
    scales: Sequence[Scale]
    told: str


@dataclass(frozen=True)
class BoardPictures:
    """Those of a board: releases side by side, the pictures of each run, and the names of the runs without any."""

    overview: Sequence[Strip]
    by_run: Sequence[RunPictures]
    without: Sequence[str]
    shown: int
    kept: int
    size: tuple[int, int]


def shown_examples(run: ReportedRun, store: Path | None) -> Examples | None:
    """The examples of a run; None where it kept none, or where they may show people and were not asked for.

    Args:
        run: whose they are.
        store: where originals are asked for, the folder of cached stages that holds those of people.

    Raises:
        PrivbenchError: they are asked for and not there, or cannot be read.
    """
    if not run.record.public and store is None:
        return None
    if (file := run.folder / EXAMPLES).is_file():
        return _some(read_examples(file))
    kept = next((stage for stage in run.record.stages if stage.name == str(stage_names.EXAMPLES)), None)
    if kept is None or store is None:
        return None
    folder = Store(store).folder(stage_names.EXAMPLES.kind, kept.key)
    manifest, _ = examine(folder)
    if manifest is None or manifest.digest != kept.digest:
        raise PrivbenchError(
            f"The store {store} does not hold the originals of {run.name}: name the store that the run was made with, "
            "or leave out --with-originals."
        )
    return _some(read_examples(folder / EXAMPLES))


def _some(examples: Examples) -> Examples | None:
    return examples if len(examples.originals) else None


def make_pictures(
    runs: Sequence[ReportedRun], folder: Path, board_share: float, store: Path | None
) -> BoardPictures | None:
    """Writes the pictures into the report's folder; None where no run has examples that are shown.

    Args:
        runs: of one board.
        folder: the report's.
        board_share: this board's share of all runs of the report, and so of the pixels.
        store: as `shown_examples` takes it.
    """
    examples = {run.slug: found for run in runs if (found := shown_examples(run, store))}
    if not examples:
        return None
    first = next(iter(examples.values()))
    kept, sides = len(first.originals), first.originals.shape[2:]
    fitting = int(board_share * _PIXELS / (len(examples) * _KINDS * max(sides[0] * sides[1], 2_000)))
    shown = int(np.clip(fitting, 1, kept))
    save = _saver(folder)
    by_run = [_pictures(run, examples[run.slug], shown, save) for run in runs if run.slug in examples]
    # Under one fingerprint the examples are the same; a table of releases says nothing where they are not.
    alike = [own for own in by_run if np.array_equal(examples[own.run.slug].originals, first.originals)]
    overview = [by_run[0].strips[0]]
    overview += [Strip(own.run.name, own.strips[1].sources, own.strips[1].alts) for own in alike]
    without = [run.name for run in runs if run.slug not in examples]
    return BoardPictures(overview, by_run, without, shown, kept, (sides[1], sides[0]))


def _saver(folder: Path) -> Callable[[Image.Image], str]:
    def save(picture: Image.Image) -> str:
        buffer = io.BytesIO()
        picture.save(buffer, "PNG", optimize=True)
        data = buffer.getvalue()
        source = f"{_FOLDER}/{hashlib.sha256(data).hexdigest()[:16]}.png"  # runs share their originals
        (folder / _FOLDER).mkdir(exist_ok=True)
        (folder / source).write_bytes(data)
        return source

    return save


def _pictures(run: ReportedRun, examples: Examples, shown: int, save: Callable[[Image.Image], str]) -> RunPictures:
    originals, released = examples.originals[:, 0], examples.released[:, 0]
    limit = change_maps.difference_limit(originals, released)
    changed = np.abs(released.astype(np.int16) - originals).mean()
    originals, released = originals[:shown], released[:shown]

    def strip(title: str, pictures: Sequence[Image.Image], what: str, drawn: bool = False) -> Strip:
        alts = [f"Example {number}: {what}" for number in range(1, len(pictures) + 1)]
        return Strip(title, [save(picture) for picture in pictures], alts, drawn)

    strips = [
        strip("original", [change_maps.grey(image) for image in originals], "original radiograph"),
        strip("anonymized", [change_maps.grey(image) for image in released], f"anonymized by {run.name}"),
        strip(
            "difference",
            [change_maps.difference(*both, limit) for both in zip(originals, released, strict=True)],
            f"what {run.name} changed",
        ),
    ]
    bar = save(change_maps.scale("difference"))
    scales = [Scale("difference, grey values", bar, f"−{limit} darker", "0", f"+{limit} brighter")]
    told = f"Grey values differ by {changed:.1f} of 255 on average."
    if examples.displacement is not None:
        field = examples.displacement
        deformed = change_maps.measure(field)
        growth = change_maps.determinants(field)
        reach, spread = max(deformed.high, 1e-6), change_maps.determinant_limit(growth)
        strips += [
            strip("displacement", [change_maps.displacement_field(one, reach) for one in field[:shown]],
                  "length and direction of the displacement", drawn=True),
            strip("determinant", [change_maps.determinant(one, spread) for one in growth[:shown]],
                  "Jacobian determinant of the displacement"),
        ]  # fmt: skip
        lengths = save(change_maps.scale("displacement")), save(change_maps.scale("determinant"))
        scales += [
            Scale("displacement, pixels", lengths[0], "0", f"{reach / 2:.2g}", f"{reach:.2g}"),
            Scale("determinant", lengths[1], f"{1 - spread:.2f} stretched", "1", f"{1 + spread:.2f} squeezed"),
        ]
        told += (
            f" Pixels are displaced by {deformed.median:.3g} pixels in the median and {deformed.high:.3g} at the 99th "
            f"percentile; {deformed.folded:.2%} of them are folded (a triangle of neighbouring pixels turns over)."
        )
    return RunPictures(run, strips, scales, told)
