"""Who the patients of a run will be, split by split, found out from the data set's table alone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..base.errors import PrivbenchError, nearest, some_of
from ..base.files import read_text
from ..base.texts import plain
from ..data.ledger import Ledger, Roster, merged
from ..data.splits import SPLITS, hold_out_validation
from ..data.table import check_splits
from .decoding import sound_table
from .setting import Setting


def roster_of(setting: Setting) -> Roster:
    """The patients whom a run under that setting has.

    Raises PrivbenchError where the table is not sound, or names of what is to be left out are those of no image.
    """
    protocol = setting.load()
    dataset, request = setting.data(protocol)
    table = sound_table(dataset, request)
    table = hold_out_validation(table, protocol.data.validation, request.seed)
    check_splits(table, dataset.findings)
    patients = {name: table.loc[table["split"] == name, "patient"].unique().tolist() for name in SPLITS}
    return Roster.of(dataset.collection(request), patients)


def ledger_of_splits(roster: Roster, splits: Sequence[str]) -> Ledger:
    """That of weights which saw the patients of these splits. Raises PrivbenchError where there is no such split."""
    for split in splits:
        if split not in roster.patients:
            raise PrivbenchError(f"There is no split {split!r}: {nearest(split, roster.patients)}")
    return merged([roster.cohort.trained_on({split: roster.patients[split] for split in splits})], [])


def ledger_of_list(roster: Roster, file: Path) -> Ledger:
    """That of weights which saw the patients that a text lists, one a line.

    Raises:
        PrivbenchError: it lists nobody, or somebody whom the data set does not know.
    """
    remedy = "check the path of --patients"
    listed = [line.strip() for line in read_text(file, remedy).splitlines() if line.strip()]
    known = {plain(name) for names in roster.patients.values() for name in names}
    if strangers := [name for name in listed if plain(name) not in known]:
        raise PrivbenchError(
            f"{file} lists {some_of(strangers)}, whom the data set does not know: write patients as its table does, "
            "and leave out those of other data sets."
        )
    if not listed:
        raise PrivbenchError(f"{file} lists no patient: write one a line.")
    return merged([roster.cohort.trained_on({"train": listed})], [])
