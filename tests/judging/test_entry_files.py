"""The files of an entry are looked at before they are read, and none of them names anybody."""

import shutil

import pandas as pd
import pytest
from handed_in import forge

from privbench.judging.entry_files import not_score_files, unreadable
from privbench.judging.verify_submission import verify_submission
from privbench.record.folder import LINKAGE_SCORES, UTILITY_SCORES


@pytest.fixture
def entry(entries, tmp_path):
    """A copy of an entry, to be changed."""
    return shutil.copytree(entries["ribs"], tmp_path / "entry")


def test_of_a_link_or_what_is_too_large_nothing_is_read(entry):
    (entry / "scores" / "more.parquet").symlink_to(entry / LINKAGE_SCORES)
    (entry / "run.json").write_text("[" * (4 * 2**20 + 1))
    assert (
        list(unreadable(entry))
        == list(verify_submission(entry))
        == [
            "run.json is larger than 4 MiB, which no entry needs, or repositories do not take",
            "scores/more.parquet is a link, or no file at all",
        ]
    )


def rewrite(folder, name, change):
    table = change(pd.read_parquet(folder / name))
    table.to_parquet(folder / name, index=False)
    forge(folder, name)


def shift(table):
    places = table["patient"].str.removeprefix("patient-").astype(int)
    return table.assign(patient=places.map(lambda place: f"patient-{place + 7:02}"))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda table: table.assign(name="Smith"), "has other columns than such files have: name"),
        (lambda table: table.drop(columns="view"), "has other columns than such files have: view"),
        (
            lambda table: table.assign(patient=[["patient-1"]] * len(table)),
            "holds more than one value a row in patient",
        ),
        (lambda table: table.assign(age=41.0), ": there are exact ages or years, where their groups belong"),
        (shift, "the places of patients in the order are not those from 1 on, each with as many digits"),
    ],
)
def test_score_files_are_what_they_may_be(entry, change, said):
    rewrite(entry, UTILITY_SCORES, change)
    assert [one for one in verify_submission(entry) if said in one]


def test_runs_of_this_privbench_have_these_columns(finished):
    assert list(not_score_files(finished.folder)) == []
