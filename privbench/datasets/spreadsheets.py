"""Tables that people keep, as columns of texts: CSV, TSV and Parquet."""

from __future__ import annotations

import csv
from collections.abc import Collection
from io import StringIO
from pathlib import Path

import pandas as pd
from pyarrow import ArrowException

from ..base.errors import PrivbenchError, raise_all
from ..base.files import read_text

ENDINGS = (".csv", ".tsv", ".parquet")
_SEPARATORS = ",;\t"
_REMEDY = "check the path of the table"


def read_texts(path: Path, names: Collection[str] = ()) -> pd.DataFrame:
    """The table's cells as texts, empty where nothing is told; blanks around the columns' names are none of them.

    What parts the cells of a .csv is that of comma, semicolon and tab which its first line holds most of. The columns
    of these names hold what somebody is called, which is no fraction.

    Raises:
        PrivbenchError: it is no such table, a line has too many cells or too few, two columns have one name, or one of
            the named columns holds fractions.
    """
    ending = path.suffix.lower()
    if ending not in ENDINGS:
        raise PrivbenchError(f"The table {path} ends in none of {', '.join(ENDINGS)}: save it as one of these.")
    return _parquet(path, names) if ending == ".parquet" else _lines(path, "\t" if ending == ".tsv" else None)


def _lines(path: Path, separator: str | None) -> pd.DataFrame:
    text = read_text(path, _REMEDY)
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


def _parquet(path: Path, names: Collection[str]) -> pd.DataFrame:
    if not path.is_file():
        raise PrivbenchError(f"There is no file {path}: {_REMEDY}.")
    try:
        # With these types a column of whole numbers stays one where some are missing: patient 12 is not 12.0.
        table = pd.read_parquet(path, dtype_backend="numpy_nullable")
        if any(name is not None for name in table.index.names):
            table = table.reset_index()
    except (ArrowException, OSError, ValueError) as error:
        raise PrivbenchError(f"{path} is no Parquet table ({error}): save it again.") from error
    texts = {str(name).strip(): column for name, column in table.items()}
    if len(texts) < len(table.columns):
        raise PrivbenchError(f"{path} has two columns of one name: rename one.")
    raise_all(
        [
            f"{path} holds fractions in the column {name!r}, where 1 becomes 1.0 and long numbers lose digits: save "
            "them as texts."
            for name, column in texts.items()
            if name in names and pd.api.types.is_float_dtype(column)
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
