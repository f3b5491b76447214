"""Tables that people keep, as columns of texts: CSV and TSV, packed by gzip or not, and Parquet."""

from __future__ import annotations

import csv
import gzip
import hashlib
import zlib
from collections.abc import Collection
from io import BytesIO, StringIO
from pathlib import Path
from typing import NamedTuple

import pandas as pd
from pyarrow import ArrowException

from ..base.errors import PrivbenchError, raise_all
from ..base.files import decode, read_bytes

ENDINGS = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".parquet")
MOST_UNPACKED = 2**29
"""Bytes that a packed table may hold: no collection's has as many, and a file of a few can unpack to any number."""
_PIECE = 2**24  # bytes
_SEPARATORS = ",;\t"
_REMEDY = "check the path of the table"


class Spreadsheet(NamedTuple):
    """A table's cells as texts, and the SHA-256 of the bytes that they were read from."""

    texts: pd.DataFrame
    digest: str


def is_spreadsheet(path: Path) -> bool:
    """Whether a file is called as a table."""
    return path.name.lower().endswith(ENDINGS)


def table_below(root: Path, named: Path) -> Path:
    """A table that is named by its path below a folder. Raises PrivbenchError where it would lie elsewhere."""
    if named.is_absolute() or ".." in named.parts:
        raise PrivbenchError(f"The table {named} does not lie below {root}: name it by its path there.")
    return root / named


def read_spreadsheet(path: Path, names: Collection[str] = ()) -> Spreadsheet:
    """The table's cells as texts, empty where nothing is told; blanks around the columns' names are none of them.

    What parts the cells of a .csv is that of comma, semicolon and tab which its first line holds most of. The columns
    of these names, in any capitals, hold what somebody is called, which is no fraction. No cell is ever computed.

    Raises:
        PrivbenchError: it is no such table, a line has too many cells or too few, two columns have one name, or one of
            the named columns holds fractions.
    """
    if not is_spreadsheet(path):
        raise PrivbenchError(f"The table {path} ends in none of {', '.join(ENDINGS)}: save it as one of these.")
    content, name = read_bytes(path, _REMEDY), path.name.lower()
    digest = hashlib.sha256(content).hexdigest()
    if name.endswith(".parquet"):
        return Spreadsheet(_parquet(content, path, names), digest)
    text = decode(_unpacked(content, path) if name.endswith(".gz") else content, path)
    return Spreadsheet(_lines(text, path, "\t" if ".tsv" in name else None), digest)


def _unpacked(content: bytes, path: Path) -> bytes:
    """What a gzip file holds. Raises PrivbenchError where it is none, or holds too much."""
    pieces, size = [], 0
    try:
        with gzip.open(BytesIO(content)) as packed:
            while piece := packed.read(_PIECE):
                size += len(piece)
                if size > MOST_UNPACKED:
                    raise PrivbenchError(
                        f"{path} unpacks to more than {MOST_UNPACKED} bytes: check that it is a table, and unpack it."
                    )
                pieces.append(piece)
    except (OSError, EOFError, zlib.error) as error:
        raise PrivbenchError(f"{path} is no whole gzip file ({error}): fetch it again.") from error
    return b"".join(pieces)


def _lines(text: str, path: Path, separator: str | None) -> pd.DataFrame:
    first = text.partition("\n")[0]
    reader = csv.reader(StringIO(text), delimiter=separator or max(_SEPARATORS, key=first.count), strict=True)
    header: list[str] = []
    rows, problems = [], []
    try:
        header = [name.strip() for name in next(reader, [])]
        for row in reader:
            if not row:
                continue
            rows.append(row)
            if len(row) != len(header):
                problems.append(
                    f"{path}, line {reader.line_num}: {len(row)} cells, where the first line has {len(header)}: "
                    "mend the line."
                )
    except csv.Error as error:
        raise PrivbenchError(f"{path}, line {reader.line_num}: this is no table ({error}): mend the line.") from error
    raise_all(problems)
    return _checked(pd.DataFrame(rows, columns=header, dtype=object), path)


def _parquet(content: bytes, path: Path, names: Collection[str]) -> pd.DataFrame:
    try:
        # With these types a column of whole numbers stays one where some are missing: patient 12 is not 12.0.
        table = pd.read_parquet(BytesIO(content), dtype_backend="numpy_nullable")
        if any(name is not None for name in table.index.names):
            table = table.reset_index()
    except (ArrowException, OSError, ValueError) as error:
        raise PrivbenchError(f"{path} is no Parquet table ({error}): save it again.") from error
    texts = {str(name).strip(): column for name, column in table.items()}
    if len(texts) < len(table.columns):
        raise PrivbenchError(f"{path} has two columns of one name: rename one.")
    called = {name.casefold() for name in names}
    raise_all(
        [
            f"{path} holds fractions in the column {name!r}, where 1 becomes 1.0 and long numbers lose digits: save "
            "them as texts."
            for name, column in texts.items()
            if name.casefold() in called and pd.api.types.is_float_dtype(column)
        ]
    )
    return _checked(pd.DataFrame({name: _texts(column) for name, column in texts.items()}), path)


def _texts(column: pd.Series) -> pd.Series:
    return column.astype(object).where(column.notna(), "").astype(str)


def _checked(table: pd.DataFrame, path: Path) -> pd.DataFrame:
    if not len(table):
        raise PrivbenchError(f"{path} lists no image: fill it.")
    named = table.loc[:, [name != "" for name in table.columns]]
    if named.columns.has_duplicates:
        twice = named.columns[named.columns.duplicated()][0]
        raise PrivbenchError(f"{path} has two columns {twice!r}: rename one.")
    return named
