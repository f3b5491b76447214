"""Is it seen what a trap takes from utility, and what it leaves?"""

from __future__ import annotations

from dataclasses import dataclass

from ...metrics.roc import margin_kept
from ...protocols.modes import Mode
from ...record.run import RunRecord
from .eraser import Eraser
from .removers import Constant
from .traps.geometry import Shuffle

LOST, KEPT = "lost", "kept"
LOST_BELOW, KEPT_FROM = 0.25, 0.5
"""Shares of the originals' margin above chance: less than the one is lost, the other or more is kept."""

_TRUTHS: dict[str, dict[Mode, str]] = {
    Shuffle.name: {"frozen": LOST, "retrained-release": KEPT},
    Constant.name: {"frozen": LOST, "retrained-transfer": LOST, "retrained-release": LOST},
}


@dataclass(frozen=True)
class Useful:
    """What is true of a trap's utility in a mode, and what was measured."""

    name: str
    mode: str
    truth: str
    auc: float
    original: float
    lost: tuple[str, ...]
    verdict: str

    @property
    def sorted(self) -> bool:
        """Whether the measurement sees what is true."""
        return self.truth == self.verdict


def judge_utility(record: RunRecord) -> list[Useful]:
    """Every mode of the headline's task in which the truth of a trap is known; nothing of other anonymizers."""
    name, judged = record.anonymizer.name, []
    for result in record.utilities:
        if record.utility is None or result.name != record.utility.name or result.original is None:
            continue
        if name == Eraser.name and result.mode == "frozen":
            verdict = f"loses {result.lost[0] if result.lost else 'nothing'} most"
            truth = f"loses {record.anonymizer.params['finding']} most"
        elif result.mode in _TRUTHS.get(name, {}):
            truth, verdict = _TRUTHS[name][result.mode], _kept_or_lost(result.mean_auc, result.original)
        else:
            continue
        lost = tuple(result.lost or ())
        judged.append(Useful(name, result.mode, truth, result.mean_auc, result.original, lost, verdict))
    return judged


def _kept_or_lost(auc: float, original: float) -> str:
    margin = margin_kept(auc, original)
    return LOST if margin < LOST_BELOW else KEPT if margin >= KEPT_FROM else "in between"
