"""What tables alone tell of a run: everything that would end it later is told first, before an image is decoded."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..base.errors import PrivbenchError, raise_all
from ..base.seeds import numpy_generator
from ..data.pairs import NO_PAIRS
from ..data.splits import SPLITS, Split
from ..data.table import known
from ..evaluate.linkage import auc_estimate
from ..evaluate.resampling import Resampling, certain
from ..evaluate.utility import utility_results
from ..plugins.interfaces import Attack, InferenceAttack
from ..protocols.kinds import CONTROL, Compared
from ..protocols.scenarios import FLOOR
from ..protocols.schema import Protocol
from ..record.scores import AttackOrigin, TaskOrigin, linkage_scores, utility_scores
from .pairing import guidance_pairs, with_pairs

_RESAMPLES = 100  # the fewest that a protocol may ask for: whether there is an interval does not hang on them


@dataclass(frozen=True)
class Rehearsal:
    """Draws or reads all pairs and makes every interval, of scores that are drawn by chance.

    `attacks` are those that the run carries out; `findings` are labelled in the data. Without `patients` there are no
    pairs, and nothing to attack. Of an unpaired release `linkage` is not attacked, and `utility` may not be judged, for
    which pairs are needed, too.
    """

    protocol: Protocol
    findings: tuple[str, ...]
    attacks: Mapping[str, Attack]
    patients: bool = True
    linkage: bool = True
    utility: bool = True

    def __call__(self, table: pd.DataFrame, published: Mapping[str, np.ndarray] | None = None) -> None:
        """Raises PrivbenchError where a table does not serve the protocol; all that is wrong is told together.

        The table holds all rows of the data, checked, with their splits; of splits of which not all images are
        `published`, these rows are judged. Shape: (n,), int, each.
        """
        protocol, findings, rows = self.protocol, self.findings, published or {}
        whole = {name: _blank(table[table["split"] == name], findings) for name in SPLITS}
        splits = {name: split.among(rows[name]) if name in rows else split for name, split in whole.items()}
        few = protocol.statistics.model_copy(update={"resamples": _RESAMPLES})
        quick = protocol.model_copy(update={"statistics": few})
        resampling = Resampling.of(quick, splits["test"].told["patient"].to_numpy())
        steps: list[Callable[[], object]] = []
        if self.patients and (self.linkage or self.utility):
            steps += [
                lambda: with_pairs({"train": whole["train"]}, protocol.pairs, protocol.seed, rows),
                lambda: guidance_pairs(whole["train"], protocol.pairs, protocol.seed),
                lambda: with_pairs({"val": whole["val"]}, protocol.pairs, protocol.seed, rows),
            ]
        if self.patients and self.linkage:
            steps.append(lambda: _rehearse_linkage(quick, whole["test"], rows, resampling))
        if self.utility:
            steps.append(lambda: _rehearse_utility(quick, splits, resampling))
        problems = [problem for step in steps for problem in _problems(step)]
        raise_all(list(dict.fromkeys([*problems, *_missing_attributes(self.attacks, splits["train"].table)])))


def _blank(table: pd.DataFrame, findings: tuple[str, ...]) -> Split:
    """A split whose images nobody has seen yet."""
    images = np.broadcast_to(np.uint8(0), (len(table), 1, 1, 1))
    return Split(images, table.reset_index(drop=True), findings, NO_PAIRS)


def _rehearse_linkage(protocol: Protocol, blank: Split, rows: Mapping[str, np.ndarray], resampling: Resampling) -> None:
    test = with_pairs({"test": blank}, protocol.pairs, protocol.seed, rows)["test"]
    scores = _by_chance(protocol, (len(test.pairs),))
    origin = AttackOrigin(FLOOR, CONTROL, 0)
    scored = linkage_scores(origin, test, "test", Compared.ORIGINALS, test.pairs, scores)
    certain(auc_estimate(scored, resampling).interval(protocol.statistics))


def _rehearse_utility(protocol: Protocol, splits: Mapping[str, Split], resampling: Resampling) -> None:
    if not splits["test"].knows("findings"):
        return
    labels = splits["test"].labels
    if not ((labels == 1).any(0) & (labels == 0).any(0)).any():
        raise PrivbenchError(
            "No finding is both present and absent among the test images, so utility cannot be judged: "
            "use a test split with ill and healthy patients."
        )
    label, section = next(iter(protocol.utilities.items()))
    origin = TaskOrigin(label, section.modes[0], 0)
    rows = [
        utility_scores(origin, name, splits[name], _by_chance(protocol, splits[name].labels.shape))
        for name in ("val", "test")
    ]
    utility_results(pd.concat(rows, ignore_index=True), protocol, dict.fromkeys(protocol.utilities, ""), resampling)


def _by_chance(protocol: Protocol, shape: tuple[int, ...]) -> np.ndarray:
    return numpy_generator(protocol.seed, "rehearsal").normal(size=shape)


def _missing_attributes(attacks: Mapping[str, Attack], train: pd.DataFrame) -> Iterator[str]:
    for label, attack in attacks.items():
        if isinstance(attack, InferenceAttack) and not attack.infers_membership:
            for attribute in attack.attributes:
                if attribute not in train.columns or not known(train[attribute]).any():
                    yield (
                        f"The attack {label} infers {attribute!r}, which the data set tells of no training image: "
                        f"leave it out with --set attacks.{label}=none."
                    )


def _problems(step: Callable[[], object]) -> Sequence[str]:
    """What a step says is wrong."""
    try:
        step()
    except PrivbenchError as error:
        return [str(error)]
    return []
