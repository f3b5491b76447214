"""What attacks found: verification, retrieval, every attack of a run, and what is read off single images."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ...judging.ranking import worst_attack
from ...record.attack import AttackResult
from ...record.names import SINGLED_OUT
from ...record.risk import RiskResult
from ...record.run import RunRecord
from ..figures import NOTHING, titled
from ..notes import Named
from ..plain_words import images_text
from ..table import Cell, Column, Rows, Table, change_of, count, estimate, number, text

_HEADS = (Column("anonymizer", number=False), Column("attack", number=False))


def verification(runs: Sequence[Named]) -> Table:
    """What the worst-case attacks' scores of pairs say; thresholds are fixed on validation pairs."""
    attacks = [worst_attack(run) for _, run in runs]
    columns, cells = _figures(attacks, "verification")
    named = zip(runs, attacks, cells, strict=True)
    rows = [[text(name), text(attack.label), *figures] for (name, _), attack, figures in named]
    return Table("Verification by the worst-case attack", [*_HEADS, *columns], [Rows(rows)], sortable=True)


def retrieval(runs: Sequence[Named]) -> Table | None:
    """How well the worst-case attacks find a patient in the gallery; None where none of them does."""
    attacks = [worst_attack(run) for _, run in runs]
    figures, cells = _figures(attacks, "retrieval")
    rows = [
        [text(name), text(attack.label), estimate(told.rank_1, told.interval), *known,
         count(told.probes), count(told.gallery)]
        for (name, _), attack, known in zip(runs, attacks, cells, strict=True)
        if (told := attack.retrieval)
    ]  # fmt: skip
    columns = [*_HEADS, Column("rank 1 ↓"), *figures, Column("probes"), Column("gallery")]
    return Table("Retrieval by the worst-case attack", columns, [Rows(rows)], sortable=True) if rows else None


def risk(runs: Sequence[Named]) -> Table | None:
    """What the worst-case attacks do to single patients; None where nobody was searched for."""
    attacks = [worst_attack(run) for _, run in runs]
    known = {one.name: one for attack in attacks if attack.risk for one in attack.risk.figures if one.value is not None}
    rows = [
        [text(name), text(attack.label), *_of_patients(told, known), count(told.patients), count(told.alone)]
        for (name, _), attack in zip(runs, attacks, strict=True)
        if (told := attack.risk)
    ]
    columns = [
        *_HEADS,
        *(Column(titled(name, "", one.more_is_private)) for name, one in known.items()),
        Column("patients", note="with images of two visits at least, so that one may lead to the other"),
        Column("with one visit"),
    ]
    return Table("Risk of patients by the worst-case attack", columns, [Rows(rows)], sortable=True) if rows else None


def _of_patients(risk: RiskResult, names: Iterable[str]) -> list[Cell]:
    """The cells of those figures."""
    told = {one.name: estimate(one.value, one.interval) for one in risk.figures}
    return [told.get(name, Cell(NOTHING)) for name in names]


def by_images(run: RunRecord) -> Table | None:
    """How often the worst-case attack finds patients by the number of their images; None where it looks for none."""
    found = worst_attack(run).risk
    if found is None:
        return None
    images = Column("a patient's images", number=False, note="less those taken beside the one that is searched with")
    columns = [images, Column("rank 1 ↓"), Column("patients")]
    rows = [
        [text(images_text(one.low, one.high)), estimate(one.rank_1, one.interval), count(one.patients)]
        for one in found.by_images
    ]
    return Table("Rank 1 by the number of images", columns, [Rows(rows)])


def _figures(attacks: Sequence[AttackResult], of: str) -> tuple[list[Column], list[list[Cell]]]:
    """A column for every figure that tells of privacy and that one of the attacks has; and each attack's cells."""
    known = {
        one.name: one
        for attack in attacks
        for one in attack.figures
        if one.of == of and one.value is not None and one.more_is_private is not None
    }
    columns = [Column(titled(name, one.unit, one.more_is_private)) for name, one in known.items()]
    values = [{one.name: one.value for one in attack.figures} for attack in attacks]
    return columns, [[number(own.get(name)) for name in known] for own in values]


def attacks(run: RunRecord) -> Table:
    """Every attack of a run, in every scenario."""
    columns = [
        Column("attack", number=False),
        Column("proof", number=False),
        Column("AUC ↓"),
        Column("on originals", note="AUC of the same recipe on original images, from its certificate"),
        Column("on validation"),
        Column("spread of trainings", note="standard deviation over the attacker's trainings"),
        Column("rank 1 ↓"),
        Column("own image ↓", note="share of releases that find their own original among those of as many patients"),
        Column(f"{SINGLED_OUT} ↓"),
    ]

    def row(attack: AttackResult) -> list[Cell]:
        proof, found = attack.certificate, attack.retrieval
        singled = attack.risk.figure(SINGLED_OUT) if attack.risk else None
        verdict = "needs no training" if proof is None else proof.verdict
        return [
            text(attack.label),
            Cell(verdict, doubtful=proof is not None and proof.verdict != "certified"),
            estimate(attack.verification_auc, attack.interval),
            number(proof.control_auc if proof else None),
            number(attack.validation_auc),
            number(attack.seed_std),
            number(found.rank_1 if found else None),
            own_image(attack),
            estimate(singled.value, singled.interval) if singled else Cell(NOTHING),
        ]

    return Table("Attacks", columns, [Rows([row(attack) for attack in run.attacks])], sortable=True)


def own_image(attack: AttackResult | None) -> Cell:
    """How often releases find their own original by an attack; a dash where there is none, or it does not look."""
    match = attack.match if attack else None
    return estimate(match.rate, match.interval) if match else Cell(NOTHING)


def inferences(run: RunRecord) -> Table | None:
    """What is read off single images, and whether members are told; None where no attack tried."""
    columns = [Column("attribute", number=False), Column("attack", number=False), Column("measure", number=False)]
    columns += [Column("value"), Column("on originals")]
    columns += [Column("a guess", note="of membership: validation patients in place of members")]
    columns += [Column("change", note="against originals; of membership, by how much more members exceed a guess")]
    rows = [
        [text(one.attribute), text(f"{one.name} ({one.scenario})"),
         text("AUC ↓" if one.metric == "auc" else "mean error ↑"),
         estimate(one.value, one.interval), number(one.original), number(one.base_rate), change_of(one.change)]
        for one in run.inferences
    ]  # fmt: skip
    return Table("Inferred from images", columns, [Rows(rows)]) if rows else None
