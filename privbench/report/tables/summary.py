"""What a run found, as `privbench run` tells it: privacy by attack, utility by task and mode."""

from __future__ import annotations

from ...judging.ranking import best_match, worst_attack
from ...plugins.interfaces import MEMBERSHIP
from ...record.attack import AttackResult, InferenceResult
from ...record.copies import CopiesResult
from ...record.run import RunRecord
from ...record.utility import UtilityResult
from ..figures import NOTHING, change_text, digits_for, interval_text, number_text, titled
from ..notes import conditions
from ..plain_words import in_plain_words
from ..table import Cell, Column, Rows, Sheet, Table, change_of, estimate, number, text
from .unpaired import not_judged, unpaired_headline
from .utility import measure_name


def summary_sheet(record: RunRecord) -> Sheet:
    """What is not proven comes first, then the run in plain words; what warns comes last."""
    tables = [headline(record)] if record.unpaired is None else [unpaired_headline(record, record.unpaired)]
    tables += [readings(record)] if record.unpaired is None or record.utilities else []
    return Sheet(
        f"{record.label} — protocol {record.protocol['name']}",
        tables if record.unpaired is None else [*tables, not_judged()],
        notes=[*_judged(record), conditions([record])],
        doubts=[record.doubt] if record.doubt else [],
        warnings=[f"! {warning}." for warning in record.warnings],
        words=in_plain_words(record),
    )


def _judged(record: RunRecord) -> list[str]:
    """On which images, where not all are released."""
    told = record.partly_released
    return [f"Judged on what is released: {told}. All originals are searched."] if told else []


def headline(record: RunRecord) -> Table:
    """The worst case and every attack, what is read off single images, and the headline of utility."""
    columns = [Column("measure", number=False)]
    columns += [Column(f"value [{record.interval.confidence:.0%} interval]"), Column("from", number=False)]
    privacy = [_not_judged(record.unjudged)] if record.unjudged is not None else _privacy(record)
    utility = _utility(record.utility, record.unjudged is None)
    return Table("Headline figures", columns, [Rows([*privacy, utility])])


def _not_judged(why: str) -> list[Cell]:
    return [Cell("privacy", strong=True), Cell("NOT JUDGED", strong=True, doubtful=True), text(why)]


def _privacy(record: RunRecord) -> list[list[Cell]]:
    worst, found = record.judged, worst_attack(record)
    rows = [
        [
            Cell("privacy, worst case: verification AUC ↓", strong=True),
            Cell(interval_text(worst.verification_auc, worst.interval), strong=True),
            text(f"{worst.label}, {found.counts.pairs} pairs of {found.counts.patients} patients"),
        ]
    ]
    rows += [
        [text(f"  {one.label}"), estimate(one.verification_auc, one.interval), text(_proof(one))]
        for one in record.attacks
    ]
    if told := found.retrieval:
        rows.append(
            [
                text("patients found at rank 1 ↓"),
                estimate(told.rank_1, told.interval),
                text(f"{found.label}, {told.probes} probes in a gallery of {told.gallery}"),
            ]
        )
    if (one := best_match(record)) and (match := one.match):
        rows.append(
            [
                text("own original found ↓"),
                estimate(match.rate, match.interval),
                text(f"{one.label}, {match.images} releases among {match.candidates} originals{_release(record)}"),
            ]
        )
    if risk := found.risk:
        rows += [
            [text(titled(one.name, "", one.more_is_private)), estimate(one.value, one.interval), text(found.label)]
            for one in risk.figures
            if one.value is not None
        ]
    if record.copies is not None:
        rows.append(_copies(record.copies))
    return rows + [_inference(one) for one in record.inferences]


def readings(record: RunRecord) -> Table:
    """Every task in every mode beside originals; of what is measured, that of which more is better or worse."""
    confidence = record.interval.confidence
    columns = [Column("utility", number=False), Column(f"value [{confidence:.0%} interval]")]
    columns += [Column("originals"), Column("change")]
    rows = [_above("mean AUC of findings ↑")] if record.utilities else []
    rows += [
        [
            text(f"  {one.label}"),
            estimate(one.mean_auc, one.interval),
            number(one.original),
            change_of(one.change),
        ]
        for one in record.utilities
    ]
    told = [one for one in record.measurements if one.more_is_better is not None]
    for label in dict.fromkeys(one.label for one in told):
        rows.append(_above(label))
        for one in (one for one in told if one.label == label):
            digits = digits_for(one.value, one.interval)
            value, original = estimate(one.value, one.interval, digits), number(one.original, digits)
            rows.append([text(f"  {measure_name(one)}"), value, original, change_of(one.change, digits)])
    return Table("Utility by task and mode", columns, [Rows(rows)])


def _above(label: str) -> list[Cell]:
    return [text(label), *([Cell("")] * 3)]


def _proof(attack: AttackResult) -> str:
    seeds = f", ± {attack.seed_std:.3f} over {len(attack.seed_aucs)} seeds" if attack.seed_std is not None else ""
    if attack.certificate is None:
        return f"needs no training{seeds}"
    return f"{attack.certificate.verdict}: {attack.certificate.control_auc:.3f} on originals{seeds}"


def _release(record: RunRecord) -> str:
    """What that proves of the release, where it proves anything."""
    release = record.judged.release
    return f": {release.verdict}" if release else ""


def _copies(found: CopiesResult) -> list[Cell]:
    whose = f"{found.counts.images} {found.split} images beside {found.originals} originals"
    return [
        text("copies of other patients' originals ↓"),
        Cell(interval_text(found.others.share, found.others.interval), doubtful=found.publishes_others),
        text(f"{whose}; of their own: {number_text(found.own.share)}"),
    ]


def _utility(one: UtilityResult | None, patients: bool) -> list[Cell]:
    """`patients` tells whether whose the images are is known."""
    if one is None:
        return [
            Cell("utility ↑", strong=True),
            Cell(NOTHING, strong=True),
            text("the data set tells no findings that could be read"),
        ]
    whose = f" of {one.counts.patients} patients" if patients else ""
    return [
        Cell(f"utility: mean {one.name} AUC ↑", strong=True),
        Cell(interval_text(one.mean_auc, one.interval), strong=True),
        text(f"{one.mode}, {one.counts.images} images{whose}, {len(one.mean_over)} findings"),
    ]


def _inference(one: InferenceResult) -> list[Cell]:
    arrow = "AUC ↓" if one.metric == "auc" else "mean error ↑"
    unit = " years" if one.metric == "mae" and one.attribute == "age" else ""
    told = f"{one.name} ({one.scenario}); originals {number_text(one.original)}, "
    if one.attribute == MEMBERSHIP:
        beyond = f", members beyond both {change_text(one.change)}" if one.change else ""
        told += f"patients held out {number_text(one.base_rate)}{beyond}"
    else:
        told += f"a guess {number_text(one.base_rate)}"
    return [text(f"{one.attribute} read off: {arrow}"), text(interval_text(one.value, one.interval) + unit), text(told)]
