import json
import shutil

import numpy as np
import pandas as pd
import pytest
from copying import copies
from records import estimate
from report_runs import forge

import privbench
from privbench.base.errors import PrivbenchError
from privbench.judging.compare import compare_runs, difference_of
from privbench.metrics.delong import delong_p_value
from privbench.protocols.schema import StatisticsSection
from privbench.record.folder import UTILITY_SCORES
from privbench.record.names import AUC, MEMORIZATION, OWN, copies_of, memory_of, worst_case
from privbench.record.run import read_run


@pytest.fixture(scope="module")
def pair(run_once):
    return run_once("identity", "identity").folder, run_once("dp-pix-b4", "dp-pix", params={"b": 4}).folder


def test_every_figure_of_both_is_compared(pair):
    found = compare_runs(*pair)
    records = [read_run(folder) for folder in pair]
    rows = {row.name: row for row in found.differences}
    worst = rows[worst_case(AUC)]
    assert (worst.first, worst.second) == pytest.approx(tuple(r.worst_case.verification_auc for r in records))
    assert worst.difference == pytest.approx(worst.second - worst.first)
    assert worst.interval.low <= worst.difference <= worst.interval.high
    assert worst.detectable > worst.interval.high - worst.difference > 0, "with power 0.8 it is wider than an interval"
    findings = [row for row in found.differences if row.name.finding is not None]
    told = [one.auc is not None for utility in records[0].utilities for one in utility.findings]
    assert len(findings) == sum(told)
    for row in findings:
        assert (row.p_value is None) == (row.detectable is None) == (row.interval is None)
    assert any("DeLong's test is not offered" in note for note in found.notes)
    assert any("the attack is weak" in note for note in found.notes)
    copied = rows[copies_of(OWN)]
    assert (copied.first, copied.second) == tuple(record.copies.own.share for record in records)
    assert copied.first == 1


def test_a_run_does_not_differ_from_itself(pair):
    found = compare_runs(pair[0], pair[0])
    assert all(row.difference == 0 and row.p_value in (1, None) for row in found.differences)
    assert all(row.interval is None or row.interval.low <= 0 <= row.interval.high for row in found.differences)


def test_delong_is_offered_where_every_patient_has_one_image(pair, tmp_path):
    alone = []
    for folder in pair:
        copy = tmp_path / folder.name
        shutil.copytree(folder, copy)
        scores = pd.read_parquet(copy / UTILITY_SCORES)
        first = scores["image"].isin(scores.drop_duplicates("patient")["image"])
        scores[first].to_parquet(copy / UTILITY_SCORES, index=False)
        forge(copy, UTILITY_SCORES)
        alone.append(copy)
    found = compare_runs(*alone)
    tested = {row.name: row for row in found.differences if row.delong is not None}
    assert tested
    for name, row in tested.items():
        assert name.whose == "classification (frozen)", "of the headline alone"
        one, other = (_test_rows(folder, name.finding) for folder in alone)
        assert row.delong == delong_p_value(one["label"].to_numpy(bool), one["score"], other["score"])
    assert not any("DeLong" in note for note in found.notes)


def _test_rows(folder, finding):
    scores = pd.read_parquet(folder / UTILITY_SCORES)
    return scores[(scores["mode"] == "frozen") & (scores["split"] == "test") & (scores["class"] == finding)]


def test_delong_is_not_offered_for_several_trainings(pair, tmp_path):
    """Their scores are of the same patients."""
    copies = []
    for folder in pair:
        copy = tmp_path / folder.name
        shutil.copytree(folder, copy)
        scores = pd.read_parquet(copy / UTILITY_SCORES)
        alone = scores[scores["image"].isin(scores.drop_duplicates("patient")["image"])]
        pd.concat([alone, alone.assign(seed=1)]).to_parquet(copy / UTILITY_SCORES, index=False)
        forge(copy, UTILITY_SCORES)
        copies.append(copy)
    found = compare_runs(*copies)
    assert not any(row.delong is not None for row in found.differences)
    assert any("DeLong's test is not offered: it needs one training" in note for note in found.notes)


def test_other_fingerprints_are_refused_and_named(pair, tiny_protocol, store, tmp_path):
    privbench.run(protocol=str(tiny_protocol), overrides=["statistics.resamples=120"], store=store, out=tmp_path / "r")
    with pytest.raises(PrivbenchError, match=r"fingerprints differ \(protocol.statistics.resamples: 100 / 120\)"):
        compare_runs(pair[0], tmp_path / "r")


def test_json_of_a_comparison_can_be_read(pair, capsys, monkeypatch):
    from privbench import cli

    monkeypatch.setattr("sys.argv", ["privbench", "compare", *map(str, pair), "--format", "json"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 0
    told = json.loads(capsys.readouterr().out)
    assert any("the attack is weak" in note for note in told["notes"])
    rows = told["differences"]
    assert {"name", "difference", "low", "high", "p_value", "detectable"} <= rows[0].keys()
    assert np.isfinite([row["difference"] for row in rows]).all()
    assert len(rows) == len(compare_runs(*pair).differences)


def test_a_run_that_publishes_others_is_named(pair, tmp_path):
    """Whatever its figures are."""
    shutil.copytree(pair[1], tmp_path / "run")
    record = read_run(pair[1]).model_copy(update={"copies": copies(0.98)})
    (tmp_path / "run" / "run.json").write_text(record.model_dump_json())
    note = "dp-pix b=4 publishes copies of other patients' originals, and so removes nobody."
    assert note in compare_runs(pair[0], tmp_path / "run").notes
    assert note not in compare_runs(*pair).notes


def test_a_difference_says_over_whom_its_interval_goes():
    rng = np.random.default_rng(0)
    one, other = (estimate(value, rng.normal(0, 0.02, 200)) for value in (0.6, 0.7))
    methods = {
        name: difference_of(name, one, other, StatisticsSection()).interval.method
        for name in (worst_case(AUC), memory_of(MEMORIZATION))
    }
    assert methods[worst_case(AUC)] == "percentile bootstrap over test patients, trained networks held fixed"
    assert (
        "members (or those held out) and test patients, released images held fixed" in methods[memory_of(MEMORIZATION)]
    )
