"""Several data sets as one, such as collections of different hospitals that do not label the same findings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pandas as pd
from pydantic import Field, StringConstraints, field_serializer

from ..base.errors import PrivbenchError
from ..base.files import digest_of
from ..base.params import Params
from ..base.seeds import derive_seed
from ..base.texts import plain
from ..data.notices import Notice
from ..data.problems import DataError, Problem, of_part, raise_problems
from ..data.splits import CELLS, COLUMNS, MADE_FROM, SPACING
from ..data.table import checked_rows, kept_rows
from ..plugins.code import stated
from ..plugins.interfaces import Chunk, DataRequest, Dataset, Plugin
from ..plugins.registry import Registry

PartName = Annotated[str, StringConstraints(pattern=r"^[^\s/]+$")]
"""It stands before the slash of an image's name, and lists of pairs are parted at white space."""


class Part(Params):
    dataset: str = Field(description="a registered data set")
    # Where a folder lies is no part of what is in it, so it does not enter the keys of the cache.
    root: Path | None = Field(None, exclude=True, description="the folder of a data set that lies on disk")
    params: dict[str, Any] = Field({}, description="the data set's parameters")

    @field_serializer("params")
    def _as_the_data_set_tells(self, params: dict[str, Any]) -> dict[str, Any]:
        """Without what tells where something lies."""
        return Registry().create(Dataset, self.dataset, params).params.model_dump(mode="json")


class MergedParams(Params):
    parts: dict[PartName, Part] = Field(min_length=1, description="the data sets, by names of one's choice")


class Merged(Dataset):
    """The images of all parts, named `part/image`, each in the split where its part has it; `part/patient` likewise.

    The findings are those of any part; where a part does not label one, it is unknown. Masks and locations are known
    where every part knows them. Every part draws by a seed of its own, so that two phantoms share no patient. The
    parts are built-in or installed data sets: those of a plugin file, or handed over from Python, are not found.
    """

    name = "merged"
    version = "2"
    Params = MergedParams

    def __init__(self, **params: Any) -> None:
        super().__init__(**params)
        registry = Registry()
        self._parts: dict[str, Dataset] = {}
        findings: list[str] = []
        for name, part in self.params.parts.items():
            with _told_of(name):
                own = self._parts[name] = registry.create(Dataset, part.dataset, part.params)
                if not own.names_patients:
                    raise PrivbenchError(
                        f"{own.name} names no patients, so it can be no part of data whose privacy is judged: run it "
                        "alone."
                    )
                findings += self._parts[name].findings
        self.findings = tuple(dict.fromkeys(findings))
        self.public = all(part.public for part in self._parts.values())
        self._tables: dict[str, pd.DataFrame] = {}

    def inputs(self) -> dict[str, str]:
        return {name: digest_of(stated(part)) for name, part in self._parts.items()}

    def parts(self) -> Sequence[Plugin]:
        return tuple(self._parts.values())

    def names_test(self, request: DataRequest) -> bool:
        named = []
        for name, part in self._parts.items():
            with _told_of(name):
                named.append(part.names_test(self._request(name, request)))
        return all(named)

    def source(self, request: DataRequest) -> dict[str, Any]:
        if request.root is not None:
            raise PrivbenchError(
                "The data set merged reads no folder of its own: leave out --data-root, "
                "and set data.params.parts.<name>.root."
            )
        told = []  # a list, because the order of the parts decides that of the findings
        for name, part in self._parts.items():
            with _told_of(name):
                told.append([name, part.source(self._request(name, request))])
        return {"parts": told}

    def table(self, request: DataRequest) -> pd.DataFrame:
        tables = []
        problems: list[Problem] = []
        for name, part in self._parts.items():
            try:
                with _told_of(name):
                    asked = self._request(name, request)
                    own = checked_rows(kept_rows(part.table(asked), asked.exclude), part.findings)
            except DataError as error:
                problems += error.problems
                continue
            self._tables[name] = own.set_index("image")
            more = [column for column in (*SPACING, MADE_FROM) if column in own.columns]
            tables.append(
                own[[*COLUMNS, *more, *part.findings]]
                .astype(dict.fromkeys(part.findings, np.float32))  # holds NaN where other parts have a finding
                .assign(image=name + "/" + own["image"], patient=name + "/" + own["patient"])
            )
        raise_problems([*problems, *self._in_common(request)])
        return pd.concat(tables, ignore_index=True)

    def read(self, table: pd.DataFrame, request: DataRequest) -> Iterator[Chunk]:
        assert self._tables, "table() learns of the rows whose images read() hands out"
        masks, locations = self._known(request)
        names = table["image"].str.split("/", n=1, expand=True)
        part = names[0]
        for _, rows in names.groupby((part != part.shift()).cumsum(), sort=False):
            name = part[rows.index[0]]
            own = self._tables[name].loc[rows[1]].assign(split=table.loc[rows.index, "split"].to_numpy())
            for chunk in self._parts[name].read(own.reset_index(), self._request(name, request)):
                yield Chunk(
                    chunk.images,
                    chunk.masks if masks else None,
                    self._spread(name, chunk.locations) if locations and chunk.locations is not None else None,
                    chunk.broken,
                )

    def file_problems(self, images: Sequence[str], request: DataRequest) -> Sequence[Problem]:
        problems: list[Problem] = []
        for name, part in self._parts.items():
            own = [image.removeprefix(f"{name}/") for image in images if image.startswith(f"{name}/")]
            if own:
                found = part.file_problems(own, self._request(name, request))
                problems += of_part(found, partial(_named, name), partial(_in_part, name))
        return problems

    def _in_common(self, request: DataRequest) -> Iterator[Problem]:
        """Patients of one collection who stand in two parts, where each would be another person."""
        seen: dict[tuple[str, str], str] = {}
        for name, own in self._tables.items():
            collection = self._parts[name].collection(self._request(name, request))
            if collection is None:
                continue
            whose = own["patient"].map(plain)
            first = pd.Series([seen.setdefault((collection, patient), name) for patient in whose], own.index)
            for other in sorted(set(first) - {name}):
                images = own.index[first == other]
                text = (
                    f"{whose[images].nunique()} patients of {collection} stand in the parts {other!r} and {name!r}, "
                    "and would be two people each: leave them out of one of the parts."
                )
                yield Problem("patient in two parts", text, tuple(f"{name}/{image}" for image in images))

    def _request(self, name: str, request: DataRequest) -> DataRequest:
        return replace(
            request,
            root=self.params.parts[name].root,
            seed=derive_seed(request.seed, "merged", name),
            exclude=request.exclude.of_part(name),
            notice=lambda notice: request.notice(
                Notice(f"part {name!r}: {notice.text}", tuple(f"{name}/{one}" for one in notice.names))
            ),
        )

    def _known(self, request: DataRequest) -> tuple[bool, bool]:
        """Whether every part gives masks, and locations; found out from the first image of each."""
        firsts = [
            chunk
            for name, own in self._tables.items()
            for chunk in self._parts[name].read(own.iloc[:1].reset_index(), self._request(name, request))
        ]
        return (
            all(chunk.masks is not None for chunk in firsts),
            all(chunk.locations is not None for chunk in firsts),
        )

    def _spread(self, name: str, locations: np.ndarray) -> np.ndarray:
        """Locations of the part's findings as those of all findings, 0 for the others.

        Shape: (N, the part's findings, CELLS, CELLS) to (N, findings, CELLS, CELLS), uint8.
        """
        spread = np.zeros((len(locations), len(self.findings), CELLS, CELLS), locations.dtype)
        spread[:, [self.findings.index(finding) for finding in self._parts[name].findings]] = locations
        return spread


@contextmanager
def _told_of(name: str) -> Iterator[None]:
    """Says in which part an error lies."""
    try:
        yield
    except DataError as error:
        raise DataError(of_part(error.problems, partial(_named, name), partial(_in_part, name))) from error
    except PrivbenchError as error:
        raise PrivbenchError(_in_part(name, str(error))) from error


def _named(part: str, image: str) -> str:
    return f"{part}/{image}"


def _in_part(name: str, text: str) -> str:
    return f"Part {name!r} of the merged data set: {text}"
