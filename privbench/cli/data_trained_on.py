"""`privbench data trained-on`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..base.errors import PrivbenchError
from .formats import say
from .settings import with_data_setting

if TYPE_CHECKING:
    from ..running.setting import Setting


@with_data_setting
def command(
    setting: Setting,
    weights: Annotated[Path, typer.Argument(metavar="WEIGHTS", help="A file of weights that were learnt elsewhere.")],
    split: Annotated[
        list[str] | None, typer.Option(help="The splits whose patients were seen; else train and val.")
    ] = None,
    patients: Annotated[
        Path | None, typer.Option(help="Or a text with the patients who were seen, one a line.")
    ] = None,
) -> None:
    """Write down beside weights from whom of a data set they were learnt, as digests."""
    from ..base.files import write_text
    from ..data.ledger import LedgerBeside, merged
    from ..learning.weights import ledger_beside, own_ledger, sidecar, weights_digest
    from ..running.roster import ledger_of_list, ledger_of_splits, roster_of

    digest = weights_digest(weights)
    if split and patients:
        raise PrivbenchError("--split and --patients both tell who was seen: give one of them.")
    if own_ledger(weights) is not None:
        raise PrivbenchError(f"{weights} tells itself from whom it was learnt: nothing has to be written down.")
    roster = roster_of(setting)
    own = ledger_of_list(roster, patients) if patients else ledger_of_splits(roster, split or ["train", "val"])
    beside, before = sidecar(weights), ledger_beside(weights)  # of other data sets, told before
    ledger = own if before is None else merged(own.trained_on, [before])
    write_text(beside, LedgerBeside.of(ledger, digest).model_dump_json(indent=1))
    seen = len({one for entry in ledger.trained_on for part in (entry.patients or {}).values() for one in part})
    say(f"{beside}: {seen} patients of {', '.join(one.collection for one in ledger.trained_on)}")
