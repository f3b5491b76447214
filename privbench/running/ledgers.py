"""From whom a stage learns: the ledger that its weights carry, whoever takes them elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from ..base.files import digest_of
from ..data.ledger import Ledger, Roster, merged
from ..learning.states import STATE
from ..learning.weights import ledger_in, weights_files
from .loading import read_splits
from .source import Source
from .stage_names import DATA

if TYPE_CHECKING:
    from ..engine.node import Reads


def learnt_from(source: Source, reads: Reads, params: BaseModel) -> Ledger:
    """The run's training and validation patients, and whoever taught what the stage begins with or learns against.

    Args:
        source: knows the data.
        reads: what the stage reads: the data, and networks that carry ledgers.
        params: of what is learnt, which may name files of weights.
    """
    splits = read_splits(reads[DATA], source.findings)
    roster = Roster.of(source.collection, {name: split.table["patient"].unique() for name, split in splits.items()})
    own = roster.cohort.trained_on({name: roster.patients[name] for name in ("train", "val")})
    lent = [ledger_in(place / STATE) for place in reads.values() if (place / STATE).is_file()]
    return merged([own], [*lent, *_of_files(params)])


def taken_over(params: BaseModel) -> Ledger:
    """Whoever taught the weights of files that parameters name, where nothing else is learnt."""
    return merged([], _of_files(params))


def ledger_terms(source: Source, params: BaseModel) -> dict[str, Any]:
    """What decides a stage's ledger beside what it reads, for its key."""
    told = [None if one is None else digest_of(one.model_dump(mode="json")) for one in _of_files(params)]
    return {"ledger": {"collection": source.collection, "weights": told}}


def _of_files(params: BaseModel) -> list[Ledger | None]:
    return [ledger_in(file) for file in weights_files(params).values()]
