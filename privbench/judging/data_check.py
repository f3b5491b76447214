"""Looks once at everything of a data set, and tells all that a run would trip over, or that would spoil its figures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from ..base.errors import PrivbenchError
from ..data.exclusion import Exclusion
from ..data.likeness import Likeness
from ..data.notices import Notice
from ..data.problems import UNREADABLE, DataError, Problem, problems_of
from ..data.splits import COLUMNS, hold_out_validation
from ..data.table import check_splits
from ..metrics.bright_marks import SMALLEST, bright_marks
from ..metrics.near_copies import signatures
from ..plugins.interfaces import DataRequest, Dataset
from ..record.data_check import DataCheck, DataFinding
from ..running.decoding import broken_images, chunks_of, sound_table
from .data_copies import ShownFinding, found_copies
from .data_counts import counts_of

_PICTURED = 24
"""Images of a kind that are shown at the most, or little more."""


@dataclass(frozen=True)
class Looked:
    """A check, and how those images are read again that it tells of.

    `groups` are shown together, by what is odd of them.
    """

    check: DataCheck
    dataset: Dataset
    table: pd.DataFrame
    request: DataRequest
    groups: Mapping[str, Sequence[tuple[str, ...]]]

    def pictures(self) -> dict[str, list[tuple[str, np.ndarray]]]:
        """Names and images by what is odd of them, spread over all that are. Shape: (H, H), uint8, each."""
        shown = {kind: [name for group in _spread(groups) for name in group] for kind, groups in self.groups.items()}
        names = {name for some in shown.values() for name in some}
        table = self.table[self.table["image"].isin(names)].reset_index(drop=True)
        read = chunks_of(self.dataset, table, self.request) if names else ()
        images = {
            name: image for rows, chunk in read for name, image in zip(rows["image"], chunk.images[:, 0], strict=True)
        }
        return {kind: [(name, images[name]) for name in some] for kind, some in shown.items()}


@dataclass
class _Seen:
    """What is remembered of the sound images, in their order; `broken` are the others."""

    likeness: Likeness = field(default_factory=Likeness)
    names: list[str] = field(default_factory=list)
    vectors: list[np.ndarray] = field(default_factory=list)
    marked: list[str] = field(default_factory=list)
    broken: list[Problem] = field(default_factory=list)


def look_at(dataset: Dataset, request: DataRequest, validation: float) -> Looked:
    """Looks at the table and at every image of a data set.

    Whatever is found wrong with images is noted, and the rest looked at without them, as a run would see it.

    Args:
        dataset: what is looked at.
        request: how it is read.
        validation: the share of the train_val patients that a run holds out.

    Raises:
        PrivbenchError: there is nothing to look at, such as a folder that is not there.
    """
    problems: list[Problem] = []
    notices: list[Notice] = []
    table, asked = _sound_rows(dataset, replace(request, notice=notices.append), problems, notices)
    wrong = {name for one in problems for name in one.images} - set(request.exclude.names)
    problems += list(_of_their_files(dataset, sorted(wrong), request, problems))
    listed = {*table["image"], *(name for one in problems for name in one.images)}
    seen, whole, found = _Seen(), len(table) > 0, list[ShownFinding]()
    if whole:
        try:
            check_splits(hold_out_validation(table, validation, request.seed), dataset.findings)
        except PrivbenchError as error:
            problems += problems_of(error, "splits")
        try:
            _look_at_images(dataset, table, asked, seen)
        except PrivbenchError as error:  # a data set may tell the first broken image alone
            problems += problems_of(error, UNREADABLE)
            whole = False
    if seen.names:
        whose = dict(zip(table["image"], table["patient"], strict=True))
        patients = whose if dataset.names_patients else None
        found += found_copies(seen.likeness, seen.names, np.concatenate(seen.vectors), patients)
        found += _found_marks(seen)
    told = [
        DataFinding(kind=one.kind, weight="mend", text=one.text, images=one.images) for one in [*problems, *seen.broken]
    ]
    sound = table[table["image"].isin(seen.names)]
    check = DataCheck(
        dataset=dataset.name,
        size=request.size,
        whole=whole,
        listed=len(listed),
        marked=len(seen.marked) if request.size >= SMALLEST else None,
        notices=[one.text for one in notices],
        findings=[*told, *(one.finding for one in found)],
        **counts_of(sound, dataset.findings if len(table) else ()),
    )
    return Looked(check, dataset, table, asked, {one.finding.kind: one.groups for one in found})


def _sound_rows(
    dataset: Dataset, request: DataRequest, problems: list[Problem], notices: list[Notice]
) -> tuple[pd.DataFrame, DataRequest]:
    """The rows of which nothing is wrong, and the request that asks for them; none where trouble is not of images."""
    out, nothing = set(request.exclude.names), pd.DataFrame(columns=[*COLUMNS])
    while True:
        notices.clear()
        asked = replace(request, exclude=Exclusion.of(out))
        try:
            return sound_table(dataset, asked), asked
        except DataError as error:
            problems += error.problems
            found = {name for one in error.problems for name in one.images} - out
            if not found:
                return nothing, asked
            out |= found
        except PrivbenchError as error:
            if not problems:
                raise
            problems.append(Problem("data set", str(error)))
            return nothing, asked


def _of_their_files(
    dataset: Dataset, images: Sequence[str], request: DataRequest, known: Sequence[Problem]
) -> Iterator[Problem]:
    """What else is wrong with the files of images of which something is wrong, so that no table holds them."""
    told = {(one.kind, name) for one in known for name in one.images}
    for one in dataset.file_problems(images, request) if images else ():
        if any((one.kind, name) not in told for name in one.images):
            yield one


def _look_at_images(dataset: Dataset, table: pd.DataFrame, request: DataRequest, seen: _Seen) -> None:
    with ThreadPoolExecutor(request.workers) as pool:
        for rows, chunk in chunks_of(dataset, table, request):
            seen.broken += broken_images(rows, chunk)
            places = [place for place in range(len(rows)) if place not in chunk.broken]
            images, names = chunk.images[places], rows["image"].iloc[places].tolist()
            seen.names += names
            seen.likeness.add(images, names)
            seen.vectors.append(signatures(images))
            if request.size >= SMALLEST:
                marks = pool.map(bright_marks, images[:, 0])
                seen.marked += [name for name, count in zip(names, marks, strict=True) if count]


def _found_marks(seen: _Seen) -> Iterator[ShownFinding]:
    if seen.marked:
        text = (
            f"{len(seen.marked)} of {len(seen.names)} images have bright marks near the border, as letters are: look "
            "at some, and make sure that none tells whose image it is."
        )
        finding = DataFinding(kind="bright marks", weight="look", text=text, images=tuple(seen.marked))
        yield ShownFinding(finding, [(name,) for name in seen.marked])


def _spread(groups: Sequence[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """As many of the groups, from first to last, as hold some _PICTURED images."""
    count = max(1, _PICTURED // len(groups[0]))
    return [groups[place] for place in np.unique(np.linspace(0, len(groups) - 1, count).astype(int))]
