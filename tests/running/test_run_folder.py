"""A run folder is put in place whole, or not at all."""

import logging

import pytest
from records import record

from privbench.base.errors import PrivbenchError
from privbench.base.marking import mark
from privbench.base.progress import log
from privbench.record.folder import seal
from privbench.record.shared import Withheld
from privbench.running.run_folder import LOG, MARKER, RunFolder, folder_name, withheld_from


def put(folder, name):
    """Writes the record of a run, whose key is its name."""
    seal(folder, record(name, 0.8, 0.7), without=LOG)


def fill(path, name, overwrite=False):
    with RunFolder(path, name, overwrite).filled("run") as part:
        (part / "scores").mkdir()
        (part / "scores" / f"{name}.txt").write_text("scores")
        put(part, name)


def fall(path, name, overwrite=False):
    """A run that fails when it has written some of its files."""
    with RunFolder(path, name, overwrite).filled("run") as part:
        put(part, name)
        raise ZeroDivisionError


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_run_that_ends_well_is_there_with_its_log_and_nothing_beside_it(tmp_path):
    with RunFolder(tmp_path / "below" / "run", "a", False).filled("run") as part:
        put(part, "a")
        log.info("a stage …")
        unfinished = [".run.privbench-lock", ".run.privbench-unfinished"]
        assert names(tmp_path / "below") == unfinished, "nothing is in place before the end"
    assert names(tmp_path / "below") == ["run"]
    assert names(tmp_path / "below" / "run") == [LOG, MARKER, "run.json"]
    assert "INFO a stage …" in (tmp_path / "below" / "run" / LOG).read_text()


def test_a_run_that_fails_leaves_nothing_behind(tmp_path):
    with pytest.raises(ZeroDivisionError):
        fall(tmp_path / "run", "a")
    assert names(tmp_path) == []


def test_a_run_that_fails_leaves_an_older_one_as_it_was(tmp_path):
    fill(tmp_path / "run", "a")
    with pytest.raises(ZeroDivisionError):
        fall(tmp_path / "run", "b", overwrite=True)
    assert names(tmp_path) == ["run"]
    assert names(tmp_path / "run") == [LOG, MARKER, "run.json", "scores"]


def test_what_a_killed_run_left_does_not_stand_in_the_next(tmp_path):
    (tmp_path / ".run.privbench-unfinished").mkdir()
    (tmp_path / ".run.privbench-unfinished" / "half.txt").write_text("half")
    (tmp_path / ".run.privbench-replaced").mkdir()
    fill(tmp_path / "run", "a")
    assert names(tmp_path) == ["run"]
    assert names(tmp_path / "run") == [LOG, MARKER, "run.json", "scores"]


def test_another_run_is_in_the_way_unless_it_is_to_be_replaced(tmp_path):
    fill(tmp_path / "run", "a")
    with pytest.raises(PrivbenchError, match=r"run holds another run \(a, of 2026-01-01.*\): .* --overwrite"):
        RunFolder(tmp_path / "run", "b", False)
    fill(tmp_path / "run", "b", overwrite=True)
    assert names(tmp_path) == ["run"]
    assert names(tmp_path / "run" / "scores") == ["b.txt"], "nothing of the older one is left"


@pytest.mark.parametrize("overwrite", [False, True])
def test_the_same_run_may_be_made_again_and_what_users_put_there_stays(tmp_path, overwrite):
    fill(tmp_path / "run", "a")
    mine = tmp_path / "run" / "budget" / "budget.csv"
    mine.parent.mkdir()
    mine.write_text("mine")
    (tmp_path / "run" / "empty").mkdir()
    (tmp_path / "run" / "scores" / "note.txt").write_text("mine too")
    (tmp_path / "run" / "link").symlink_to("run.json")
    inodes = {path.name: path.stat().st_ino for path in (tmp_path / "run" / "scores").iterdir()}
    fill(tmp_path / "run", "a", overwrite)
    assert names(tmp_path) == ["run"]
    assert names(tmp_path / "run") == ["budget", "empty", "link", LOG, MARKER, "run.json", "scores"]
    assert mine.read_text() == "mine"
    assert (tmp_path / "run" / "scores" / "note.txt").read_text() == "mine too"
    kept = {path.name for path in (tmp_path / "run" / "scores").iterdir() if path.stat().st_ino == inodes[path.name]}
    assert kept == {"note.txt"}, "the run's own file is a new one"


def test_an_edited_file_is_replaced_only_where_told_so(tmp_path):
    fill(tmp_path / "run", "a")
    file = tmp_path / "run" / "scores" / "a.txt"
    file.write_text("edited")
    with pytest.raises(PrivbenchError, match=r"Since the run in .* was written, scores/a\.txt changed: .* --overwrite"):
        RunFolder(tmp_path / "run", "a", False)
    assert file.read_text() == "edited"
    fill(tmp_path / "run", "a", overwrite=True)
    assert file.read_text() == "scores"


@pytest.mark.parametrize("name", ["run.json", LOG])
def test_an_edited_record_or_log_is_replaced_only_where_told_so(tmp_path, name):
    fill(tmp_path / "run", "a")
    with (tmp_path / "run" / name).open("a") as file:
        file.write(" \n")
    with pytest.raises(PrivbenchError, match=rf"Since the run in .* was written, {name} changed: .* --overwrite"):
        RunFolder(tmp_path / "run", "a", False)
    fill(tmp_path / "run", "a", overwrite=True)
    RunFolder(tmp_path / "run", "a", False)


def test_a_folder_that_was_moved_to_another_disk_is_not_lost(tmp_path):
    fill(tmp_path / "run", "a")
    (tmp_path / "run" / "scores").rename(tmp_path / "elsewhere")
    (tmp_path / "run" / "scores").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(PrivbenchError, match=r"scores/a\.txt changed"):
        RunFolder(tmp_path / "run", "a", False)
    fill(tmp_path / "run", "a", overwrite=True)
    assert names(tmp_path / "elsewhere") == ["a.txt"]
    assert names(tmp_path / "run" / "scores") == ["a.txt"]


def test_what_belongs_to_one_run_never_stands_beside_another(tmp_path):
    fill(tmp_path / "run", "a")
    (tmp_path / "run" / "budget").mkdir()
    (tmp_path / "run" / "budget" / "budget.csv").write_text("mine")
    with pytest.raises(PrivbenchError, match=r"run holds budget, which its run's record does not list: move that away"):
        RunFolder(tmp_path / "run", "b", True)
    assert names(tmp_path / "run") == ["budget", LOG, MARKER, "run.json", "scores"]


def test_a_run_that_lists_no_files_vouches_for_none(tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "run.json").write_text(record("a", 0.8, 0.7).model_copy(update={"files": {}}).model_dump_json())
    (tmp_path / "run" / "a.txt").write_text("a run's, or mine?")
    with pytest.raises(PrivbenchError, match=r"run holds a\.txt, which its run's record does not list"):
        RunFolder(tmp_path / "run", "b", True)
    fill(tmp_path / "run", "a")
    assert names(tmp_path / "run") == ["a.txt", LOG, MARKER, "run.json", "scores"]


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_folder_that_is_no_run_is_never_replaced(tmp_path, overwrite):
    (tmp_path / "note.txt").write_text("mine")
    with pytest.raises(PrivbenchError, match="exists and is no run folder: choose another --out"):
        RunFolder(tmp_path, "a", overwrite)
    assert (tmp_path / "note.txt").read_text() == "mine"


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_folder_that_came_while_the_run_went_on_is_kept(tmp_path, overwrite):
    """Hours may have passed since the first look; the run is lost, what lies there is not."""
    folder = RunFolder(tmp_path / "run", "a", overwrite).filled("run")
    put(folder.__enter__(), "a")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "note.txt").write_text("mine")
    with pytest.raises(PrivbenchError, match="is no run folder"):
        folder.__exit__(None, None, None)
    assert names(tmp_path) == ["run"]
    assert (tmp_path / "run" / "note.txt").read_text() == "mine"


def test_a_run_that_cannot_be_read_is_replaced_only_where_told_so(tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "run.json").write_text("{")
    with pytest.raises(PrivbenchError, match="is no run of schema"):
        RunFolder(tmp_path / "run", "a", False)
    fill(tmp_path / "run", "a", overwrite=True)
    assert names(tmp_path / "run") == [LOG, MARKER, "run.json", "scores"]


def test_the_log_is_given_back_as_it_was(tmp_path):
    before = log.level, list(log.handlers)
    log.setLevel(logging.ERROR)
    try:
        with RunFolder(tmp_path / "run", "a", False).filled("run") as part:
            put(part, "a")
            assert log.level == logging.INFO
        assert (log.level, log.handlers) == (logging.ERROR, before[1])
        with pytest.raises(ZeroDivisionError):
            fall(tmp_path / "run", "a")
        assert (log.level, log.handlers) == (logging.ERROR, before[1])
    finally:
        log.setLevel(before[0])


def log_to_a_full_disk(path):
    with RunFolder(path, "a", False).filled("run"):
        (handler,) = [one for one in log.handlers if isinstance(one, logging.FileHandler)]
        handler.setStream(open("/dev/full", "w"))  # noqa: SIM115
        log.info("a stage …")
        pytest.fail("it went on")


def test_a_log_that_cannot_be_written_is_told(tmp_path):
    """Any other handler would print a traceback for every line, and go on."""
    with pytest.raises(PrivbenchError, match=f"The disk of {tmp_path}/run is full: .* point --out"):
        log_to_a_full_disk(tmp_path / "run")
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    ("told", "name"),
    [
        ({}, "dp-pix-phantom-quick"),
        ({"b": 4, "epsilon": 0.1}, "dp-pix-b4-epsilon0.1-phantom-quick"),
        ({"file": "../a b/ü"}, "dp-pix-file..-a-b-ü-phantom-quick"),
        ({"classifier": {"epochs": 3}, "sizes": [1]}, "dp-pix-phantom-quick"),
    ],
)
def test_a_folder_is_named_after_what_was_said_of_the_run(told, name):
    assert folder_name("dp-pix", told, ["phantom", "quick"]) == name
    assert "/" not in folder_name("dp-pix", told, ["a/b"])


def test_what_a_folder_lacks_on_purpose_stands_in_its_marker(tmp_path):
    assert withheld_from(tmp_path) == (), "there is none"
    mark(tmp_path, MARKER)
    assert withheld_from(tmp_path) == ()
    mark(tmp_path, MARKER, withheld=[Withheld.LOG, Withheld.WEIGHTS])
    assert withheld_from(tmp_path) == (Withheld.LOG, Withheld.WEIGHTS)


@pytest.mark.parametrize("told", ["the scores", ["the scores"], [["the log"]], 3, None])
def test_nothing_else_is_lacking_on_purpose(tmp_path, told):
    mark(tmp_path, MARKER, withheld=told)
    with pytest.raises(PrivbenchError, match=f"{MARKER} tells that something was withheld which never is"):
        withheld_from(tmp_path)


def test_a_run_in_the_place_of_its_shared_one_is_whole_again(tmp_path):
    """The list of what was left out is the run's own, and goes with it."""
    (tmp_path / "run").mkdir()
    put(tmp_path / "run", "a")
    mark(tmp_path / "run", MARKER, withheld=[Withheld.WEIGHTS])
    fill(tmp_path / "run", "a")
    assert withheld_from(tmp_path / "run") == ()
