"""Weights that a run did not learn itself, and whether they saw the patients on whom its figures are measured."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ..base.errors import PrivbenchError, raise_all
from ..data.ledger import Roster, overlap
from ..data.notices import Notice
from ..data.splits import Split
from ..learning.networks import Classifier, Embedder, Verifier
from ..learning.recipes import GuidanceRecipe
from ..learning.transfer import Transfer
from ..learning.weights import ledger_in, weights_digest, weights_files
from ..plugins.interfaces import Anonymizer, Attack, Plugin, UtilityTask
from ..protocols.schema import Protocol
from ..record.weights import TakenRecord, WeightsRecord

OPTION = "--allow-contamination"


@dataclass(frozen=True)
class Brought:
    """A file of weights, the network that begins with it, and what this takes of it."""

    of: str
    file: Path
    taken: Transfer | None


def brought(
    protocol: Protocol,
    anonymizer: Anonymizer,
    attacks: Mapping[str, Attack],
    utility: Callable[[str], UtilityTask],
    findings: int,
    patients: bool,
) -> list[Brought]:
    """All files of weights that a run begins with.

    Args:
        protocol: whose guidance is asked.
        anonymizer: of the run.
        attacks: those that are carried out, by label.
        utility: makes the protocol's tasks, by label.
        findings: how many the data set knows.
        patients: whether it names any, without whom there is neither verifier nor embedder.

    Raises:
        PrivbenchError: files do not fit; all that is wrong.
    """
    plugins: dict[str, Plugin] = {f"anonymizer {anonymizer.name}": anonymizer}
    plugins |= {f"attack {label}": attack for label, attack in attacks.items()}
    plugins |= {f"utility task {label}": utility(label) for label in protocol.utilities}
    found: list[Brought] = []
    problems = []
    for of, file, take in [*_of_guidance(protocol.guidance, findings, patients), *_of_plugins(plugins, findings)]:
        try:
            found.append(Brought(of, file, take()))
        except PrivbenchError as error:
            problems.append(str(error))
    raise_all(list(dict.fromkeys(problems)))
    return found


_Found = Iterable[tuple[str, Path, Callable[[], Transfer | None]]]


def _of_guidance(recipe: GuidanceRecipe, findings: int, patients: bool) -> _Found:
    classifier, verifier, embedder = recipe.classifier, recipe.verifier, recipe.embedder
    for file in weights_files(classifier).values():
        yield "guidance classifier", file, lambda: Classifier(classifier, findings).transfer
    if not patients:
        return
    for file in weights_files(verifier).values():
        yield "guidance verifier", file, lambda: Verifier(verifier, verifier.features).transfer
    if embedder is not None:
        for file in weights_files(embedder).values():
            yield "guidance embedder", file, lambda: Embedder(embedder, embedder.features).transfer


def _of_plugins(plugins: Mapping[str, Plugin], findings: int) -> _Found:
    for called, plugin in plugins.items():
        for file in weights_files(plugin.params).values():
            yield called, file, partial(plugin.transfer, findings)


def judged(
    found: Sequence[Brought], published: str | None, splits: Mapping[str, Split], allowed: bool
) -> list[WeightsRecord]:
    """Whom of a run's patients the weights saw.

    Args:
        found: the weights.
        published: the collection that the patients belong to, if any.
        splits: the run's.
        allowed: whether weights may have seen test patients.

    Raises:
        PrivbenchError: they did, and may not.
    """
    if not found:
        return []
    roster = Roster.of(published, {name: split.table["patient"].unique() for name, split in splits.items()})
    weights = [_judged(one, roster) for one in found]
    told = [one.told for one in weights if one.contaminated]
    if told and not allowed:
        raise PrivbenchError(
            f"{'; '.join(told).capitalize()}, so no figure would be of patients who are new to them: take other "
            f"weights, test on other patients, or have it stand beside every figure with {OPTION}."
        )
    return weights


def _judged(one: Brought, roster: Roster) -> WeightsRecord:
    common, taken = overlap(ledger_in(one.file), roster), one.taken
    return WeightsRecord(
        of=one.of,
        digest=weights_digest(one.file),
        taken=None
        if taken is None
        else TakenRecord(format=taken.format, taken=taken.taken, fresh=list(taken.fresh), left=list(taken.left)),
        seen=dict(common.seen),
        patients={split: len(names) for split, names in roster.patients.items()},
        unknown=common.unknown,
    )


def contamination_notices(weights: Sequence[WeightsRecord]) -> list[Notice]:
    """What has to be said of the weights beside a run's figures."""
    notices = [Notice(one.told) for one in weights if one.contaminated]
    return notices + [
        Notice(
            f"of the weights of the {one.of} ({one.digest[:12]}) {one.unknown}: if they saw test patients, figures of "
            "privacy and utility are too good or too bad"
        )
        for one in weights
        if one.unknown is not None
    ]
