"""The contamination ledger: from whom weights were learnt, so that nobody is judged by whom they have seen.

It stands in the weights' file, or beside it. Patients stand in it as keyed digests, which whoever has the data can
compare with his own patients. They hide names as well as the key is hard to guess: that of a published collection is
its name, and that of patients who are numbered from 1 is found by counting.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

from pydantic import Field, ValidationError

from ..base.errors import PrivbenchError
from ..base.params import Params
from ..base.texts import plain
from ..base.validation import told_by

_DIGITS = 16
"""Hexadecimal ones: between two lists of a million patients each, two share a digest once in eighteen million times."""


_PLACES = {
    "bimcv-covid19": "Valencian Region",
    "brax": "Hospital Israelita Albert Einstein, São Paulo",
    "chestxray14": "NIH Clinical Center, Bethesda",
    "chexpert": "Stanford Hospital",
    "mimic-cxr-jpg": "Beth Israel Deaconess Medical Center, Boston",
    "padchest": "Valencian Region",
    "taix-ray": "University Hospital Aachen",
}
"""Where collections are from whose patients all come from one place; those of two places are taken for others."""
_DRAWN = "phantom, "
"""What published collections are called whose patients are drawn, each from another seed, and never lived."""


class TrainedOn(Params):
    """A collection, and who of it was seen: digests of patients by the part that they played, such as `train`.

    A published collection is one whose patients everybody calls alike. `patients` is None where nobody tells which.
    """

    collection: str = Field(min_length=1)
    published: bool
    patients: dict[str, tuple[str, ...]] | None


class Ledger(Params):
    """What weights were learnt from; `whole` is False where they began from weights of which nobody tells it."""

    privbench_ledger: Literal[1] = 1
    trained_on: tuple[TrainedOn, ...]
    whole: bool = True


Form = TypeVar("Form", bound=Ledger)


class LedgerBeside(Ledger):
    """A ledger in a file of its own: `weights` is the SHA-256 of those that it is of, None where nobody binds it."""

    weights: str | None = None

    @classmethod
    def of(cls, ledger: Ledger, weights: str) -> LedgerBeside:
        """A ledger, bound to the weights of that SHA-256."""
        return cls(trained_on=ledger.trained_on, whole=ledger.whole, weights=weights)

    @property
    def unbound(self) -> Ledger:
        """What it tells, whichever weights it is of."""
        return Ledger(trained_on=self.trained_on, whole=self.whole)


@dataclass(frozen=True)
class Cohort:
    """What a data set's patients are patients of, by a name under which ledgers know it, and the key of its digests."""

    name: str
    published: bool
    key: bytes

    @classmethod
    def of(cls, published: str | None, patients: Iterable[str]) -> Cohort:
        """That of the published collection of that name, whose key is its name; or that of somebody's own patients.

        Their key is made of the whole list: whoever neither has nor guesses all of them can neither make nor test a
        digest. A list of patients who are numbered from 1 is guessed by counting. It has to be the same list, too, or
        ledgers cannot be compared.
        """
        if published is not None:
            return cls(published, True, hashlib.sha256(f"collection\n{published}".encode()).digest())
        listed = "\n".join(sorted({plain(patient) for patient in patients}))
        key = hashlib.sha256(f"patients\n{listed}".encode()).digest()
        return cls(f"private {_keyed(key, 'collection')}", False, key)

    def trained_on(self, patients: Mapping[str, Iterable[str]]) -> TrainedOn:
        """The entry of a ledger, of patients by the part that they played."""
        told = {part: tuple(sorted(self.digests(names))) for part, names in patients.items()}
        return TrainedOn(collection=self.name, published=self.published, patients=told)

    def digests(self, patients: Iterable[str]) -> frozenset[str]:
        """One of each patient, however a table writes him: the cut HMAC (RFC 2104) of SHA-256."""
        return frozenset(_keyed(self.key, f"patient {plain(patient)}") for patient in patients)


@dataclass(frozen=True)
class Roster:
    """All patients of a data set by split, and what they are patients of."""

    cohort: Cohort
    patients: Mapping[str, Sequence[str]]

    @classmethod
    def of(cls, published: str | None, patients: Mapping[str, Sequence[str]]) -> Roster:
        """That of a data set which belongs to the published collection of that name, or to none."""
        return cls(Cohort.of(published, [one for names in patients.values() for one in names]), patients)


@dataclass(frozen=True)
class Overlap:
    """How many patients of each split weights surely saw, and why they may have seen others; None where they did not.

    The reason is a clause in which `they` are the weights.
    """

    seen: Mapping[str, int]
    unknown: str | None


def overlap(ledger: Ledger | None, roster: Roster) -> Overlap:
    """Which patients of each split the weights of that ledger saw; None is what no ledger is known of."""
    if ledger is None:
        return Overlap(dict.fromkeys(roster.patients, 0), "nobody says what they were trained on")
    cohort = roster.cohort
    own = [one for one in ledger.trained_on if one.collection == cohort.name]
    known = {digest for one in own for part in (one.patients or {}).values() for digest in part}
    seen = {split: len(cohort.digests(names) & known) for split, names in roster.patients.items()}
    return Overlap(seen, _unknown(ledger, cohort))


def _unknown(ledger: Ledger, cohort: Cohort) -> str | None:
    for one in ledger.trained_on:
        if one.collection == cohort.name and one.patients is None:
            return f"nobody says which patients of {one.collection} they were trained on"
        if one.collection != cohort.name and not (one.published and cohort.published and _apart(one, cohort)):
            return f"nobody can say whether {one.collection}, which they were trained on, has patients in common"
    return None if ledger.whole else "nobody says what the weights that they began from were trained on"


def _apart(one: TrainedOn, cohort: Cohort) -> bool:
    """Whether two published collections are known to have no patient in common, by where these come from."""
    if one.collection.startswith(_DRAWN) or cohort.name.startswith(_DRAWN):
        return True
    places = {_PLACES.get(one.collection), _PLACES.get(cohort.name)}
    return len(places) == 2 and None not in places


def merged(own: Iterable[TrainedOn], parents: Iterable[Ledger | None]) -> Ledger:
    """The ledger of what was learnt from these patients, beginning from weights of those ledgers."""
    known = list(parents)
    entries: list[TrainedOn] = []
    for one in [*own, *(entry for parent in known if parent is not None for entry in parent.trained_on)]:
        if one not in entries:
            entries.append(one)
    return Ledger(trained_on=tuple(entries), whole=all(parent is not None and parent.whole for parent in known))


def parse_ledger(text: str, where: str, form: type[Form]) -> Form:
    """The ledger of a JSON text. Raises PrivbenchError, which calls it so, where it is none of that form."""
    try:
        return form.model_validate_json(text)
    except ValidationError as error:
        raise PrivbenchError(
            f"{where} is no contamination ledger ({told_by(error)}): write it with privbench data trained-on."
        ) from None


def _keyed(key: bytes, text: str) -> str:
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()[:_DIGITS]
