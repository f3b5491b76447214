"""Whatever was changed of an entry, after it was handed in or by hand, is found and named."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest
from handed_in import forge
from records import record, unpaired, weights

from privbench.base.errors import PrivbenchError
from privbench.judging.verify_submission import verify_submission, why_not_listed
from privbench.record.folder import LINKAGE_SCORES, UTILITY_SCORES
from privbench.record.shared import Withheld
from privbench.record.submission import FILE, read_submission
from privbench.running.run_folder import MARKER


@pytest.fixture
def entry(entries, tmp_path):
    """A copy of an entry, to be changed."""
    return shutil.copytree(entries["ribs"], tmp_path / "entry")


def change_run(folder, **changes):
    values = json.loads((folder / "run.json").read_text()) | changes
    (folder / "run.json").write_text(json.dumps(values))
    forge(folder)


def change_score(folder):
    """Of one test pair that the worst-case attack scored."""
    scores = pd.read_parquet(folder / LINKAGE_SCORES)
    row = scores.query("attack == 'contrastive' and scenario == 'informed' and split == 'test' and mated").index[7]
    scores.loc[row, "score"] -= 9
    scores.to_parquet(folder / LINKAGE_SCORES, index=False)


def test_one_score(entry):
    assert list(verify_submission(entry)) == []
    change_score(entry)
    said = list(verify_submission(entry))
    assert said[0] == f"{LINKAGE_SCORES} was changed: its digest is not the one in {FILE}"
    assert f"{LINKAGE_SCORES} was changed: its digest is not the one in run.json" in said
    assert any(one.startswith("run.json: attacks[contrastive (informed)].verification_auc is 0.9") for one in said)


def test_one_score_by_a_careful_forger(entry):
    change_score(entry)
    forge(entry, LINKAGE_SCORES)
    said = list(verify_submission(entry))
    assert said[0].startswith("run.json: worst_case.verification_auc is 0.9")
    assert any(one.startswith("run.json: attacks[contrastive (informed)].verification_auc is 0.9") for one in said)
    assert any(one.startswith("estimates.safetensors: ") for one in said)


def test_one_word_of_the_submission(entry):
    (entry / FILE).write_text((entry / FILE).read_text().replace("A. Author", "M. Allory"))
    assert list(verify_submission(entry)) == [f"{FILE} was changed: its digest is not that of what it tells"]


def test_what_lies_there_and_is_none_of_its_files(entry):
    (entry / "page.html").write_text("<script>")
    (entry / UTILITY_SCORES).unlink()
    said = list(verify_submission(entry))
    assert {
        "page.html lies there, and is no file of an entry",
        f"page.html lies there, and {FILE} does not list it",
        f"{UTILITY_SCORES} is missing, which {FILE} lists",
    } <= set(said)
    forge(entry)
    assert f"{FILE}: it lists page.html, which is no file of an entry" in list(verify_submission(entry))


def test_what_would_take_too_much_is_not_tried(entry, monkeypatch):
    protocol = json.loads((entry / "run.json").read_text())["protocol"]
    change_run(
        entry, protocol=protocol | {"name": "q" * 401, "statistics": protocol["statistics"] | {"resamples": 10**9}}
    )
    monkeypatch.setattr("privbench.judging.entry_files.MOST_ROWS", 100)
    said = list(verify_submission(entry))
    assert "run.json: protocol.statistics.resamples is 1000000000, and no number up to 100000" in said
    assert "run.json: its protocol's name is longer than 400 letters, for which no page has room" in said
    assert any(one.startswith(f"{LINKAGE_SCORES} has ") and one.endswith(" rows, more than 100") for one in said)
    assert not any("cannot be evaluated" in one for one in said)


def test_ages_were_withheld_of_people(entry):
    told = json.loads((entry / MARKER).read_text())
    told["withheld"].remove(Withheld.AGES)
    (entry / MARKER).write_text(json.dumps(told))
    forge(entry)
    assert list(verify_submission(entry)) == [
        f"{MARKER}: it does not tell that exact ages were withheld: make the entry with submit"
    ]


def test_weights_are_no_part_of_it(entry):
    (entry / "anonymizer.safetensors").write_bytes(b"made up")
    forge(entry, "anonymizer.safetensors")
    assert "anonymizer.safetensors lies there, and is no file of an entry" in list(verify_submission(entry))


def test_a_name_that_was_put_back(entry):
    scores = pd.read_parquet(entry / UTILITY_SCORES)
    scores["patient"] = scores["patient"].replace(scores["patient"].iloc[0], "Smith")
    scores.to_parquet(entry / UTILITY_SCORES, index=False)
    forge(entry, UTILITY_SCORES)
    assert f"{UTILITY_SCORES}: there are names in patient, where places in the order belong" in list(
        verify_submission(entry)
    )


def test_a_shared_run_is_no_entry(entry):
    told = json.loads((entry / MARKER).read_text())
    told["withheld"] = [one for one in told["withheld"] if "names" not in one]
    (entry / MARKER).write_text(json.dumps(told))
    forge(entry)
    assert list(verify_submission(entry)) == [
        f"{MARKER}: it does not tell that names were withheld: make the entry with submit"
    ]


def test_terms_are_told_of_data_of_people(entry):
    submission = read_submission(entry).model_copy(update={"data_terms": None})
    (entry / FILE).write_text(submission.model_dump_json())
    forge(entry)
    assert list(verify_submission(entry)) == [
        f"{FILE}: it does not tell on which terms figures and scores of its data may be published"
    ]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"created": "2025-03-02T00:00:00+00:00"}, "handed in on 2025-03-01, before it was made (2025-03-02)"),
        ({"created": "<b>tomorrow</b>"}, "run.json: created is no moment such as"),
        ({"fingerprint": "<b>mine</b>"}, "run.json: fingerprint is no SHA-256"),
        ({"fingerprint": "ab" * 32}, "run.json: fingerprint is not that of the terms"),
    ],
)
def test_when_and_under_which_terms_it_was_made_is_told_as_it_is(entry, changes, why):
    change_run(entry, **changes)
    assert any(why in problem for problem in verify_submission(entry))


@pytest.mark.parametrize("public", [False, True])
def test_that_texts_were_withheld_makes_no_fingerprint_true(entry, public):
    told = json.loads((entry / MARKER).read_text())
    (entry / MARKER).write_text(json.dumps(told | {"withheld": [*told["withheld"], Withheld.TEXTS]}))
    change_run(entry, fingerprint="ab" * 32, public=public)
    said = list(verify_submission(entry))
    assert "run.json: fingerprint is not that of the terms and the data's digest" in said
    assert (f"{MARKER}: it tells that texts were withheld, which never are of public data" in said) is public


def test_what_is_too_large_for_a_repository_is_told(entry, monkeypatch):
    monkeypatch.setattr("privbench.judging.entry_files.LARGEST", 2**20)
    (entry / "training_curves.png").write_bytes(np.random.default_rng(0).bytes(2**20 + 1))
    forge(entry, "training_curves.png")
    assert list(verify_submission(entry)) == [
        "training_curves.png is larger than 1 MiB, which no entry needs, or repositories do not take"
    ]


def test_without_submission_or_run_it_is_none(entry):
    (entry / "run.json").rename(entry / "other.json")
    with pytest.raises(PrivbenchError, match="is no run folder"):
        list(verify_submission(entry))
    (entry / FILE).unlink()
    with pytest.raises(PrivbenchError, match="is no entry of a leaderboard"):
        list(verify_submission(entry))


@pytest.mark.parametrize("verdict", ["certified", "open", "unsaturated", "weak"])
def test_certified_and_open_runs_may_be_listed(verdict):
    why = why_not_listed(record("a", 0.7, 0.7, verdict=verdict))
    assert why is None if verdict in ("certified", "open") else f"the attack is {verdict} (" in why


def test_what_was_not_attacked_or_knew_the_patients_may_not():
    assert why_not_listed(unpaired("a")).startswith("its privacy was not judged: ")
    assert "see them" in why_not_listed(record("a", 0.7, 0.7, weights=[weights(test=3)]))
