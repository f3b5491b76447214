import json
from xml.etree import ElementTree

import numpy as np
import pytest
from records import estimate, weights
from report_runs import with_record

from privbench import cli
from privbench.judging.baseline import make_baseline, read_baseline, write_baseline
from privbench.judging.gate import Judgement, Pair, Tolerances, judge_changes, judge_runs
from privbench.protocols.schema import StatisticsSection
from privbench.record import names
from privbench.record.run import read_run
from privbench.report import judgement as told

STATISTICS = StatisticsSection()
AUC, RANK, MATCH = (names.worst_case(metric) for metric in (names.AUC, names.RANK_1, names.MATCH))
UTILITY = names.FigureName(names.Subject.UTILITY, "classification (frozen)", names.MEAN_AUC)
COPIES = names.copies_of(names.OTHERS)


def change(name, before, after, rng, spread=0.005, **told):
    draws = rng.normal(0, spread, (2, 4000))
    pair = Pair("run", name, estimate(before, draws[0], **told), estimate(after, draws[1], **told))
    return judge_changes([pair], STATISTICS, Tolerances())


@pytest.mark.parametrize(
    ("name", "after", "verdict", "message"),
    [
        (AUC, 0.70, "pass", "within the tolerance"),
        (AUC, 0.73, "pass", "within the tolerance"),  # beyond it, and not surely
        (AUC, 0.78, "regression", "worse privacy"),
        (AUC, 0.62, "regression", "suspiciously better privacy"),
        (RANK, 0.78, "regression", "worse privacy"),
        (RANK, 0.75, "pass", "within the tolerance"),
        (MATCH, 0.78, "regression", "worse privacy"),
        (MATCH, 0.75, "pass", "within the tolerance"),
        (UTILITY, 0.62, "regression", "worse utility"),
        (UTILITY, 0.78, "pass", "within the tolerance"),
        (COPIES, 0.75, "regression", "worse privacy, more originals of other patients are published"),
        (COPIES, 0.60, "pass", "within the tolerance"),  # fewer copies are never suspicious
    ],
)
def test_only_a_sure_change_beyond_the_tolerance_fails(name, after, verdict, message, rng):
    (found,), obstacles = change(name, 0.70, after, rng)
    assert (found.verdict, obstacles) == (verdict, [])
    assert found.message.startswith(message)
    assert "0.700 → " in found.message
    assert found.interval.low < found.change < found.interval.high
    assert (found.p_value < 0.025) == (verdict == "regression")


def test_what_rests_on_few_patients_cannot_be_judged(rng):
    found, obstacles = change(AUC, 0.7, 0.9, rng, effective=12.0)
    assert found == []
    assert obstacles == [f"run: {AUC} rests on 12.0 effective patients, fewer than 20, too few to judge a change"]


def test_one_training_more_or_less_is_no_regression(rng):
    """The patients are sure, the trainings are not."""
    (sure,), _ = change(AUC, 0.70, 0.76, rng)
    (unsure,), _ = change(AUC, 0.70, 0.76, rng, training_error=0.02)
    assert (sure.verdict, unsure.verdict) == ("regression", "pass")


def test_several_figures_share_the_chance_of_a_false_alarm(rng):
    draws = rng.normal(0, 0.01, (6, 4000))
    whose = [AUC._replace(whose=str(n)) for n in range(3)]
    pairs = [Pair("run", whose[n], estimate(0.7, draws[n]), estimate(0.7, draws[n + 3])) for n in range(3)]
    changes, _ = judge_changes(pairs, STATISTICS, Tolerances())
    assert [one.interval.confidence for one in changes] == pytest.approx([1 - 0.05 / 3] * 3)


@pytest.fixture(scope="module")
def proven(run_once, tmp_path_factory):
    """A run that says that its attack is certified, which no attack on so few patients is; and its baseline."""
    folder = tmp_path_factory.mktemp("gate")
    run = run_once("gate", "dp-pix", params={"b": 2, "epsilon": 50})
    worst = run.record.worst_case.model_copy(update={"verdict": "certified"})
    certified = with_record(run.folder, folder / "run", worst_case=worst)
    write_baseline(make_baseline([certified]), folder / "baseline.json")
    return certified, folder / "baseline.json"


def test_a_run_passes_against_its_own_baseline(proven):
    folder, baseline = proven
    judgement = judge_runs([folder], read_baseline(baseline), Tolerances(patients=2))
    assert judgement.verdict == "pass"
    assert [one.figure for one in judgement.changes] == [AUC, RANK, MATCH, UTILITY, COPIES]
    assert [one.change for one in judgement.changes] == pytest.approx([0] * 5, abs=1e-9)
    assert judgement.notes == (), "the worst case, correlation, needs no training"
    assert baseline.stat().st_size < 40_000


def test_what_cannot_be_compared_is_not_passed(proven, tmp_path):
    folder, path = proven
    baseline = read_baseline(path)
    few = judge_runs([folder], baseline, Tolerances(patients=1000))
    assert few.verdict == "cannot judge"
    other = with_record(folder, tmp_path / "a", fingerprint="f" * 64, terms={"protocol": {"seed": 9}})
    assert (
        "another fingerprint than the baseline's (protocol." in judge_runs([other], baseline, Tolerances()).obstacles[0]
    )
    worst = read_run(folder).worst_case.model_copy(update={"verdict": "weak", "reason": "by hand"})
    weak = with_record(folder, tmp_path / "b", worst_case=worst)
    assert "prove nothing (by hand)" in judge_runs([weak], baseline, Tolerances()).obstacles[0]
    method = read_run(folder).anonymizer.model_copy(update={"params": {"b": 9}, "given": ["b"]})
    unknown = with_record(folder, tmp_path / "c", anonymizer=method)
    assert "and not this run" in judge_runs([unknown], baseline, Tolerances()).obstacles[0]


def test_a_run_whose_weights_saw_test_patients_cannot_be_judged(proven, tmp_path):
    folder, path = proven
    seen = with_record(folder, tmp_path / "seen", weights=[weights(2)])
    judged = judge_runs([seen], read_baseline(path), Tolerances())
    assert judged.verdict == "cannot judge"
    assert "the weights of the anonymizer prichexy saw 2 of 18 test patients" in judged.obstacles[0]


def test_what_is_missing_is_not_passed(proven, tmp_path):
    """One of two methods was run, or a folder holds nothing, or a run has other figures."""
    folder, path = proven
    baseline = read_baseline(path)
    other = baseline.runs[0].model_copy(update={"label": "other", "params": {"b": 99}})
    two = baseline.model_copy(update={"runs": [*baseline.runs, other]})
    judgement = judge_runs([folder], two, Tolerances(patients=2))
    assert judgement.obstacles == ("other: it stands in the baseline, and there is no run of it",)
    assert judgement.verdict == "cannot judge"
    nothing = judge_runs([tmp_path, folder], baseline, Tolerances(patients=2))
    assert "is no run folder" in nothing.obstacles[0]
    assert len(nothing.changes) == 5, "the others are judged all the same"
    figure = baseline.runs[0].figures[str(AUC)]
    short = baseline.runs[0].model_copy(
        update={"figures": {str(AUC): figure.model_copy(update={"resampled": figure.resampled[:-1]})}}
    )
    judgement = judge_runs([folder], baseline.model_copy(update={"runs": [short]}), Tolerances(patients=2))
    assert "is not there as in the baseline" in judgement.obstacles[0]


def test_another_worst_case_is_told(proven, tmp_path):
    folder, path = proven
    baseline = read_baseline(path)
    trained = read_run(folder).worst_case.model_copy(update={"attack": "contrastive"})
    judgement = judge_runs([with_record(folder, tmp_path / "a", worst_case=trained)], baseline, Tolerances())
    assert any("the worst case is contrastive (informed), and was correlation" in note for note in judgement.notes)
    assert any("one training" in note for note in judgement.notes)
    other = baseline.runs[0].model_copy(update={"worst_case": "siamese (paper)"})
    judgement = judge_runs([folder], baseline.model_copy(update={"runs": [other]}), Tolerances(patients=2))
    assert any("was siamese (paper) in the baseline" in note for note in judgement.notes)


def opened(folder, out):
    """The run, as if its release were open."""
    worst = read_run(folder).worst_case.model_copy(update={"verdict": "open", "reason": "by hand"})
    return with_record(folder, out, worst_case=worst)


def test_a_run_that_was_certified_and_is_open_cannot_be_judged(proven, tmp_path):
    """Its figures are within their tolerances, and prove less than they did."""
    folder, path = proven
    judgement = judge_runs([opened(folder, tmp_path / "a")], read_baseline(path), Tolerances(patients=2))
    assert judgement.verdict == "cannot judge"
    (obstacle,) = judgement.obstacles
    assert (
        "it was certified in the baseline, and now the release is open, so its privacy figures prove nothing"
        in obstacle
    )
    assert len(judgement.changes) == 5


def test_a_run_whose_image_is_back_in_the_release_is_a_regression(proven, tmp_path):
    """Though no attack links it any better."""
    folder, path = proven
    baseline = read_baseline(path)
    figure = baseline.runs[0].figures[str(MATCH)]
    lower = [value - 0.5 for value in figure.resampled], [value - 0.5 for value in figure.jackknife]
    shifted = {"value": figure.value - 0.5, "resampled": lower[0], "jackknife": lower[1]}
    figures = baseline.runs[0].figures | {str(MATCH): figure.model_copy(update=shifted)}
    before = baseline.model_copy(update={"runs": [baseline.runs[0].model_copy(update={"figures": figures})]})
    judgement = judge_runs([opened(folder, tmp_path / "a")], before, Tolerances(patients=2))
    assert judgement.verdict == "regression"
    assert [one.figure for one in judgement.changes if one.verdict == "regression"] == [MATCH]


def test_what_was_open_is_compared_and_proves_nothing(proven, tmp_path):
    folder, _ = proven
    run = opened(folder, tmp_path / "a")
    judgement = judge_runs([run], make_baseline([run]), Tolerances(patients=2))
    assert judgement.verdict == "pass"
    assert any("the release is open, as in the baseline: its figures are compared" in note for note in judgement.notes)


def judgement(rng):
    bad, _ = change(AUC, 0.7, 0.9, rng)
    good, _ = change(UTILITY, 0.7, 0.7, rng)
    return Judgement((*bad, *good), ("x: too few",), ("a note",))


def test_machines_are_told_the_same(rng):
    found = judgement(rng)
    values = json.loads(told.as_json(found))
    assert (values["verdict"], values["exit_code"]) == ("regression", 1)
    assert [one["verdict"] for one in values["changes"]] == ["regression", "pass"]
    assert values["obstacles"] == ["x: too few"]
    suite = ElementTree.fromstring(told.as_junit(found))
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("3", "1", "1")
    assert suite.find("testcase/failure").get("message").startswith("worse privacy: 0.700 → 0.900")
    table = told.as_markdown(found)
    assert table.startswith("### privbench check: regression\n")
    assert "| run | privacy/worst case/AUC | 0.700 | 0.900 | +0.200 [" in table
    assert told.as_lines(found)[-1][0] == "privbench check: regression"


def test_exit_status(monkeypatch, proven, tmp_path, capsys):
    folder, baseline = proven
    kinds = {"--json": "json", "--junit": "xml", "--summary": "md", "--badge": "svg"}
    outputs = {option: tmp_path / f"a.{kind}" for option, kind in kinds.items()}
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)

    def call(*arguments):
        monkeypatch.setattr("sys.argv", ["privbench", "check", str(folder), "--baseline", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return ended.value.code

    assert call(baseline, "--patients", 2, *(part for pair in outputs.items() for part in pair)) == 0
    printed = capsys.readouterr().out
    assert "privbench check: pass" in printed
    assert "::error" not in printed
    assert "no sure regression, worst-case AUC 0." in outputs["--badge"].read_text()
    assert json.loads(outputs["--json"].read_text())["exit_code"] == 0
    assert ElementTree.parse(outputs["--junit"]).getroot().get("tests") == "5"
    assert outputs["--summary"].read_text().startswith("### privbench check: pass")
    assert call(baseline, "--patients", 1000) == 2
    written = read_baseline(baseline)
    figure = written.runs[0].figures[str(AUC)]
    lower = [None if one is None else one - 0.4 for one in figure.resampled]
    worse = figure.model_copy(update={"value": figure.value - 0.4, "resampled": lower})
    run = written.runs[0].model_copy(update={"figures": written.runs[0].figures | {str(AUC): worse}})
    write_baseline(written.model_copy(update={"runs": [run]}), tmp_path / "worse.json")
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    assert call(tmp_path / "worse.json", "--patients", 2) == 1
    printed = capsys.readouterr().out
    assert "worse privacy" in printed
    command = f"::error file={tmp_path}/worse.json,title=privbench check%3A regression::"
    assert f"{command}dp-pix b=2 epsilon=50.0 {AUC}: worse privacy" in printed
    (tmp_path / "worse.json").write_text((tmp_path / "worse.json").read_text().replace("0.0", "0.1"))
    assert call(tmp_path / "worse.json", "--json", outputs["--json"], "--badge", outputs["--badge"]) == 2
    assert "was changed since privbench wrote it" in json.loads(outputs["--json"].read_text())["obstacles"][0]
    assert "privbench gate: cannot judge" in outputs["--badge"].read_text()


def test_no_change_is_no_alarm_and_a_change_is_seen():
    """Seeds of a small study; benchmarks/gate_power.py does it with patients."""
    rng = np.random.default_rng(0)

    def alarms(shift):
        found = 0
        for _ in range(200):
            before, after = rng.normal([0.7, 0.7 + shift], 0.007)
            (one,), _ = change(AUC, before, after, rng, spread=0.007)
            found += one.verdict == "regression"
        return found / 200

    assert alarms(0) <= 0.05
    assert alarms(0.06) >= 0.9
