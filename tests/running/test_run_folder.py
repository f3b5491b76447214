"""A run folder is put in place whole, or not at all."""

import logging

import pytest
from records import record

from privbench.base.errors import PrivbenchError
from privbench.base.progress import log
from privbench.running.run_folder import LOG, RunFolder, folder_name


def put(folder, name):
    """Writes the record of a run, whose key is its name."""
    (folder / "run.json").write_text(record(name, 0.8, 0.7).model_dump_json())


def fill(path, name, overwrite=False):
    with RunFolder(path, name, overwrite).filled() as part:
        put(part, name)
        (part / f"{name}.txt").write_text("scores")


def fall(path, name, overwrite=False):
    """A run that fails when it has written some of its files."""
    with RunFolder(path, name, overwrite).filled() as part:
        put(part, name)
        raise ZeroDivisionError


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_run_that_ends_well_is_there_with_its_log_and_nothing_beside_it(tmp_path):
    with RunFolder(tmp_path / "below" / "run", "a", False).filled() as part:
        put(part, "a")
        log.info("a stage …")
        assert names(tmp_path / "below") == [".run.unfinished"], "nothing is in place before the end"
    assert names(tmp_path / "below") == ["run"]
    assert names(tmp_path / "below" / "run") == [LOG, "run.json"]
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
    assert names(tmp_path / "run") == ["a.txt", LOG, "run.json"]


def test_what_a_killed_run_left_does_not_stand_in_the_next(tmp_path):
    (tmp_path / ".run.unfinished").mkdir()
    (tmp_path / ".run.unfinished" / "half.txt").write_text("half")
    (tmp_path / ".run.replaced").mkdir()
    fill(tmp_path / "run", "a")
    assert names(tmp_path) == ["run"]
    assert names(tmp_path / "run") == ["a.txt", LOG, "run.json"]


def test_another_run_is_in_the_way_unless_it_is_to_be_replaced(tmp_path):
    fill(tmp_path / "run", "a")
    with pytest.raises(PrivbenchError, match=r"run holds another run: choose another --out, or .* --overwrite"):
        RunFolder(tmp_path / "run", "b", False)
    fill(tmp_path / "run", "b", overwrite=True)
    assert names(tmp_path) == ["run"]
    assert names(tmp_path / "run") == ["b.txt", LOG, "run.json"], "nothing of the older one is left"


def test_the_same_run_may_be_made_again(tmp_path):
    fill(tmp_path / "run", "a")
    (tmp_path / "run" / "old.txt").write_text("old")
    fill(tmp_path / "run", "a")
    assert names(tmp_path / "run") == ["a.txt", LOG, "run.json"]


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_folder_that_is_no_run_is_never_replaced(tmp_path, overwrite):
    (tmp_path / "note.txt").write_text("mine")
    with pytest.raises(PrivbenchError, match="exists and is no run folder: choose another --out"):
        RunFolder(tmp_path, "a", overwrite)
    assert (tmp_path / "note.txt").read_text() == "mine"


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_folder_that_came_while_the_run_went_on_is_kept(tmp_path, overwrite):
    """Hours may have passed since the first look; the run is lost, what lies there is not."""
    folder = RunFolder(tmp_path / "run", "a", overwrite).filled()
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
    assert names(tmp_path / "run") == ["a.txt", LOG, "run.json"]


def test_the_log_is_given_back_as_it_was(tmp_path):
    before = log.level, list(log.handlers)
    log.setLevel(logging.ERROR)
    try:
        with RunFolder(tmp_path / "run", "a", False).filled() as part:
            put(part, "a")
            assert log.level == logging.INFO
        assert (log.level, log.handlers) == (logging.ERROR, before[1])
        with pytest.raises(ZeroDivisionError):
            fall(tmp_path / "run", "a")
        assert (log.level, log.handlers) == (logging.ERROR, before[1])
    finally:
        log.setLevel(before[0])


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
