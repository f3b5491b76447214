"""Which weights were learnt elsewhere, and whom they saw, where runs are told."""

from records import entry, record, weights

from privbench.data.ledger import Overlap, Roster
from privbench.judging.ranking import make_boards
from privbench.report.machine import as_frame
from privbench.report.markup import as_markdown
from privbench.report.tables.leaderboard import leaderboard, leaderboard_sheets
from privbench.report.tables.manifest import manifest
from privbench.report.tables.weights import contamination_mark, overlap_table, weights_table


def texts(table):
    return [[cell.text for cell in row] for group in table.groups for row in group.rows]


def test_a_row_for_each_file():
    run = record("a", 0.8, 0.7, weights=[weights(2), weights(0, "nobody says it", of="attack siamese")])
    table = weights_table(run)
    seen = "train 30 of 30, val 5 of 5, test {} of 18"
    assert texts(table) == [
        ["anonymizer prichexy", "ab" * 6, "torch", "90", "model.fc.weight", "–", seen.format(2), "–"],
        ["attack siamese", "ab" * 6, "torch", "90", "model.fc.weight", "–", seen.format(0), "nobody says it"],
    ]
    assert [row[6].doubtful for row in table.groups[0].rows] == [True, False]
    assert table in manifest(run)
    assert weights_table(record("a", 0.8, 0.7)) is None


def test_what_a_plugin_leaves_untold_is_a_dash():
    untold = weights(0).model_copy(update={"taken": None})
    assert texts(weights_table(record("a", 0.8, 0.7, weights=[untold])))[0][2:6] == ["–"] * 4


def test_marks_are_of_what_is_wrong_alone():
    marks = {
        "–": [[], [weights(0)]],
        "SAW 2 TEST PATIENTS": [[weights(2), weights(1)], [weights(2, "nobody says")]],
        "ORIGIN UNKNOWN": [[weights(0), weights(0, "nobody says")]],
    }
    for mark, known in marks.items():
        for told in known:
            cell = contamination_mark(record("a", 0.8, 0.7, weights=told))
            assert (cell.text, cell.doubtful) == (mark, mark != "–")


def test_a_contaminated_run_stands_marked_below_the_ranked_ones(rng):
    runs = [
        entry("seen", 0.6, 0.9, rng=rng, weights=[weights(3)]),
        entry("clean", 0.7, 0.8, rng=rng),
        entry("unknown", 0.8, 0.8, rng=rng, weights=[weights(0, "nobody says")]),
    ]
    (board,) = make_boards(runs)
    assert {one.entry.record.label for one in board.standings if one.privacy_rank is None} == {"seen"}
    text = as_markdown(leaderboard_sheets([board]))
    assert "SAW 3 TEST PATIENTS" in text
    assert "NOT PROVEN: contaminated" in text
    assert text.index("| unknown |") < text.index("Not ranked, because weights that were learnt elsewhere saw test")
    doubt = "seen: the weights of the anonymizer prichexy saw 3 of 18 test patients"
    assert text.index(doubt) < text.index("| clean |")
    frame = as_frame([leaderboard(board)]).set_index("anonymizer")
    assert frame["weights_saw_test_patients"].fillna(-1).to_dict() == {"seen": 3, "clean": -1, "unknown": 0}


def test_the_overlap_is_told_split_by_split():
    roster = Roster.of("nih", {"train": ["1", "2"], "val": ["3"], "test": ["4"]})
    table = overlap_table("a.pth", Overlap({"train": 2, "val": 0, "test": 1}, None), roster)
    assert table.caption == "Patients of nih seen by a.pth"
    assert texts(table) == [["train", "2", "2"], ["val", "1", "0"], ["test", "1", "1"]]
