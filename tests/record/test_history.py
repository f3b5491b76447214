"""Every schema of run.json that was ever written stays readable."""

import json
from pathlib import Path

import pytest

from privbench.base.errors import PrivbenchError
from privbench.evaluate.attack_figures import RETRIEVAL, VERIFICATION
from privbench.judging.ranking import make_boards, read_entry
from privbench.record.run import SCHEMA_VERSION, read_run
from privbench.report.markup import as_markdown
from privbench.report.tables.leaderboard import leaderboard_sheets

HISTORY = Path(__file__).parent / "history"


def test_every_older_schema_has_a_historic_file():
    assert [path.name for path in sorted(HISTORY.iterdir())] == [
        f"run-schema-{version}.json" for version in range(1, SCHEMA_VERSION)
    ]


def test_schema_1_is_read_without_inventing_anything():
    old = json.loads((HISTORY / "run-schema-1.json").read_text())
    run = read_run(HISTORY / "run-schema-1.json")
    (attack,) = run.attacks
    assert (attack.label, attack.verification_auc) == ("siamese (paper)", old["attack"]["verification_auc"])
    assert attack.seed_aucs == old["attack"]["seed_aucs"]
    assert (attack.validation_auc, attack.certificate, attack.retrieval) == (None, None, None)
    assert run.utility.mean_auc == old["utility"]["mean_auc"]
    assert run.worst_case.verdict == "weak", "no attack was certified then"
    assert not run.terms


def test_schema_2_is_read_without_inventing_anything():
    old = json.loads((HISTORY / "run-schema-2.json").read_text())
    run = read_run(HISTORY / "run-schema-2.json")
    assert [attack.verification_auc for attack in run.attacks] == [one["verification_auc"] for one in old["attacks"]]
    first = run.attacks[0]
    assert first.interval == first.patient_interval, "the intervals of then held patients alone"
    assert first.image_wise_interval is None
    assert first.retrieval.interval is None
    assert run.files == {}


def test_schema_3_is_read_without_inventing_anything():
    old = json.loads((HISTORY / "run-schema-3.json").read_text())
    run = read_run(HISTORY / "run-schema-3.json")
    (utility,) = run.utilities
    assert utility is run.utility
    assert (utility.label, utility.task, utility.train, utility.test) == (
        "classification (frozen)",
        "classification",
        "O",
        "A",
    )
    told = old["utility"]
    kept = {key: value for key, value in told.items() if key != "findings"}
    assert utility.model_dump(mode="json", include=set(kept)) == kept
    for finding, one in zip(utility.findings, told["findings"], strict=True):
        assert finding.model_dump(mode="json", exclude_none=True) == {k: v for k, v in one.items() if v is not None}
    assert utility.mean_over == [one["name"] for one in told["findings"] if one["auc"] is not None]
    assert set(utility.mean_over).isdisjoint(utility.left_out)
    assert (utility.seed_aucs, utility.groups, utility.gaps, utility.few, utility.lost) == ([], [], [], [], None)
    assert (utility.original, utility.change, utility.seed_std) == (None, None, None)
    assert (run.measurements, run.files) == ([], {})
    assert run.terms == old["terms"]


def test_schema_4_keeps_every_figure_of_the_attacks():
    old = json.loads((HISTORY / "run-schema-4.json").read_text())
    run = read_run(HISTORY / "run-schema-4.json")
    for attack, told in zip(run.attacks, old["attacks"], strict=True):
        values = {figure.name: figure.value for figure in attack.figures}
        scores, ranks = told["verification"], told["retrieval"]
        assert values["equal error rate"] == scores["equal_error_rate"]
        assert (values["Cllr"], values["least Cllr"]) == (scores["cllr"], scores["min_cllr"])
        assert values["linkability"] == scores["linkability"]
        for rate, at in zip(scores["match_rates"], ("1%", "0.1%"), strict=True):
            assert (values[f"FNMR at FMR {at}"], values[f"FMR met at FMR {at}"]) == (
                rate["test_fnmr"],
                rate["test_fmr"],
            )
        assert (values["rank 5"], values["rank 10"]) == (ranks["rank_5"], ranks["rank_10"])
        assert (values["mAP@R"], values["R-precision"]) == (ranks["map_at_r"], ranks["r_precision"])
        assert values["precision at 1"] == ranks["precision_at_1"]
        assert attack.retrieval.rank_1 == ranks["rank_1"]
        declared = [(name, "verification", one.unit, one.more_is_private) for name, one in VERIFICATION.items()]
        declared += [(name, "retrieval", one.unit, one.more_is_private) for name, one in RETRIEVAL.items()]
        assert [(one.name, one.of, one.unit, one.more_is_private) for one in attack.figures] == declared


def test_schema_5_told_of_stages_what_they_cost_and_of_the_data_not_whose_they_are():
    old = json.loads((HISTORY / "run-schema-5.json").read_text())
    run = read_run(HISTORY / "run-schema-5.json")
    assert [stage.model_dump(include=set(told)) for stage, told in zip(run.stages, old["stages"], strict=True)] == (
        old["stages"]
    )
    assert {(stage.digest, len(stage.inputs)) for stage in run.stages} == {("", 0)}
    assert run.public is False, "pictures are shown of no data of which nobody said that they may be"


def test_schema_6_told_nothing_of_single_images():
    old = json.loads((HISTORY / "run-schema-6.json").read_text())
    run = read_run(HISTORY / "run-schema-6.json")
    assert {attack.match for attack in run.attacks} == {run.worst_case.release} == {None}
    assert run.worst_case.verdict == old["worst_case"]["verdict"], "what was said is not said anew"


def test_schema_6_did_not_search_for_single_patients():
    old = json.loads((HISTORY / "run-schema-6.json").read_text())
    run = read_run(HISTORY / "run-schema-6.json")
    assert [attack.risk for attack in run.attacks] == [None] * len(old["attacks"])
    for attack, told in zip(run.attacks, old["attacks"], strict=True):
        assert attack.model_dump(mode="json", include=set(told)) == told


def test_schema_7_knew_no_weights_of_files():
    old = json.loads((HISTORY / "run-schema-7.json").read_text())
    run = read_run(HISTORY / "run-schema-7.json")
    assert run.weights == []
    assert run.worst_case.model_dump(mode="json") == old["worst_case"]
    assert run.contamination is None


def test_schema_8_knew_no_release_that_lacks_images():
    run = read_run(HISTORY / "run-schema-8.json")
    assert run.released == {}
    assert run.partly_released is None
    assert run.anonymizer.deterministic is False


def test_schema_9_is_read_as_a_run_whose_privacy_was_judged_and_whose_release_was_paired():
    old = json.loads((HISTORY / "run-schema-9.json").read_text())
    run = read_run(HISTORY / "run-schema-9.json")
    assert (run.unjudged, run.unpaired) == (None, None)
    assert run.judged.model_dump(mode="json") == old["worst_case"]
    assert run.interval == run.worst_case.interval


def test_old_runs_stand_on_the_leaderboard_without_a_rank():
    """Those from before estimates were kept."""
    boards = make_boards([read_entry(HISTORY / f"run-schema-{version}.json") for version in (1, 2, 3)])
    assert all(standing.privacy_rank is None for board in boards for standing in board.standings)
    assert "shares no table with" in as_markdown(leaderboard_sheets(boards))


@pytest.mark.parametrize(
    "text", ["[]", "{", '{"schema_version": 99}', *(f'{{"schema_version": {n}}}' for n in range(1, SCHEMA_VERSION + 1))]
)
def test_what_is_no_run_is_told(tmp_path, text):
    (tmp_path / "run.json").write_text(text)
    with pytest.raises(PrivbenchError, match="is no run of schema"):
        read_run(tmp_path)
