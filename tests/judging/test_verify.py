"""Tampering with one score, one label or one figure is found and named."""

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file, save

from privbench.base.errors import PrivbenchError
from privbench.base.files import sha256
from privbench.judging.verify import verify_run
from privbench.record.folder import (
    COPY_SCORES,
    INFERENCE_SCORES,
    LINKAGE_SCORES,
    MATCHES,
    MEASUREMENTS,
    RETRIEVAL_SCORES,
    SEARCH_SCORES,
    UTILITY_SCORES,
)


@pytest.fixture(scope="module")
def finished(run_once):
    recipe = "{backbone='test_resnet',epochs=1,batch_size=16,learning_rate=1e-3}"
    changes = [f"attacks.attributes.params={recipe}", "utilities.quality={}"]
    return run_once("verify", "dp-pix", params={"b": 2}, overrides=changes).folder


@pytest.fixture
def copy(finished, tmp_path):
    shutil.copytree(finished, tmp_path / "run")
    return tmp_path / "run"


def edit(folder, change):
    """Changes run.json."""
    values = json.loads((folder / "run.json").read_text())
    change(values)
    (folder / "run.json").write_text(json.dumps(values))


def forge(folder, name):
    """Writes the file's new digest into run.json, as a careful forger would."""
    edit(folder, lambda values: values["files"].update({name: sha256(folder / name)}))


def test_an_honest_run_holds(finished):
    assert list(verify_run(finished)) == []


@pytest.mark.parametrize(
    ("name", "figures"),
    [
        (LINKAGE_SCORES, "attacks[contrastive (informed)]"),
        (UTILITY_SCORES, "utilities[classification (retrained-transfer)]"),
        (INFERENCE_SCORES, "inferences[attributes (informed) age]"),
        (MEASUREMENTS, "measurements[quality (frozen) PSNR]"),
    ],
)
@pytest.mark.parametrize("careful", [False, True])
def test_one_score(copy, name, figures, careful):
    scores = pd.read_parquet(copy / name)
    rows = {  # of something that is there, and has a figure
        LINKAGE_SCORES: "attack == 'contrastive' and scenario == 'informed'",
        UTILITY_SCORES: "mode == 'retrained-transfer' and split == 'test' and label == 1",
        INFERENCE_SCORES: "attribute == 'age' and scenario == 'informed'",
        MEASUREMENTS: "measure == 'PSNR'",
    }
    row = scores.query(rows[name]).index[-1]
    scores.loc[row, "value" if name == MEASUREMENTS else "score"] += 100
    scores.to_parquet(copy / name, index=False)
    if careful:
        forge(copy, name)
    problems = list(verify_run(copy))
    assert problems[0].startswith(f"run.json: {figures}" if careful else f"{name} was changed")
    assert any(problem.startswith(f"run.json: {figures}") for problem in problems)


def test_one_label(copy):
    pairs = pd.read_parquet(copy / LINKAGE_SCORES)
    pairs.loc[7, "mated"] = not pairs.loc[7, "mated"]
    pairs.to_parquet(copy / LINKAGE_SCORES, index=False)
    forge(copy, LINKAGE_SCORES)
    row = pairs.loc[7]
    assert next(verify_run(copy)).startswith(
        f"{LINKAGE_SCORES}: 1 pair(s) are labelled against their patients, first {row['probe']} and {row['reference']}"
    )


def test_one_finding(copy):
    scores = pd.read_parquet(copy / UTILITY_SCORES)
    row = scores.query("mode == 'frozen' and split == 'test'").index[0]
    scores.loc[row, "label"] = 1 - scores.loc[row, "label"]
    scores.to_parquet(copy / UTILITY_SCORES, index=False)
    forge(copy, UTILITY_SCORES)
    figure = f"utilities[classification (frozen)].findings[{scores.loc[row, 'class']}].positives"
    assert any(figure in problem for problem in verify_run(copy))


def test_one_rank(copy):
    ranks = pd.read_parquet(copy / RETRIEVAL_SCORES)
    best = ranks[ranks["scenario"] == "informed"].groupby(["attack", "probe"])["outranked_by"].idxmin()
    row = next(index for index in best if ranks.loc[index, "outranked_by"] > 0)
    ranks.loc[row, "outranked_by"] = 0
    ranks.to_parquet(copy / RETRIEVAL_SCORES, index=False)
    forge(copy, RETRIEVAL_SCORES)
    assert any(".retrieval.rank_1 is" in problem for problem in verify_run(copy))


def test_one_image_that_found_its_original(copy):
    matches = pd.read_parquet(copy / MATCHES)
    assert set(zip(matches["attack"], matches["scenario"], strict=True)) == {
        ("contrastive", "informed"), ("correlation", "informed"),
    }  # fmt: skip
    row = matches.index[matches["outranked_by"] == 0][0]
    matches.loc[row, "outranked_by"] = 1
    matches.to_parquet(copy / MATCHES, index=False)
    assert next(verify_run(copy)) == f"{MATCHES} was changed: its digest is not the one in run.json"
    forge(copy, MATCHES)
    attack = f"{matches.loc[row, 'attack']} ({matches.loc[row, 'scenario']})"
    assert any(one.startswith(f"run.json: attacks[{attack}].match.rate is") for one in verify_run(copy))


def test_one_search(copy):
    """Whom an attacker found is a figure of the risk as any other."""
    searches = pd.read_parquet(copy / SEARCH_SCORES)
    searches.loc[:, "score"] = searches["score"].where(searches["split"] == "val", np.nan)
    searches.to_parquet(copy / SEARCH_SCORES, index=False)
    assert next(verify_run(copy)).startswith(f"{SEARCH_SCORES} was changed")
    forge(copy, SEARCH_SCORES)
    assert f"{SEARCH_SCORES}: {(searches['split'] == 'test').sum()} score(s) are no numbers" in list(verify_run(copy))
    searches.assign(score=0.0, mates=0).to_parquet(copy / SEARCH_SCORES, index=False)
    forge(copy, SEARCH_SCORES)
    assert any("].risk.alone is" in problem for problem in verify_run(copy))


def test_searches_that_were_taken_away(copy):
    (copy / SEARCH_SCORES).unlink()
    assert f"{SEARCH_SCORES} is missing" in list(verify_run(copy))
    edit(copy, lambda values: values["files"].pop(SEARCH_SCORES))
    assert f"run.json: the digest of {SEARCH_SCORES} is missing" in list(verify_run(copy))


def test_one_copy(copy):
    """An image that is said to be like another original than before, and that is said to be somebody else's."""
    rows = pd.read_parquet(copy / COPY_SCORES)
    row = rows.query("shown == 'A' and split == 'train'").index[0]
    rows.loc[row, "exact"] = True
    rows.to_parquet(copy / COPY_SCORES, index=False)
    forge(copy, COPY_SCORES)
    problems = list(verify_run(copy))
    assert any(problem.startswith("run.json: copies.others.exact is 0") for problem in problems)
    assert any("privacy/copies/other patients' originals are not what" in problem for problem in problems)
    rows.loc[row, "relation"] = "own patient"
    rows.to_parquet(copy / COPY_SCORES, index=False)
    forge(copy, COPY_SCORES)
    told = f"{COPY_SCORES}: 1 image(s) are related to originals against their patients, first {rows.loc[row, 'image']}"
    assert next(verify_run(copy)).startswith(told)


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("worst_case", "verification_auc"), 0.5, "run.json: worst_case.verification_auc is 0.5, the scores give 0."),
        (("worst_case", "verdict"), "certified", "run.json: worst_case.verdict is certified, the scores give weak"),
        (("worst_case", "release", "found"), 0.9, "run.json: worst_case.release.found is 0.9, the scores give 0.5"),
        (("attacks", 0, "interval", "low"), 0.1, "run.json: attacks[siamese (paper)].interval.low is 0.1"),
        (
            ("attacks", 1, "certificate", "control_auc"),
            0.99,
            "run.json: attacks[contrastive (informed)].certificate.control_auc",
        ),
        (("utilities", 0, "mean_auc"), 0.9, "run.json: utilities[classification (frozen)].mean_auc is 0.9"),
        (("utilities", 2, "original"), 0.9, "run.json: utilities[classification (retrained-release)].original is 0.9"),
        (("measurements", 0, "value"), 9.0, "run.json: measurements[quality (frozen) SSIM].value is 9"),
        (("copies", "threshold"), 0.99, "run.json: copies.threshold is 0.99, the scores give"),
        (("copies",), None, "run.json: copies is None, the scores give"),
        (("fingerprint",), "0" * 64, "run.json: fingerprint is not that of the terms"),
        (("data_digest",), "0" * 64, "run.json: fingerprint is not that of the terms"),
        (("protocol", "seed"), 8, "run.json: protocol.seed is not what the fingerprint was made of"),
        (("warnings",), [], "run.json: the warning 'left out of the mean"),
    ],
)
def test_one_figure(copy, path, value, message):
    def change(values):
        for key in path[:-1]:
            values = values[key]
        values[path[-1]] = value

    edit(copy, change)
    assert next(verify_run(copy)).startswith(message)


def test_files_may_lie_elsewhere(copy):
    """The fingerprint is made of what they hold, and the verifying machine need not have them."""

    def move(values):
        values["protocol"]["pairs"]["test_file"] = "/elsewhere/pairs.txt"
        values["protocol"]["data"]["params"]["root"] = "/elsewhere"
        values["protocol"]["utilities"]["classification"]["params"]["reread_file"] = "/elsewhere/reread.csv"

    edit(copy, move)
    assert list(verify_run(copy)) == []
    edit(copy, lambda values: values["protocol"]["utilities"]["classification"]["params"].update(recipe="robust"))
    assert list(verify_run(copy)) == ["run.json: protocol.utilities is not what the fingerprint was made of"]


def test_resampled_values(copy):
    file = copy / "estimates.safetensors"
    with safe_open(file, "numpy") as opened:
        metadata = opened.metadata()
    tensors = load_file(file)
    name = "privacy/worst case/AUC"
    tensors[f"{name}/resampled"] = tensors[f"{name}/resampled"] - np.float32(0.01)
    file.write_bytes(save(tensors, metadata=metadata))
    forge(copy, "estimates.safetensors")
    assert list(verify_run(copy)) == [f"estimates.safetensors: resampled of {name} are not what the scores give"]


@pytest.mark.parametrize(("field", "value"), [("value", 0.5), ("effective", 999.0), ("training_error", 0.5)])
def test_what_ranks_are_made_of(copy, field, value):
    """The leaderboard and the gate read these, and not run.json."""
    file = copy / "estimates.safetensors"
    with safe_open(file, "numpy") as opened:
        told = json.loads(opened.metadata()["estimates"])
    told["privacy/worst case/AUC"][field] = value
    file.write_bytes(save(load_file(file), metadata={"estimates": json.dumps(told)}))
    forge(copy, "estimates.safetensors")
    (problem,) = verify_run(copy)
    assert problem == f"estimates.safetensors: {field} of privacy/worst case/AUC are not what the scores give"


def test_the_method(copy):
    edit(copy, lambda values: values["anonymizer"].update(name="prichexy"))
    assert next(verify_run(copy)) == "run.json: anonymizer.name is prichexy, anonymizer.json says dp-pix"


def test_a_digest_that_was_taken_away(copy):
    edit(copy, lambda values: values["files"].pop("contact_sheet.png"))
    assert list(verify_run(copy)) == ["run.json: the digest of contact_sheet.png is missing"]


@pytest.mark.parametrize(
    "damage",
    [
        lambda folder: edit(folder, lambda values: values["terms"].update(protocol=None)),
        lambda folder: (folder / "scores" / "measures.json").write_text("[1]"),
        lambda folder: (folder / "estimates.safetensors").unlink(),
        lambda folder: pd.DataFrame({"score": ["a"]}).to_parquet(folder / UTILITY_SCORES),
    ],
)
def test_any_damage_is_told_in_a_sentence(copy, damage):
    damage(copy)
    assert any("cannot be evaluated" in problem or "is missing" in problem for problem in verify_run(copy))


def test_what_is_missing_or_unreadable(copy):
    (copy / "contact_sheet.png").unlink()
    assert list(verify_run(copy)) == ["contact_sheet.png is missing"]
    (copy / LINKAGE_SCORES).write_bytes(b"no table")
    problems = list(verify_run(copy))
    assert f"{LINKAGE_SCORES} was changed: its digest is not the one in run.json" in problems
    assert problems[-1].startswith(f"the run cannot be evaluated: {copy / LINKAGE_SCORES} cannot be read")


@pytest.mark.parametrize("schema", [2, 6])
def test_old_runs_cannot_be_verified(tmp_path, schema):
    """Their verdicts were made of less, so that other ones would follow from their scores."""
    history = Path(__file__).parents[1] / "record" / "history"
    shutil.copy(history / f"run-schema-{schema}.json", tmp_path / "run.json")
    with pytest.raises(PrivbenchError, match="written by an older privbench"):
        list(verify_run(tmp_path))


def test_the_command_names_what_is_wrong(copy, finished, monkeypatch, capsys):
    from privbench import cli

    def call(*folders):
        monkeypatch.setattr("sys.argv", ["privbench", "verify", *map(str, folders)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return ended.value.code

    assert call(finished) == 0
    assert "everything holds" in capsys.readouterr().out
    edit(copy, lambda values: values["utilities"][0].update(mean_auc=0.9))
    assert call(finished, copy) == 1
    assert "utilities[classification (frozen)].mean_auc is 0.9" in capsys.readouterr().out
