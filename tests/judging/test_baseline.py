"""The file that later runs are compared with: what stands in it, and which runs may."""

import json

import numpy as np
import pytest
from records import estimate, record, weights
from report_runs import write_run

from privbench.base.errors import PrivbenchError
from privbench.judging.baseline import StoredEstimate, make_baseline, read_baseline, write_baseline
from privbench.record.estimates import FILE


@pytest.fixture
def folder(tmp_path):
    write_run(tmp_path / "a", params={"b": 4})
    return tmp_path / "a"


def test_an_estimate_is_the_same_after_its_file(rng):
    """Also where a draw left no value, and where a bound is infinite."""
    one = estimate(0.7, rng.normal(0, 0.1, 50), training_error=0.02)
    one.resampled[3] = one.jackknife[5] = np.nan
    one = one.minus(estimate(0.2, np.zeros(50)))
    stored = StoredEstimate.of(one)
    read = StoredEstimate.model_validate_json(stored.model_dump_json())
    assert read == stored, "which two NaNs would not be"
    again = read.estimate()
    assert np.flatnonzero(np.isnan(again.resampled)).tolist() == [3]
    assert np.flatnonzero(np.isnan(again.jackknife)).tolist() == [5]
    for name in ("resampled", "jackknife", "between"):
        assert np.allclose(getattr(again, name), getattr(one, name), atol=1e-7, rtol=0, equal_nan=True)
    for name in ("value", "effective", "counted_twice", "training_error", "freedom", "partly", "bounds"):
        assert getattr(again, name) == getattr(one, name)


def test_a_baseline_is_read_as_it_was_written(folder, tmp_path):
    baseline = make_baseline([folder])
    write_baseline(baseline, tmp_path / "baseline.json")
    assert read_baseline(tmp_path / "baseline.json") == baseline.sealed()
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_a_run_is_found_by_its_method_and_its_parameters(folder, tmp_path):
    other = write_run(tmp_path / "b", name="b", params={"b": 4})
    baseline = make_baseline([folder, tmp_path / "b"])
    assert [run.label for run in baseline.runs] == ["a b=4", "b b=4"]
    assert baseline.run_of(other) is baseline.runs[1]
    method = other.anonymizer.model_copy(update={"params": {"b": 5}})
    assert baseline.run_of(other.model_copy(update={"anonymizer": method})) is None


def test_a_baseline_tells_what_it_was_made_under(folder):
    baseline = make_baseline([folder])
    assert (baseline.protocol, baseline.fingerprint, baseline.data_digest) == ("quick", "0" * 64, "d")
    (run,) = baseline.runs
    assert (run.anonymizer, run.worst_case) == ("a", "contrastive (informed)")
    assert sorted(figure.value for figure in run.figures.values()) == [0.7, 0.8]


def test_a_run_that_is_not_certified_can_be_no_baseline(tmp_path):
    write_run(tmp_path / "a", verdict="unsaturated")
    with pytest.raises(PrivbenchError, match=r"on a is unsaturated, so it can be no baseline \(.*by hand\)"):
        make_baseline([tmp_path / "a"])


def test_a_run_whose_weights_saw_test_patients_can_be_no_baseline(tmp_path):
    seen = record("a", 0.8, 0.7, weights=[weights(2)])
    (tmp_path / "run.json").write_text(seen.model_dump_json())
    with pytest.raises(
        PrivbenchError, match="a can be no baseline, as the weights of the anonymizer prichexy saw 2 of"
    ):
        make_baseline([tmp_path])


def test_an_open_run_may_be_compared_with_and_says_so(tmp_path):
    """A gate compares like with like; its figures can become worse, though a low one is no evidence of privacy."""
    write_run(tmp_path / "a", verdict="open")
    assert [run.verdict for run in make_baseline([tmp_path / "a"]).runs] == ["open"]


def test_runs_under_different_protocols_share_no_baseline(folder, tmp_path):
    write_run(tmp_path / "b", name="b", fingerprint="1" * 64)
    with pytest.raises(PrivbenchError, match=r"cannot be compared, their fingerprints differ"):
        make_baseline([folder, tmp_path / "b"])


def test_one_method_stands_in_a_baseline_once(folder):
    with pytest.raises(PrivbenchError, match="one method with the same parameters"):
        make_baseline([folder, folder])


def test_a_run_without_its_estimates_can_be_no_baseline(folder):
    (folder / FILE).unlink()
    with pytest.raises(PrivbenchError, match="is missing"):
        make_baseline([folder])


@pytest.mark.parametrize(
    "change",
    [
        {"schema_version": 1},
        {"schema_version": 3},
        {"surplus": 1},
        {"runs": [{"label": "a", "anonymizer": "a", "params": {}, "worst_case": "w", "figures": {}}]},
    ],
)
def test_a_file_of_another_schema_is_refused(folder, tmp_path, change):
    path = tmp_path / "baseline.json"
    path.write_text(json.dumps(json.loads(make_baseline([folder]).model_dump_json()) | change))
    with pytest.raises(PrivbenchError, match=r"baseline\.json is no baseline of this privbench .*: make it anew"):
        read_baseline(path)


@pytest.mark.parametrize("text", ["{}", "[]", "no"])
def test_a_file_that_is_none_is_refused(tmp_path, text):
    (tmp_path / "no.json").write_text(text)
    with pytest.raises(PrivbenchError, match="is no baseline"):
        read_baseline(tmp_path / "no.json")


def test_a_missing_baseline_is_told_with_how_to_make_it(tmp_path):
    with pytest.raises(PrivbenchError, match="make it with privbench baseline"):
        read_baseline(tmp_path / "no.json")
