"""All figures of a run as a file: what its scores say."""

from __future__ import annotations

from pathlib import Path

from ..base import exact_json
from .attack import AttackResult, InferenceResult, WorstCase
from .copies import CopiesResult
from .unpaired import UnpairedResult
from .utility import MeasurementResult, UtilityResult
from .values import Record

FILE = "figures.json"


class Figures(Record):
    """What the scores of a run say, as its record tells it; the estimates behind it lie beside it.

    `worst_case` is None where privacy was not judged, which is so of an `unpaired` release, too: then there are no
    attacks.
    """

    worst_case: WorstCase | None
    attacks: list[AttackResult]
    inferences: list[InferenceResult]
    utilities: list[UtilityResult]
    measurements: list[MeasurementResult]
    copies: CopiesResult | None
    unpaired: UnpairedResult | None = None


def write_figures(figures: Figures, folder: Path) -> None:
    """Writes them into a folder."""
    (folder / FILE).write_text(figures.model_dump_json(indent=1), encoding="utf-8")


def read_figures(folder: Path) -> Figures:
    """Reads what `write_figures` wrote."""
    return Figures.model_validate(exact_json.parse((folder / FILE).read_bytes()), strict=True)
