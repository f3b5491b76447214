"""The record of a run is read as it was written, and what is none is told."""

import json

import pytest
from records import record, with_modes

from privbench.base.errors import PrivbenchError
from privbench.record.run import RunRecord, read_run


def test_a_run_is_read_as_it_was_written(tmp_path):
    run = record("a", 0.8, 0.7)
    (tmp_path / "run.json").write_text(run.model_dump_json())
    assert read_run(tmp_path) == run


def test_unreadable_records_are_told(finished, tmp_path):
    with pytest.raises(PrivbenchError, match=r"is no run folder: there is no run\.json"):
        read_run(tmp_path)
    values = json.loads((finished.folder / "run.json").read_text())
    (tmp_path / "run.json").write_text(json.dumps({**values, "schema_version": 99}))
    with pytest.raises(PrivbenchError, match="is no run of schema 10 or older"):
        read_run(tmp_path)
    assert RunRecord(**values) == finished.record


def test_a_run_is_read_from_its_folder_or_from_its_file(tmp_path):
    run = record("a", 0.8, 0.7)
    (tmp_path / "mine.json").write_text(run.model_dump_json())
    assert read_run(tmp_path / "mine.json") == run
    with pytest.raises(PrivbenchError, match=r"nothing is no run folder: there is no run\.json in it"):
        read_run(tmp_path / "nothing")


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"schema_version": 99}, "schema_version: "),
        ({"surplus": 1}, "surplus: Extra inputs are not permitted"),
        ({"attacks": [{}]}, r"attacks\.0\.name: Field required"),
        ({"created": None}, "created: "),
    ],
)
def test_what_does_not_fit_the_schema_is_named(tmp_path, change, what):
    values = json.loads(record("a", 0.8, 0.7).model_dump_json())
    (tmp_path / "run.json").write_text(json.dumps(values | change))
    with pytest.raises(PrivbenchError, match=rf"run\.json is no run of schema \d+ or older \({what}"):
        read_run(tmp_path)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "\xff"])
def test_what_is_no_json_of_a_run_is_told(tmp_path, text):
    (tmp_path / "run.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(PrivbenchError, match="run it again with --overwrite, or read it with the privbench"):
        read_run(tmp_path)


def given(params, *names):
    method = record("prichexy", 0.8, 0.7).anonymizer.model_copy(update={"params": params, "given": list(names)})
    return record("prichexy", 0.8, 0.7).model_copy(update={"anonymizer": method})


def test_a_run_is_called_by_its_method_and_the_parameters_that_the_user_chose():
    params = {"mu": 0.005, "epochs": 9, "sizes": [1, 2], "classifier": {"backbone": "x"}}
    assert given(params).label == "prichexy"
    assert given(params, "mu").label == "prichexy mu=0.005"
    assert given(params, "epochs", "classifier", "sizes", "mu").label == "prichexy epochs=9 mu=0.005"


def test_a_parameter_that_no_record_keeps_is_no_part_of_the_name():
    """Such as where a file lies."""
    assert given({"mu": 0.005}, "mu", "weights_file").label == "prichexy mu=0.005"


@pytest.mark.parametrize("verdict", ["unsaturated", "weak"])
def test_a_doubt_is_told_of_every_run_that_is_not_certified(verdict):
    assert record("a", 0.8, 0.7).certified
    assert record("a", 0.8, 0.7).doubt is None
    run = record("a", 0.8, 0.7, verdict=verdict, params={"b": 4})
    assert not run.certified
    assert run.doubt == (
        f"a b=4: the attack is {verdict}, so a low figure is no evidence of privacy (contrastive (informed): by hand)."
    )


def test_an_open_release_is_told_with_what_would_help():
    run = record("a", 0.5, 0.7, verdict="open")
    assert not run.certified
    assert run.doubt.startswith("a: the release is open, so a low figure is no evidence of privacy (contrastive")
    assert run.doubt.endswith("a larger budget may, such as protocol full, more steps or more patients).")


def test_the_headline_of_utility_is_the_first_tasks():
    run = with_modes(record("a", 0.8, 0.7))
    assert run.utility is run.utilities[0]
    assert [one.label for one in run.utilities] == ["classification (frozen)", "classification (retrained-transfer)"]


@pytest.mark.parametrize(
    ("path", "value", "what"),
    [
        (("worst_case", "verification_auc"), 7.0, "worst_case.verification_auc: "),
        (("worst_case", "verification_auc"), True, "worst_case.verification_auc: "),
        (("worst_case", "verification_auc"), "0.5", "worst_case.verification_auc: "),
        (("worst_case", "attack"), "another", "the file: the worst case, another .informed., is none"),
        (("worst_case", "interval", "low"), 0.99, "worst_case.interval: the interval ends at .*, below 0.99"),
        (("worst_case", "interval", "confidence"), 95, "worst_case.interval.confidence: "),
        (("attacks", 0, "counts", "patients"), -1, "attacks.0.counts.patients: "),
        (("utilities", 0, "mean_auc"), -0.1, "utilities.0.mean_auc: "),
        (("protocol",), {}, "protocol: it lacks name"),
        (("attacks", 0, "train_auc"), float("nan"), "NaN is no number"),
        (("schema_version",), None, "schema_version: "),
        (("protocol", "seed"), float("inf"), "Infinity is no number"),
    ],
)
def test_figures_that_cannot_be_are_named(tmp_path, path, value, what):
    values = json.loads(record("a", 0.8, 0.7).model_dump_json())
    inner = values
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    (tmp_path / "run.json").write_text(json.dumps(values))
    with pytest.raises(PrivbenchError, match=rf"older \({what}"):
        read_run(tmp_path)


def test_what_tells_no_schema_is_refused(tmp_path):
    values = json.loads(record("a", 0.8, 0.7).model_dump_json())
    del values["schema_version"]
    (tmp_path / "run.json").write_text(json.dumps(values))
    with pytest.raises(PrivbenchError, match="schema_version: "):
        read_run(tmp_path)


def test_a_key_that_stands_twice_is_refused(tmp_path):
    text = record("a", 0.8, 0.7).model_dump_json()
    (tmp_path / "run.json").write_text('{"key": "b",' + text[1:])
    with pytest.raises(PrivbenchError, match="'key' stands twice"):
        read_run(tmp_path)
