"""Every schema of run.json that was ever written stays readable."""

import json
from pathlib import Path

import pytest

from privbench.errors import PrivbenchError
from privbench.ranking import make_boards, read_entry
from privbench.report.leaderboard import as_markdown
from privbench.results import SCHEMA_VERSION, read_run

HISTORY = Path(__file__).parent / "history"


def test_every_older_schema_has_a_historic_file():
    assert [path.name for path in sorted(HISTORY.iterdir())] == [
        f"run-schema-{version}.json" for version in range(1, SCHEMA_VERSION)
    ]


def test_schema_1_is_read_without_inventing_anything():
    old = json.loads((HISTORY / "run-schema-1.json").read_text())
    record = read_run(HISTORY / "run-schema-1.json")
    (attack,) = record.attacks
    assert (attack.label, attack.verification_auc) == ("siamese (paper)", old["attack"]["verification_auc"])
    assert attack.seed_aucs == old["attack"]["seed_aucs"]
    assert (attack.validation_auc, attack.certificate, attack.retrieval) == (None, None, None)
    assert record.utility.mean_auc == old["utility"]["mean_auc"]
    assert record.worst_case.verdict == "weak", "no attack was certified then"
    assert not record.terms


def test_schema_2_is_read_without_inventing_anything():
    old = json.loads((HISTORY / "run-schema-2.json").read_text())
    record = read_run(HISTORY / "run-schema-2.json")
    assert [attack.verification_auc for attack in record.attacks] == [one["verification_auc"] for one in old["attacks"]]
    first = record.attacks[0]
    assert first.interval == first.patient_interval, "the intervals of then held patients alone"
    assert first.image_wise_interval is None
    assert first.retrieval.interval is None
    assert record.files == {}


def test_old_runs_stand_on_the_leaderboard_without_a_rank():
    boards = make_boards([read_entry(path) for path in sorted(HISTORY.iterdir())])
    assert all(standing.privacy_rank is None for board in boards for standing in board.standings)
    assert "shares no table with" in as_markdown(boards)


@pytest.mark.parametrize(
    "text", ['{"schema_version": 1}', '{"schema_version": 99}', "[]", "{", '{"schema_version": 2}']
)
def test_what_is_no_run_is_told(tmp_path, text):
    (tmp_path / "run.json").write_text(text)
    with pytest.raises(PrivbenchError, match="is no run of schema"):
        read_run(tmp_path)
