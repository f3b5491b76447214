"""The leaderboard: runs side by side, a table for each fingerprint; what is not proven says so, and has no rank."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from ...judging.areas import areas_of
from ...judging.ranking import Board, Standing, best_match, strongest, worst_attack
from ...protocols.scenarios import SCENARIOS
from ...record.attack import AttackResult
from ...record.names import SINGLED_OUT
from ...record.run import RunRecord
from ..figures import NOTHING, interval_text
from ..notes import apart_sheets, conditions, doubts_about, heading, named_runs, names_of, warnings_of
from ..table import MACHINES, Cell, Column, Rows, Sheet, Table, Value, number
from .areas import area_of_method, areas_table, why_no_areas
from .attacks import own_image
from .copies import copies_mark
from .unpaired import not_judged, unpaired_leaderboard
from .useful import WEIGHTS, further_modes, in_modes, mean, mode_columns, rank, read, unjudged_board, utilities
from .weights import contamination_mark

WORST_CASE = "worst-case AUC ↓"
"""The title of the column of the headline of privacy."""
BEATEN_BY = "beaten by"
"""The title of the column that names a run which is better in both."""
_SURELY, _NEVER = 0.95, 0.05
"""Shares of resamples from which, and up to which, a run counts as on the Pareto front and off it."""
_BOTH = [
    Column("utility rank"),
    Column(
        "Pareto front",
        number=False,
        note="share of resamples in which no other certified run is at least as good in privacy and utility and "
        f"better in one; yes from {_SURELY:.0%} on, no up to {_NEVER:.0%}",
    ),
    Column(BEATEN_BY, number=False, note="a run that is surely better in both", place="below", lead=f"{BEATEN_BY} "),
]
_CONTAMINATED = "Not ranked, because weights that were learnt elsewhere saw test patients"
_OPEN = "Not ranked, because the release is open: something of the image may be left that no attack made use of"
_NOT_PROVEN = "Not ranked, because the attack is not proven: a low figure is no evidence of privacy"


def leaderboard_sheets(boards: Sequence[Board]) -> list[Sheet]:
    """A sheet a board; why boards stand apart comes last."""
    sheets = [
        Sheet(
            heading(board),
            [
                leaderboard(board),
                *([] if (areas := areas_table(board)) is None else [areas]),
                *([not_judged()] if board.records[0].unpaired is not None else []),
            ],
            notes=[conditions(board.records), *why_no_areas(board)],
            doubts=doubts_about(board),
            warnings=warnings_of([(run.label, run) for run in board.records]),
        )
        for board in boards
    ]
    return sheets + apart_sheets(boards)


def leaderboard(board: Board, with_areas: bool = True) -> Table:
    """One row a run; those that are not certified stay below the others, however the table is sorted.

    With areas, machines get that of each run's method. Where privacy was judged, rows are in the order of `parts_of`.
    """
    runs = board.records
    if runs[0].unpaired is not None:
        return unpaired_leaderboard(named_runs(board))
    if board.unjudged is not None:
        return unjudged_board(board)
    areas = areas_of(board) if with_areas else None
    scenarios, modes, headline = scenarios_of(runs), further_modes(runs), runs[0].utility
    columns = [
        Column("anonymizer", number=False),
        Column("proven", number=False, place="below"),
        Column(
            "copies",
            number=False,
            note="share of released test images that are another patient's original, where it is surely more than none",
            place="below",
            lead="COPIES: ",
        ),
        WEIGHTS,
        Column("privacy rank"),
        *([] if headline is None else _BOTH),
        Column(WORST_CASE, note="verification AUC of the attack below it"),
        MACHINES,
        *(
            Column(f"{scenario} ↓", note="AUC of the strongest attack in this scenario", place="wide")
            for scenario in scenarios
        ),
        Column("rank 1 ↓", note="share of probes whose patient the worst-case attack ranks first", place="wide"),
        Column("own image ↓", note="share of releases that find their own original, by any attack", place="wide"),
        Column(
            f"{SINGLED_OUT} ↓",
            note="share of patients with images of several visits to one of whose releases the worst-case attack "
            "surely gives their name",
            place="wide",
        ),
        *([] if headline is None else [read(headline)]),
        *mode_columns(modes),
        MACHINES,
    ]

    def row(name: str, standing: Standing) -> list[Cell]:
        run = standing.entry.record
        worst, utility, found = run.judged, run.utility, worst_attack(run).retrieval
        best = [strongest(run, scenario) for scenario in scenarios]
        whose = {"fingerprint": run.fingerprint, "protocol": run.protocol["name"], "anonymizer": run.label}
        return [
            Cell(name, whose),
            Cell(
                "certified" if run.certified else f"NOT PROVEN: {_standing(run)}",
                {"verdict": worst.verdict},
                doubtful=not run.certified,
            ),
            copies_mark(run),
            contamination_mark(run),
            rank("privacy_rank", standing.privacy_rank),
            *([] if utility is None else _both(standing, called)),
            Cell(
                interval_text(worst.verification_auc, worst.interval),
                {
                    "worst_case_attack": worst.attack,
                    "worst_case_scenario": worst.scenario,
                    "worst_case_auc": worst.verification_auc,
                    "worst_case_low": worst.interval.low,
                    "worst_case_high": worst.interval.high,
                },
                below=worst.label,
                sort=worst.verification_auc,
            ),
            Cell("", _attacks(run)),
            *(number(attack.verification_auc if attack else None) for attack in best),
            number(found.rank_1 if found else None),
            own_image(best_match(run)),
            _singled_out(worst_attack(run)),
            *([] if utility is None else [mean(utility)]),
            *in_modes(run, modes),
            Cell("", utilities(run) | _conditions(run) | area_of_method(areas, run)),
        ]

    parts = parts_of(board)
    called = {run.entry.folder: name for _, named in parts for name, run in named}
    groups = [Rows([row(*one) for one in named], title) for title, named in parts]
    return Table("Runs, the most private first", columns, groups, sortable=True, kind="leaderboard")


def parts_of(board: Board) -> list[tuple[str | None, list[tuple[str, Standing]]]]:
    """The parts of the table with their titles, ranked runs first; and their runs by name, in the order of rows."""
    parts: dict[str | None, list[tuple[str, Standing]]] = {None: [], _CONTAMINATED: [], _OPEN: [], _NOT_PROVEN: []}
    for name, standing in zip(names_of(board), board.standings, strict=True):
        parts[_why_not_ranked(standing.entry.record)].append((name, standing))
    return [(title, named) for title, named in parts.items() if named]


def _standing(run: RunRecord) -> str:
    return "contaminated" if run.contaminated else run.judged.verdict


def _why_not_ranked(run: RunRecord) -> str | None:
    """The title of the part of the table in which a run stands; none of those that are ranked."""
    if run.certified:
        return None
    if run.contaminated:
        return _CONTAMINATED
    return _OPEN if run.judged.verdict == "open" else _NOT_PROVEN


def scenarios_of(runs: Sequence[RunRecord]) -> list[str]:
    """The scenarios that any of the runs was attacked in, from the attacker who knows least."""
    seen = {attack.scenario for run in runs for attack in run.attacks}
    return [scenario for scenario in SCENARIOS if scenario in seen]


def _both(standing: Standing, called: Mapping[Path, str]) -> list[Cell]:
    """What privacy and utility make together, in the columns of _BOTH. `called` names runs by their folders."""
    better = standing.dominated_by
    return [
        rank("utility_rank", standing.utility_rank),
        Cell(_front_text(standing.on_front), {"on_front": standing.on_front}, sort=standing.on_front),
        Cell(
            NOTHING if better is None else called[better.folder],
            {"dominated_by": None if better is None else better.record.label},
        ),
    ]


def _front_text(share: float | None) -> str:
    if share is None:
        return NOTHING
    return "yes" if share >= _SURELY else "no" if share <= _NEVER else f"{share:.0%}"


def _singled_out(attack: AttackResult) -> Cell:
    figure = attack.risk.figure(SINGLED_OUT) if attack.risk else None
    return number(figure.value if figure else None)


def _attacks(run: RunRecord) -> dict[str, Value]:
    """What machines get of every attack, and of what they prove of the release."""
    release = run.judged.release
    told: dict[str, Value] = {"release": release.verdict if release else None}
    for attack in run.attacks:
        figures: dict[str, Value] = {
            "auc": attack.verification_auc,
            "seed_std": attack.seed_std,
            "rank_1": attack.retrieval.rank_1 if attack.retrieval else None,
            "own_image_match": attack.match.rate if attack.match else None,
            "verdict": attack.certificate.verdict if attack.certificate else "untrained",
        }
        figures |= {_column(one.name): one.value for one in attack.figures}
        figures |= {_column(one.name): one.value for one in (attack.risk.figures if attack.risk else [])}
        told |= {f"{attack.label} {name}": figure for name, figure in figures.items()}
    return told


def _column(name: str) -> str:
    return name.lower().replace(" ", "_")


def _conditions(run: RunRecord) -> dict[str, Value]:
    counts = run.attacks[0].counts
    return {
        "test_patients": counts.patients,
        "effective_patients": counts.effective_patients,
        "test_pairs": counts.pairs,
        "warnings": "; ".join(run.warnings),
    }
