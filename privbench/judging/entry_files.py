"""The files of a leaderboard's entry: what is seen before they are read, and that nobody is named in them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from ..base.errors import PrivbenchError
from ..evaluate.coarse import COARSENED, coarsened
from ..record.folder import ANONYMIZER, MEASURES, SCORE_COLUMNS, files_of
from ..record.nameless import kinds_with_gaps, named_columns
from ..record.run import FILE as RUN
from ..record.run import RunRecord
from ..record.scores import read_scores
from ..record.shared import Withheld
from ..record.submission import FILE
from ..running.run_folder import MARKER, withheld_from

LARGEST = 95 * 2**20
"""Bytes of a file: GitHub takes none of 100 MiB."""
LARGEST_TEXT = 4 * 2**20
"""Bytes of a file that is parsed as a whole: those of many attacks and tasks have a tenth of them."""
MOST_ROWS = 20_000_000
"""Rows of a score file, whatever its size: equal ones take next to nothing until they are read."""
_TEXTS = (FILE, RUN, MARKER, ANONYMIZER, MEASURES)


def unreadable(folder: Path) -> Iterator[str]:
    """Why nothing of an entry may be read: a link could lead anywhere, and what is too large could end the process."""
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            yield f"{name} is a link, or no file at all"
        elif path.is_file() and path.stat().st_size > (largest := LARGEST_TEXT if name in _TEXTS else LARGEST):
            yield f"{name} is larger than {largest // 2**20} MiB, which no entry needs, or repositories do not take"


def not_score_files(folder: Path) -> Iterator[str]:
    """Score files of other columns than they have, or of too many rows; by what they tell before they are read."""
    for name, columns in SCORE_COLUMNS.items():
        if not (folder / name).is_file():
            continue  # which is told elsewhere
        try:
            with pq.ParquetFile(folder / name) as file:
                schema, rows = file.schema_arrow, file.metadata.num_rows
        except (pa.ArrowException, OSError, ValueError) as error:
            yield f"{name} is no score file ({error})"
            continue
        if sorted(schema.names) != sorted(columns):
            odd = ", ".join(sorted({*schema.names} ^ {*columns})) or "some twice"
            yield f"{name} has other columns than such files have: {odd}"
        if nested := [field.name for field in schema if pa.types.is_nested(field.type)]:
            yield f"{name} holds more than one value a row in {', '.join(nested)}"
        if rows > MOST_ROWS:
            yield f"{name} has {rows} rows, more than {MOST_ROWS}"


def names_told(folder: Path, record: RunRecord) -> Iterator[str]:
    """Where something stands in score files that may be a name, or tells more of people than figures need."""
    withheld = withheld_from(folder)
    if Withheld.NAMES not in withheld:
        yield f"{MARKER}: it does not tell that names were withheld: make the entry with submit"
    if not record.public and Withheld.AGES not in withheld:
        yield f"{MARKER}: it does not tell that exact ages were withheld: make the entry with submit"
    tables = {}
    for name in (one for one in files_of(record) if one in SCORE_COLUMNS):
        try:
            tables[name] = read_scores(folder / name)
        except PrivbenchError:
            continue  # which was told before
    for name, table in tables.items():
        if columns := named_columns(table):
            yield f"{name}: there are names in {', '.join(columns)}, where places in the order belong"
        if name in COARSENED and not record.public and not coarsened(name, table).equals(table):
            yield f"{name}: there are exact ages or years, where their groups belong"
    for kind in kinds_with_gaps(tables):
        yield f"the places of {kind}s in the order are not those from 1 on, each with as many digits"
