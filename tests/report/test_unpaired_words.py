"""An unpaired release in plain words, and in tables: no words of it say that it is private."""

import pytest
from records import drawn_copies, memory, record, unpaired

from privbench.judging.ranking import Entry, make_boards
from privbench.report.machine import as_frame
from privbench.report.markup import as_markdown
from privbench.report.plain_words import in_plain_words
from privbench.report.tables.leaderboard import leaderboard, leaderboard_sheets
from privbench.report.tables.summary import summary_sheet

COPIER = unpaired("copier", drawn_copies(1.0, 1.0), memory(0.95), memory(0.9))
FRESH = unpaired("fresh", useful=None, assumed=True)


def words(run):
    return " ".join(in_plain_words(run))


def test_what_is_not_known_comes_first():
    for run in (COPIER, FRESH):
        first = in_plain_words(run)[0]
        assert "was not attacked for linkage, because no one knows of which original an image was made" in first
        assert "no figure below is evidence that it is private" in first


def test_a_copier_is_named_and_of_others_nothing_is_promised():
    told = words(COPIER)
    assert "yes: 100.0% of 200 different released images are copies" in told
    assert told.count("yes, surely") == 2
    told = words(FRESH)
    assert "yes" not in told
    assert told.count("not shown, which does not prove that nothing is remembered") == 2
    assert "which is assumed: nobody said whom it learnt from" in told
    assert "not judged, because no released image has findings" in told


@pytest.mark.parametrize(
    ("figure", "sentence"),
    [
        (memory(0.8, 0.78), "either the splits differ, or it learnt from those held out, too"),
        (memory(0.48, 0.3), "surely more than for patients held out, though not surely more than chance"),
        (memory(None, None).model_copy(update={"judged": False}), "nobody knows which patients the generator never"),
        (memory(0.8, None), "too few were held out to tell whether the splits differ as much"),
        (memory(None, None), "cannot be judged: no member has as many images as a test patient"),
    ],
)
def test_each_verdict_has_its_words(figure, sentence):
    assert sentence in words(unpaired("g", memorization=figure))


def test_who_saw_test_patients_and_who_writes_files_twice_is_told():
    seen = COPIER.unpaired.copies.model_copy(update={"test": 0.2, "test_certain": 0.2, "pictures": 150})
    run = unpaired("seen", seen)
    assert "it saw test patients, so memorization and membership mean nothing" in words(run)
    assert "150 different released images (of 200, the others equal one of them)" in words(run)
    sheet = as_markdown([summary_sheet(run)])
    assert "IT SAW TEST PATIENTS" in sheet
    assert "150 different images (50 more are equal to one of them)" in sheet


def test_a_few_copies_are_to_be_looked_at():
    assert "look at these" in words(unpaired("g", drawn_copies(0.01)))


@pytest.mark.parametrize("run", [COPIER, FRESH])
def test_the_summary_tells_what_cannot_be_judged(run):
    sheet = as_markdown([summary_sheet(run)])
    assert "NOT ATTACKED, because no one knows of which original an image was made" in sheet
    assert "cannot be judged: no one knows of which original an image was made" in sheet
    assert "certified" not in sheet.replace("certificates", "")


def test_the_leaderboard_ranks_none_of_them_and_keeps_them_apart_from_paired_ones(tmp_path):
    entries = [Entry(run, None, None, tmp_path / run.label) for run in (record("a", 0.6, 0.8), COPIER, FRESH)]
    boards = make_boards(entries)
    assert [[run.label for run in board.records] for board in boards] == [["a"], ["fresh", "copier"]]
    frame = as_frame([leaderboard(boards[1])]).set_index("anonymizer")
    assert frame["verdict"].tolist() == ["not attacked"] * 2
    assert frame.loc["copier", ["copies", "exact_copies", "memorization"]].tolist() == [1, 1, 0.95]
    assert frame.loc["copier", "membership_auc_verdict"] == "remembered"
    assert "privacy_rank_best" not in frame
    told = as_markdown(leaderboard_sheets(boards))
    assert "NOT ATTACKED for linkage" in told
    assert "What cannot be judged of an unpaired release" in told
    assert "cannot be judged: there is no original beside an image" in told
