"""What a check of a data set found, as tables."""

from __future__ import annotations

from collections.abc import Sequence

from ...record.data_check import DataCheck, DataFinding
from ..table import Column, Rows, Sheet, Table, count, pairs, text


def data_check_sheet(check: DataCheck) -> Sheet:
    """What is to be mended and to be looked at; what is in the data set; and what is known of it."""
    labels = [_labels(check)] if check.labels else []
    return Sheet(f"{check.dataset}, at {check.size} pixels", [_findings(check), _contents(check), *labels])


def _findings(check: DataCheck) -> Table:
    """A row a kind, with the first sentence of it."""
    kinds: dict[str, list[DataFinding]] = {}
    for one in check.findings:
        kinds.setdefault(one.kind, []).append(one)
    rows = [
        [
            text(kind),
            count(len({name for one in alike for name in one.images})),
            text({"mend": "mend", "look": "look at"}[alike[0].weight]),
            text(alike[0].text + (f" And {len(alike) - 1} more such." if len(alike) > 1 else "")),
        ]
        for kind, alike in kinds.items()
    ]
    columns = [
        Column("found", number=False),
        Column("images"),
        Column("to do", number=False),
        Column("what", number=False),
    ]
    return Table(_verdict(check), columns, [Rows(rows)])


def _verdict(check: DataCheck) -> str:
    images = len(check.bad_images)
    if not check.whole:
        return "The rest could not be looked at: mend this, and check again"
    if check.to_mend:
        return f"Of {check.listed} images {images} have to be mended, or left out"
    return f"Nothing of {check.listed} images has to be mended"


def _contents(check: DataCheck) -> Table:
    told = [(f"of {what} {name}", number) for what, counts in (("sex", check.sexes), ("view", check.views))
            for name, number in counts.items()]  # fmt: skip
    marked = "too small to tell" if check.marked is None else check.marked
    years = list(check.years.items())
    splits = [(name, f"{one.images} images, {one.patients} patients") for name, one in check.splits.items()]
    groups: list[tuple[str | None, Sequence[tuple[str, object]]]] = [
        (None, [("sound images", check.images), ("patients", check.patients)]),
        ("splits", splits),
        ("patients by their number of images", list(check.several.items())),
        *([("patients by the years between their images", years)] if any(check.years.values()) else []),
        ("images of which is known", list(check.known.items())),
        ("images", [*told, ("with bright marks near the border", marked)]),
    ]
    return pairs("What is in it", ("", "number"), groups)


def _labels(check: DataCheck) -> Table:
    columns = [Column("finding", number=False), Column("present"), Column("absent"), Column("unknown")]
    rows = [
        [text(name), count(one.present), count(one.absent), count(one.unknown)] for name, one in check.labels.items()
    ]
    return Table("Findings, of images", columns, [Rows(rows)])
