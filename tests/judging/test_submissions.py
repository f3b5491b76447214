"""The leaderboard's check: what holds is accepted, what was tampered with refused by name, and terms part tables."""

import json
import os
import pickle
import shutil
from functools import partial

import pandas as pd
import pytest
from command_line import call
from handed_in import DAY, forge, hand_in, write_about

from privbench import __version__
from privbench.base.errors import PrivbenchError
from privbench.judging.submissions import check_entries, check_entry, check_submissions
from privbench.record.folder import LINKAGE_SCORES, UTILITY_SCORES
from privbench.record.run import SCHEMA_VERSION, read_run
from privbench.record.submission import SITE_MARKER

TODAY = DAY.replace(month=12)


def place_of(entry):
    return f"{entry.parent.name}/{entry.name}"


def tamper(folder):
    scores = pd.read_parquet(folder / LINKAGE_SCORES)
    scores.loc[scores.index[-1], "score"] += 1e-3
    scores.to_parquet(folder / LINKAGE_SCORES, index=False)


def test_a_submission_a_tampered_one_and_one_of_another_fingerprint(leaderboard, entries, monkeypatch, capsys):
    """Through the step of CI: accepted, put into a table of its own; and refused, with the place named."""
    assert call(monkeypatch, "site", leaderboard, columns=500) == 0
    said = capsys.readouterr().out
    fingerprints = [read_run(entries[name]).fingerprint[:12] for name in ("ribs", "again")]
    assert fingerprints[0] != fingerprints[1]
    for fingerprint, number in zip(fingerprints, ("2 entries", "1 entry"), strict=True):
        assert f"phantom, 64 px, protocol quick, fingerprint {fingerprint}: {number}, 300 test pairs of 30" in said
    page = (leaderboard / "site" / "index.html").read_text()
    assert all(f'id="table-{fingerprint}"' in page for fingerprint in fingerprints)

    tamper(leaderboard / place_of(entries["again"]))
    assert call(monkeypatch, "site", leaderboard, columns=500) == 1
    said = capsys.readouterr().out
    assert f"{leaderboard / place_of(entries['again'])}: {LINKAGE_SCORES} was changed: its digest is not the" in said
    assert "1 refused, 2 hold; no page was written." in said
    assert (leaderboard / "site" / "index.html").read_text() == page, "the older pages stay"


def test_every_fault_of_every_entry_is_told(leaderboard, entries):
    tamper(leaderboard / place_of(entries["ribs"]))
    moved = "blur/2020-01-01-first"
    (leaderboard / place_of(entries["open"])).rename(leaderboard / moved)
    (leaderboard / moved / UTILITY_SCORES).unlink()
    (leaderboard / "shuffled-ribs" / "more").mkdir()
    (leaderboard / "linked").symlink_to(leaderboard / "shuffled-ribs")
    checked = check_submissions(leaderboard, TODAY)
    assert [one.place for one in checked.listed] == [place_of(entries["again"])]
    assert list(checked.faults) == sorted([place_of(entries["ribs"]), moved, "linked", "shuffled-ribs/more"])
    assert len(checked.faults[place_of(entries["ribs"])]) > 2
    assert checked.faults[moved][0] == f"{UTILITY_SCORES} is missing, which submission.json lists"
    assert checked.faults[moved][-1] == f"it belongs at {place_of(entries['open'])}, by what it tells of itself"
    assert checked.faults["shuffled-ribs/more"][0].startswith("it is no entry: there is no submission.json in it")


def test_nothing_lies_there_that_nobody_looks_at(tmp_path):
    """What would be published with the entries, and an entry of a day to come."""
    root, strange = tmp_path / "leaderboard", [".hidden/evil.js", "index.html", "ribs/.page.html", "site/evil.html"]
    for name in [*strange, "README.md", "site/index.html"]:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("<script>")
    (root / "site" / SITE_MARKER).write_text('{"files": {"index.html": ""}}')
    (root / "site" / "linked").symlink_to(root)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "site").write_text("<script>")
    assert list(check_submissions(tmp_path / "other", TODAY).faults) == ["site"], "it is no folder of pages"
    faults = check_submissions(root, TODAY).faults
    assert list(faults) == sorted([".hidden", *strange[1:], "site/linked"])
    assert all("it would be published" in wrong for (wrong,) in faults.values())


def test_an_entry_of_a_day_to_come(proven_runs, tmp_path):
    (entry,) = hand_in([proven_runs["ribs"]], tmp_path / "leaderboard", TODAY.replace(year=TODAY.year + 1))
    _, wrong = check_entry(tmp_path / "leaderboard", TODAY, place_of(entry))
    assert wrong == [f"submission.json: it was handed in on {TODAY.year + 1}-12-01, a day to come"]


def test_an_entry_that_ends_its_process_is_a_fault_and_ends_nothing_else(leaderboard, entries, monkeypatch):
    def end(*_):
        os._exit(1)

    for name in ("ribs", "again"):
        shutil.rmtree(leaderboard / place_of(entries[name]))
    monkeypatch.setattr("privbench.judging.submissions.check_entries", end)
    assert check_submissions(leaderboard, TODAY).faults == {
        place_of(entries["open"]): ["it ends the process that verifies it, or needs more memory than there is"]
    }


def test_what_processes_hand_to_one_another_arrives(entries):
    """Many entries are verified in processes of their own."""
    check = pickle.loads(pickle.dumps(partial(check_entries, entries["ribs"].parents[1], TODAY)))
    ((one, wrong),) = pickle.loads(pickle.dumps(check([place_of(entries["ribs"])])))
    assert (one.place, one.folder, wrong) == (place_of(entries["ribs"]), entries["ribs"], [])
    assert one.record == read_run(entries["ribs"])


def test_an_entry_of_an_older_schema_stays_in_the_history(leaderboard, entries, monkeypatch, capsys):
    """Nobody can verify it any more, and nothing is known to be wrong: it is no fault, and stands in no table."""
    old, others = leaderboard / place_of(entries["again"]), ("ribs", "open")
    values = json.loads((old / "run.json").read_text())
    (old / "run.json").write_text(json.dumps(values | {"schema_version": SCHEMA_VERSION - 1}))
    forge(old)
    for name in others:
        shutil.rmtree(leaderboard / place_of(entries[name]))
    assert call(monkeypatch, "site", leaderboard, columns=500) == 0
    why = f"it is not verified by privbench {__version__}, since its schema is an older one"
    assert f"{old}: {why}" in capsys.readouterr().out
    front, method = ((leaderboard / "site" / name).read_text() for name in ("index.html", "methods/shuffled-ribs.html"))
    assert why in front
    assert why in method
    assert 'class="board"' not in front
    assert not (leaderboard / "site" / "leaderboard.csv").exists()
    (old / LINKAGE_SCORES).unlink()
    assert check_entry(leaderboard, TODAY, place_of(old))[1] == [
        f"{LINKAGE_SCORES} is missing, which submission.json lists"
    ]


def test_a_leaderboard_without_entries_has_a_page(tmp_path, monkeypatch, capsys):
    (tmp_path / "leaderboard").mkdir()
    (tmp_path / "leaderboard" / "README.md").write_text("# Leaderboard")
    assert call(monkeypatch, "site", tmp_path / "leaderboard", "--out", tmp_path / "pages") == 0
    assert "Nobody has handed in a run yet." in (tmp_path / "pages" / "index.html").read_text()
    with pytest.raises(PrivbenchError, match="There is no folder .*nowhere: name the one"):
        check_submissions(tmp_path / "nowhere", TODAY)


def test_the_command_hands_in_and_tells_what_others_may_find_out(proven_runs, tmp_path, monkeypatch, capsys):
    about, out = write_about(tmp_path / "about.toml"), tmp_path / "leaderboard"
    assert call(monkeypatch, "submit", proven_runs["ribs"], "--about", about, "--out", out, columns=500) == 0
    said = capsys.readouterr().out
    (handed_in,) = (out / "shuffled-ribs").iterdir()
    assert f"{handed_in} (0." in said
    assert "patients are the only ones with their sex, groups of ages, views and findings" in said
    about.write_text("name = 1")
    assert call(monkeypatch, "submit", proven_runs["ribs"], "--about", about, "--out", out, columns=500) == 2
    assert "'licence' is missing in" in capsys.readouterr().err
