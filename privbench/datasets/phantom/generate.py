"""The data set: patients drawn and rendered, one or many processes."""

import os
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...base.processes import map_in_processes
from ..findings import FINDINGS
from .anatomy import Anatomy, Person, draw_anatomy, draw_person
from .illness import Disease, draw_diseases
from .render import render
from .scanners import SCANNERS
from .streams import Stream, stream
from .visits import Visit, draw_visit

if TYPE_CHECKING:
    import pandas as pd

MIN_SIZE = 32
_CHUNK = 8  # patients a task; small enough for even loads, large enough to hide the pickling
_BEGINNING = 0.5  # seconds that a process takes to begin
_OF_A_TASK, _OF_A_PIXEL = 0.055, 6.6e-6  # seconds that a task takes: 0.06 at 32 px, 0.16 at 128, 0.49 at 256


class Patient(NamedTuple):
    """Everything drawn for one patient before rendering."""

    number: int
    person: Person
    anatomy: Anatomy
    visits: list[tuple[Visit, Disease]]


@dataclass(frozen=True)
class Phantoms:
    """A drawn data set; rows of the three fields belong together.

    ``images``: (N, 1, H, W) uint8, MONOCHROME2 (dense is white). ``masks``: (N, 1, H, W) uint8, bit 1 the
    lung fields, bit 2 the heart. ``table``: N rows sorted by patient and follow-up, columns image, patient
    (from 00000001), follow_up (from 0), age (years), sex (M or F), view (PA or AP), then the 14 findings (0 or 1).
    """

    images: NDArray[np.uint8]
    masks: NDArray[np.uint8]
    locations: NDArray[np.uint8]
    table: "pd.DataFrame"


def generate(
    *,
    patients: int,
    size: int,
    seed: int,
    scanners: int = 1,
    workers: int | None = None,
    on_patient: Callable[[int], None] | None = None,
) -> Phantoms:
    """Draw ``patients`` patients and render all their visits at ``size`` x ``size`` pixels.

    A patient depends on ``seed`` and its number alone, not on ``patients`` or ``workers``. ``scanners``: vendors
    whose post-processing the visits get, each visit one of them by chance. ``workers``: processes, None for one
    a core, 1 to stay in this process. ``on_patient`` is called here with the number of patients done. Raises
    ValueError for fewer than one patient or worker, sizes below 32, or more scanners than there are.
    """
    workers = (os.cpu_count() or 1) if workers is None else workers
    if patients < 1 or workers < 1 or size < MIN_SIZE or seed < 0 or not 1 <= scanners <= len(SCANNERS):
        raise ValueError(
            f"need patients >= 1, workers >= 1, size >= {MIN_SIZE}, seed >= 0, scanners 1 to {len(SCANNERS)}; got "
            f"patients={patients}, workers={workers}, size={size}, seed={seed}, scanners={scanners}"
        )
    images, masks, locations, rows = [], [], [], []
    done = 0
    with closing(_chunks(patients, size, seed, scanners, workers)) as chunks:  # an interruption ends its workers
        for image, mask, places, row, count in chunks:
            images.append(image)
            masks.append(mask)
            locations.append(places)
            rows += row
            for _ in range(count):
                done += 1
                if on_patient is not None:
                    on_patient(done)
    return Phantoms(np.concatenate(images), np.concatenate(masks), np.concatenate(locations), _frame(rows))


def draw_patient(seed: int, number: int) -> Patient:
    """Anatomy, findings and exposures of patient ``number`` (from 1), without rendering."""
    person = draw_person(seed, number)
    anatomy = draw_anatomy(seed, number, person)
    diseases = draw_diseases(seed, number, person.visits)
    visits = [(draw_visit(seed, number, i, disease), disease) for i, disease in enumerate(diseases)]
    return Patient(number, person, anatomy, visits)


def draw_table(*, patients: int, seed: int) -> "pd.DataFrame":
    """The table of ``generate`` with the same seed, without the images."""
    return _frame([row for number in range(1, patients + 1) for row in _rows(draw_patient(seed, number))])


def _rows(patient: Patient) -> list[tuple[Any, ...]]:
    """Table rows of one patient; follow-ups of one patient are about half a year apart."""
    person = patient.person
    return [
        (f"{patient.number:08d}_{i:03d}.png", f"{patient.number:08d}", i, min(person.age + i // 2, 95), person.sex,
         visit.view, *disease.present.tolist())
        for i, (visit, disease) in enumerate(patient.visits)
    ]  # fmt: skip


def _frame(rows: list[tuple[Any, ...]]) -> "pd.DataFrame":
    # Imported here because worker processes import this module and never need pandas.
    import pandas as pd

    table = pd.DataFrame(rows, columns=["image", "patient", "follow_up", "age", "sex", "view", *FINDINGS])
    return table.astype({finding: np.uint8 for finding in FINDINGS})


_Chunk = tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8], list[tuple[Any, ...]], int]


def _chunks(patients: int, size: int, seed: int, scanners: int, workers: int) -> Generator[_Chunk, None, None]:
    """Rendered chunks of patients, in order."""
    starts = range(1, patients + 1, _CHUNK)
    tasks = [(seed, size, scanners, start, min(start + _CHUNK, patients + 1)) for start in starts]
    workers = min(workers, worth_beginning(len(tasks), size))
    if workers <= 1:
        yield from map(_render_chunk, tasks)
    else:
        yield from map_in_processes(_render_chunk, tasks, workers)


def worth_beginning(tasks: int, size: int) -> int:
    """How many processes draw for as long as they take to begin, at least."""
    return int(tasks * (_OF_A_TASK + _OF_A_PIXEL * size**2) / _BEGINNING)


def _render_chunk(task: tuple[int, int, int, int, int]) -> _Chunk:
    """Images and masks (n, 1, H, W), locations, table rows and number of patients of one chunk."""
    seed, size, scanners, first, stop = task
    rendered, rows = [], []
    for number in range(first, stop):
        patient = draw_patient(seed, number)
        rows += _rows(patient)
        for i, (visit, disease) in enumerate(patient.visits):
            noise = stream(seed, number, i, Stream.NOISE)
            scanner = SCANNERS[stream(seed, number, i, Stream.SCANNER).integers(scanners)]
            rendered.append(render(patient.anatomy, visit, disease, size, noise, scanner))
    images, masks, locations = (np.stack(part) for part in zip(*rendered, strict=True))
    return images[:, None], masks[:, None], locations, rows, stop - first
