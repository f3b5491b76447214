"""Which of a protocol's attacks and utility tasks can be carried out; what cannot is told before hours of work."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from ..base.errors import PrivbenchError
from ..plugins.interfaces import (
    Anonymizer,
    Attack,
    Dataset,
    LinkageAttack,
    MeasuringTask,
    ReadingTask,
    SetAnonymizer,
    UtilityTask,
)
from ..protocols.schema import Protocol

NO_PATIENTS = "the data name no patients, so that no attack on any can be tried"
"""Why privacy is not judged where a data set names none, in a clause."""
IMAGES_ALONE = (
    "every image counts as one of a patient of its own: images of one patient may stand in several splits, and among "
    "the test images, so utility may look better than it is, and intervals may be too narrow"
)
"""What a reader of figures of utility has to know of such data."""
_ABSOLUTE = re.compile(r"/[^/\s]|~[\w.-]*/|file:|[A-Za-z]:[\\/]")


def choose_attacks(
    protocol: Protocol, create: Callable[[str], Attack], anonymizer: Anonymizer
) -> tuple[dict[str, Attack], list[str]]:
    """The attacks by label, less those for which the anonymizer gives no occasion; and why these are left out.

    They need fresh noise where there is none, or patients from whom it learnt where it learns from nobody; or what is
    not known of a release that was made elsewhere.

    Raises:
        PrivbenchError: an attack is asked for a scenario in which it cannot be carried out, or none links images.
    """
    chosen, left_out = {}, []
    for label, section in protocol.attacks.items():
        attack = create(label)
        for scenario in section.scenarios:
            if scenario not in attack.scenarios:
                raise PrivbenchError(
                    f"The attack {attack.name!r} cannot be carried out in the scenario {scenario!r}: "
                    f"set attacks.{label}.scenarios to some of {', '.join(attack.scenarios)}."
                )
        if attack.has_teacher and protocol.guidance.embedder is None:
            raise PrivbenchError(
                f"The attack {attack.name!r} learns from the guidance's embedder, which the protocol has none of: "
                "add [guidance.embedder], as in quick, or leave the attack out."
            )
        if anonymizer.made_elsewhere and attack.releases > 1:
            left_out.append(f"{label} is left out: there is one release, and nobody here can draw another one")
        elif anonymizer.made_elsewhere and attack.infers_membership:
            left_out.append(f"{label} is left out: nobody here knows from whom the method learnt, if it did")
        elif attack.releases > 1 and anonymizer.deterministic:
            left_out.append(f"{label} is left out: the anonymizer draws no noise that it could average")
        elif attack.infers_membership and not anonymizer.learns:
            left_out.append(f"{label} is left out: the anonymizer learns from no patient here, so it can remember none")
        else:
            chosen[label] = attack
    if not any(isinstance(attack, LinkageAttack) for attack in chosen.values()):
        raise PrivbenchError("No attack of the protocol links images: add one, such as contrastive, to its attacks.")
    return chosen, left_out


def check_findings(anonymizer: Anonymizer, findings: Sequence[str]) -> None:
    """Raises PrivbenchError where the anonymizer learns from findings, and the data set tells none."""
    if anonymizer.needs_findings and anonymizer.learns and not findings:
        raise PrivbenchError(
            f"The anonymizer {anonymizer.name!r} learns from findings, and the data set tells none: name its columns "
            "of findings, or choose another anonymizer."
        )


def check_patients(anonymizer: Anonymizer, dataset: Dataset) -> None:
    """Raises PrivbenchError where the data set names no patients, and the anonymizer or the judgement needs them."""
    if dataset.names_patients:
        return
    # Who learnt elsewhere applies what was learnt; who sees a whole set asks of each set who is who.
    if anonymizer.needs_patients and (anonymizer.learns or isinstance(anonymizer, SetAnonymizer)):
        raise PrivbenchError(
            f"The anonymizer {anonymizer.name!r} has to know who is who, and the data set {dataset.name} names no "
            "patients: choose another anonymizer, or another data set."
        )
    if not dataset.findings:
        raise PrivbenchError(
            f"The data set {dataset.name} tells neither patients nor findings, so neither privacy nor utility can be "
            "judged: name its column of patients, or its findings."
        )


def check_floor(floor: LinkageAttack) -> None:
    """Raises PrivbenchError unless the floor of the certificates needs no training."""
    if floor.trained:
        raise PrivbenchError("certificate.floor is to be an attack without training: use correlation.")


def check_places(terms: Any) -> None:
    """Raises PrivbenchError where a text among JSON values, or a key, is an absolute path: records would hold it."""
    if isinstance(terms, dict | list):
        for value in [*terms, *terms.values()] if isinstance(terms, dict) else terms:
            check_places(value)
    elif isinstance(terms, str) and _ABSOLUTE.match(terms):
        raise PrivbenchError(
            f"A parameter holds the path {terms}, which keys and records would tell: give it to a parameter that is "
            "declared as a Path and called root, or whose name ends in _file."
        )


def check_utilities(protocol: Protocol, create: Callable[[str], UtilityTask]) -> None:
    """Raises PrivbenchError where a task is asked for a mode that makes no sense, or no task reads findings."""
    tasks = {label: create(label) for label in protocol.utilities}
    for label, task in tasks.items():
        if not isinstance(task, ReadingTask | MeasuringTask):
            raise PrivbenchError(f"The utility task {task.name!r} is neither a ReadingTask nor a MeasuringTask.")
        for mode in protocol.utilities[label].modes:
            if mode not in task.modes:
                raise PrivbenchError(
                    f"The utility task {task.name!r} makes no sense in the mode {mode!r}: "
                    f"set utilities.{label}.modes to some of {', '.join(task.modes)}."
                )
    if not any(isinstance(task, ReadingTask) for task in tasks.values()):
        raise PrivbenchError(
            "No utility task of the protocol reads findings: add one, such as [utilities.classification]."
        )


def choose_utilities(
    protocol: Protocol, create: Callable[[str], UtilityTask], knows: Callable[[str], bool]
) -> tuple[list[str], list[str]]:
    """The tasks' labels, less those that need more than the data set knows; and why these are left out.

    `knows` tells whether it tells findings, masks or locations.
    """
    chosen, left_out = [], []
    for label in protocol.utilities:
        task = create(label)
        needs = [*(["findings"] if isinstance(task, ReadingTask) else []), *task.needs]
        missing = [what for what in needs if not knows(what)]
        if missing:
            left_out.append(f"{label} is left out: the data set has no {' and no '.join(missing)}")
        else:
            chosen.append(label)
    return chosen, left_out
