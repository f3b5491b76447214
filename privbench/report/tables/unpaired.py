"""Releases whose images are of no one original: copies, memory, utility, and what cannot be judged."""

from __future__ import annotations

from collections.abc import Sequence

from ...record.run import RunRecord
from ...record.unpaired import NOT_JUDGED, WHY_NOT_JUDGED, WHY_UNPAIRED, MemoryFigure, UnpairedResult
from ..figures import NOTHING, interval_text, number_text
from ..notes import Named
from ..table import Cell, Column, Rows, Table, Value, change_of, number, pairs, text

_CANNOT = "cannot be judged: "
_VERDICTS = {
    "remembered": "REMEMBERED",
    "above chance": "ABOVE CHANCE, though too few were held out to tell how the splits differ",
    "above control": "ABOVE THAT OF PATIENTS HELD OUT, though not surely above chance",
    "splits differ": "ABOVE CHANCE, as for patients held out: the splits differ, or it learnt from those, too",
    "not shown": "not shown, which does not prove that nothing is",
    "too few": "too few patients to say",
    "not judged": f"{_CANNOT}{WHY_NOT_JUDGED}",
}
_BEYOND = "the same, less that of patients of a split that the generator did not learn from"


def unpaired_leaderboard(runs: Sequence[Named]) -> Table:
    """One row a run; nobody has a rank, for nothing is known of linkage. Of paired releases it holds none."""
    columns = [
        Column("release", number=False),
        Column("linkage", number=False, place="below"),
        Column(
            "copies ↓",
            note="share of different released images that are a copy of anybody's original, nearly or exactly",
        ),
        Column("to the bit ↓", note="those that are equal to the bit"),
        Column("of training ↓", note="those that copy an image that the generator learnt from", place="wide"),
        Column("of test ↓", note="those that copy a test original, whom it is not to have seen", place="wide"),
        Column("patients shown ↓", note="patients whose radiographs are handed out", place="wide"),
        Column(
            "memorization ↓",
            note="how often a released image is nearest to a patient whom the generator learnt from, beside how often "
            "to a test patient, per patient; 0.5 where nothing is remembered",
        ),
        Column("beyond held out", note=_BEYOND, place="wide"),
        Column("membership AUC ↓", note="of telling patients whom the generator learnt from; 0.5 is a guess"),
        Column("beyond held out", note=_BEYOND, place="wide"),
        Column("utility ↑", note="mean AUC of findings on original test images, of a model trained on the release"),
        Column("learnt from", number=False, note="splits of the data; assumed where nobody said", place="wide"),
    ]
    rows = [_row(name, run, run.unpaired) for name, run in runs if run.unpaired is not None]
    return Table("Unpaired releases", columns, [Rows(rows)], sortable=True, kind="leaderboard")


def _row(name: str, run: RunRecord, found: UnpairedResult) -> list[Cell]:
    copies, utility = found.copies, run.utility
    whose = {"fingerprint": run.fingerprint, "protocol": run.protocol["name"], "anonymizer": run.label}
    return [
        Cell(name, whose),
        Cell("NOT ATTACKED for linkage", {"verdict": found.linkage}, doubtful=True),
        Cell(
            interval_text(copies.share, copies.interval),
            {"copies": copies.share, "copies_low": copies.interval.low, "copies_high": copies.interval.high},
            sort=copies.share,
            doubtful=copies.publishes_originals,
        ),
        Cell(number_text(copies.exact), {"exact_copies": copies.exact}, sort=copies.exact),
        number(copies.training),
        Cell(number_text(copies.test), {"test_copies": copies.test}, sort=copies.test, doubtful=copies.saw_test),
        Cell(str(copies.patients_shown), {"patients_shown": copies.patients_shown}, sort=copies.patients_shown),
        _memory("memorization", found.memorization),
        change_of(found.memorization.change),
        _memory("membership_auc", found.membership),
        change_of(found.membership.change),
        Cell(NOTHING)
        if utility is None
        else Cell(
            interval_text(utility.mean_auc, utility.interval),
            {f"{utility.name}_auc": utility.mean_auc},
            sort=utility.mean_auc,
        ),
        text(_learnt_from(found)),
    ]


def _memory(name: str, found: MemoryFigure) -> Cell:
    low, high = (None, None) if found.interval is None else (found.interval.low, found.interval.high)
    figures: dict[str, Value] = {name: found.value, f"{name}_low": low, f"{name}_high": high}
    figures |= {f"{name}_control": found.control, f"{name}_verdict": found.verdict}
    told = interval_text(found.value, found.interval)
    return Cell(told, figures, sort=found.value, doubtful=found.alarms)


def _learnt_from(found: UnpairedResult) -> str:
    return " and ".join(found.learnt_from) + (" (assumed)" if found.assumed else "")


def unpaired_headline(run: RunRecord, found: UnpairedResult) -> Table:
    """What was judged of the release, with the words that the figures allow."""
    copies, utility = found.copies, run.utility
    again = (
        f" ({copies.images - copies.pictures} more are equal to one of them)" if copies.pictures < copies.images else ""
    )
    whose = copies.of_patients
    members = (
        f"{whose.members_copied} of {whose.members} patients whom it learnt from, {whose.outsiders_copied} of "
        f"{whose.outsiders} test patients; p {whose.p_value:.2g} of so many members by chance"
    )
    beside = f"{copies.originals} originals of {copies.original_patients} patients"
    beside = f"{copies.pictures} different images{again} beside {beside}"
    columns = [Column("measure", number=False)]
    columns += [Column(f"value [{copies.interval.confidence:.0%} interval]"), Column("from", number=False)]
    rows = [
        [Cell("linkage", strong=True), Cell(NOTHING, strong=True), text(f"NOT ATTACKED, because {WHY_UNPAIRED}")],
        [
            text("copies of originals ↓"),
            Cell(interval_text(copies.share, copies.interval), doubtful=copies.publishes_originals),
            text(f"{beside}; originals of others are so alike at {number_text(copies.control)}"),
        ],
        [text("  equal to the bit ↓"), number(copies.exact), text(f"show {copies.patients_shown} patients in all")],
        [text("  of what it learnt from ↓"), number(copies.training), text(f"learnt from {_learnt_from(found)}")],
        [
            text("  of test originals ↓"),
            Cell(number_text(copies.test), doubtful=copies.saw_test),
            text("IT SAW TEST PATIENTS: memorization and membership mean nothing" if copies.saw_test else
                 "whom it is not to have seen"),
        ],
        [text("  patients copied ↓"), Cell(NOTHING, doubtful=copies.prefers_members), text(members)],
        _remembered("memorization: nearest to members ↓", found.memorization),
        _remembered("membership: AUC ↓", found.membership),
        [
            Cell("utility ↑", strong=True),
            Cell(NOTHING if utility is None else interval_text(utility.mean_auc, utility.interval), strong=True),
            text("no released image has findings that could be learnt" if utility is None else
                 f"mean {utility.name} AUC, {utility.mode}, {found.labelled} images with findings, tested on "
                 f"{utility.counts.images} originals of {utility.counts.patients} patients"),
        ],
    ]  # fmt: skip
    return Table("Headline figures", columns, [Rows(rows)])


def _remembered(title: str, found: MemoryFigure) -> list[Cell]:
    held_out = "nobody was held out beside the test" if found.control is None else (
        f"patients held out {interval_text(found.control, found.control_interval)}"
    )  # fmt: skip
    return [
        text(title),
        Cell(interval_text(found.value, found.interval), doubtful=found.alarms),
        text(f"{_VERDICTS[found.verdict]}; {found.members} members, {found.outsiders} test patients; {held_out}"),
    ]


def not_judged() -> Table:
    """What cannot be said of an unpaired release, and why."""
    return pairs(
        "What cannot be judged of an unpaired release",
        ("what", "why"),
        [(None, [(what, f"{_CANNOT}{why}") for what, why in NOT_JUDGED.items()])],
    )
