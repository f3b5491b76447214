"""What is handed in holds, names nobody, and is all there; what is refused is told together, and nothing is written."""

import shutil

import pandas as pd
import pytest
from handed_in import DAY, hand_in, write_about, write_proven_run

from privbench.base.errors import PrivbenchError
from privbench.evaluate.groups import AGES
from privbench.evaluate.linkage import YEARS
from privbench.evaluate.run import evaluate
from privbench.judging.submitting import submit_runs
from privbench.judging.verify_submission import verify_submission
from privbench.protocols.schema import Protocol
from privbench.record.estimates import read_estimates
from privbench.record.folder import (
    ANONYMIZER_STATE,
    COPY_SCORES,
    EVERY_RUN_HAS,
    LINKAGE_SCORES,
    MEASUREMENTS,
    RETRIEVAL_SCORES,
    UTILITY_SCORES,
    read_attack_scores,
)
from privbench.record.run import read_run
from privbench.record.scores import read_scores
from privbench.record.submission import FILE, read_submission
from privbench.running.run_folder import MARKER


def evaluated(folder):
    """Every figure and every estimate that the scores of a folder give."""
    versions = {"contrastive": "1"}
    tables = (read_scores(folder / name) for name in (UTILITY_SCORES, MEASUREMENTS, COPY_SCORES))
    protocol = Protocol.model_validate(read_run(folder).protocol)
    return evaluate(read_attack_scores(folder), *tables, protocol, versions, {"classification": "1"})


def test_every_figure_and_every_resample_is_the_runs_to_the_bit(entries, proven_runs):
    here, there = evaluated(entries["ribs"]), evaluated(proven_runs["ribs"])
    assert here.figures == there.figures == read_run(proven_runs["ribs"]).figures
    assert here.estimates.keys() == there.estimates.keys()
    for name, estimate in here.estimates.items():
        for field in ("value", "resampled", "jackknife", "between", "effective"):
            one, other = (getattr(told, field) for told in (estimate, there.estimates[name]))
            assert pd.Series(one).equals(pd.Series(other)), (name, field)
    stored = [read_estimates(folder / "estimates.safetensors") for folder in (entries["ribs"], proven_runs["ribs"])]
    assert stored[0].keys() == stored[1].keys()


def test_no_name_is_in_any_file_of_an_entry(entries, proven_runs):
    names = set()
    for column in ("probe", "reference", "probe_patient", "reference_patient"):
        names |= set(pd.read_parquet(proven_runs["ribs"] / LINKAGE_SCORES)[column])
    assert len(names) > 100
    for file in (file for file in entries["ribs"].rglob("*") if file.is_file()):
        content = file.name.encode() + file.read_bytes()
        if file.suffix == ".parquet":
            content += pd.read_parquet(file).to_csv().encode()
        assert not [name for name in names if name.encode() in content], file
    linkage = pd.read_parquet(entries["ribs"] / LINKAGE_SCORES)
    assert linkage["probe_patient"].str.fullmatch(r"patient-\d\d").all()


def test_an_entry_holds_what_is_needed_and_tells_of_it(entries, proven_runs):
    folder = entries["ribs"]
    record, told = read_run(folder), read_submission(folder)
    there = {file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()}
    assert there == {*EVERY_RUN_HAS, "run.json", MARKER, FILE} - {ANONYMIZER_STATE}
    assert told.files.keys() == there - {FILE}
    assert f"{folder.parent.name}/{folder.name}" == told.place(record)
    assert (told.method.name, told.method.licence, told.submitted) == ("Shuffled Ribs", "Apache-2.0", "2025-03-01")
    assert told.method.description.startswith("Moves the ribs of a radiograph about, so that nobody is known by them, ")
    assert told.data_terms
    assert record.fingerprint == read_run(proven_runs["ribs"]).fingerprint
    assert set(pd.read_parquet(folder / UTILITY_SCORES)["age"]) <= set(AGES.values())
    assert set(pd.read_parquet(folder / RETRIEVAL_SCORES)["years"]) <= set(YEARS)
    assert list(verify_submission(folder)) == []


def test_all_that_is_wrong_is_told_together_and_nothing_is_written(proven_runs, tmp_path):
    write_proven_run(tmp_path / "weak", 3.0, trained=0.2)
    (tmp_path / "none").mkdir()
    about = write_about(tmp_path / "about.toml", contact=None, licence='"free"', titel='"x"', data=None)
    folders = [proven_runs["ribs"], tmp_path / "weak", tmp_path / "none"]
    with pytest.raises(PrivbenchError) as error:
        submit_runs(folders, about, tmp_path / "leaderboard", DAY)
    said = str(error.value)
    assert said.startswith("7 things are wrong:")
    assert "'contact' is missing in" in said
    assert "'licence' does not do: it is no SPDX expression" in said
    assert "'titel' is nothing that" in said
    assert "ribs cannot be handed in, because its data may be of people: tell as 'data' on which terms" in said
    with pytest.raises(PrivbenchError) as error:
        submit_runs(folders[1:], write_about(tmp_path / "good.toml"), tmp_path / "leaderboard", DAY)
    assert "weak cannot be handed in, because the attack is weak (contrastive (informed): on originals" in str(
        error.value
    )
    assert "none is no run folder" in str(error.value)
    assert not (tmp_path / "leaderboard").exists()


def test_where_one_of_several_fails_as_it_is_written_none_is_handed_in(entries, proven_runs, tmp_path, monkeypatch):
    largest = max(file.stat().st_size for file in entries["ribs"].rglob("*"))
    monkeypatch.setattr("privbench.judging.entry_files.LARGEST", largest)
    with pytest.raises(PrivbenchError, match="again cannot be handed in: .* is larger than 0 MiB"):
        hand_in([proven_runs["ribs"], proven_runs["again"]], tmp_path / "leaderboard")
    assert not [file for file in (tmp_path / "leaderboard").rglob("*") if file.is_file()]


@pytest.mark.parametrize(
    ("text", "why"),
    [(None, "There is no file .*about.toml: write one"), ("name = ", "about.toml is not TOML"),
     ("", "'name' is missing")],
)  # fmt: skip
def test_whoever_tells_nothing_of_the_method_is_told_so(tmp_path, text, why):
    if text is not None:
        (tmp_path / "about.toml").write_text(text)
    with pytest.raises(PrivbenchError, match=why):
        submit_runs([], tmp_path / "about.toml", tmp_path / "leaderboard", DAY)


def test_what_does_not_hold_is_not_handed_in(proven_runs, tmp_path):
    edited = shutil.copytree(proven_runs["ribs"], tmp_path / "edited")
    scores = pd.read_parquet(edited / LINKAGE_SCORES)
    scores.assign(score=0.0).to_parquet(edited / LINKAGE_SCORES, index=False)
    with pytest.raises(PrivbenchError, match=r"edited cannot be handed in, because it does not hold \(scores/linkage"):
        hand_in([edited], tmp_path / "leaderboard")


def test_a_run_is_handed_in_once(proven_runs, leaderboard, tmp_path):
    twin = shutil.copytree(proven_runs["ribs"], tmp_path / "twin")
    with pytest.raises(PrivbenchError) as error:
        hand_in([proven_runs["ribs"], twin], leaderboard)
    assert "ribs was handed in today" in str(error.value)
    assert f"{twin} and {proven_runs['ribs']} hold the same run: name one of them" in str(error.value)


def test_of_data_in_which_nobody_is_no_terms_are_asked(tmp_path):
    write_proven_run(tmp_path / "run", public=True)
    (folder,) = hand_in([tmp_path / "run"], tmp_path / "leaderboard", data=None)
    assert read_submission(folder).data_terms is None
    assert (folder / "contact_sheet.png").is_file()
    assert pd.read_parquet(folder / UTILITY_SCORES)["age"].nunique() > 20, "ages of nobody stay"
