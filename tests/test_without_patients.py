"""Data that name no patients: utility is measured, and nobody can read that anything is private."""

import json
import shutil

import pytest
from command_line import call
from layouts import write_vindr_cxr
from pydantic import ValidationError
from records import around
from report_runs import with_record

import privbench
from privbench.base.errors import PrivbenchError
from privbench.judging.baseline import (
    Baseline,
    BaselineRun,
    StoredEstimate,
    make_baseline,
    read_baseline,
    write_baseline,
)
from privbench.judging.compare import compare_runs
from privbench.judging.gate import Tolerances, judge_runs
from privbench.judging.ranking import make_boards, read_entry
from privbench.judging.sharing import share_runs
from privbench.judging.verify import verify_run
from privbench.record.attack import WorstCase
from privbench.record.manifest import EvidenceRecord
from privbench.record.run import FILE, RunRecord, read_run
from privbench.record.vouched import estimates_of
from privbench.report.markup import as_markdown
from privbench.report.page.build import PAGE, build_report
from privbench.report.page.runs import read_reported
from privbench.report.plots.tradeoff import write_tradeoffs
from privbench.report.tables.leaderboard import leaderboard_sheets
from privbench.report.tables.summary import summary_sheet
from privbench.running.choices import IMAGES_ALONE, NO_PATIENTS

BRIEF = ['utilities.classification.modes=["frozen"]', "utilities.quality={}"]


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    folder = tmp_path_factory.mktemp("vindr")
    write_vindr_cxr(folder)
    return folder


@pytest.fixture(scope="module")
def run(tiny_protocol, root, tmp_path_factory):
    """Makes a run on VinDr-CXR."""
    folder = tmp_path_factory.mktemp("unnamed")

    def made(anonymizer, *more, name=None, **params):
        out = folder / (name or anonymizer)
        privbench.run(
            anonymizer, params=params, protocol=str(tiny_protocol), dataset="vindr-cxr", data_root=root,
            overrides=[*BRIEF, *more], store=folder / "store", out=out,
        )  # fmt: skip
        return out

    return made


@pytest.fixture(scope="module")
def runs(run):
    return [run("identity"), run("dp-pix", b=8)]


def test_utility_is_measured_and_nothing_of_privacy(runs):
    for folder in runs:
        record = read_run(folder)
        assert record.unjudged == NO_PATIENTS
        assert (record.worst_case, record.attacks, record.inferences, record.copies) == (None, [], [], None)
        assert {"classification (frozen)"} == {one.label for one in record.utilities}
        assert {"SSIM", "PSNR"} <= {one.measure for one in record.measurements}
        assert record.utility.counts.images == record.utility.counts.patients == 16, "images are the clusters"
        assert record.warnings[:2] == [f"privacy was not judged: {NO_PATIENTS}", IMAGES_ALONE]
        assert not record.certified
        assert "no figure here is any evidence of it" in record.doubt
        names = {stage.name for stage in record.stages}
        assert not [
            name for name in names if name.split()[0] in ("verifier", "embedder", "attack", "linkage", "copies")
        ]
        assert list(verify_run(folder)) == []


def test_no_table_and_no_page_tells_of_privacy(runs, tmp_path):
    boards = make_boards([read_entry(folder) for folder in runs])
    (board,) = boards
    assert [one.privacy_rank for one in board.standings] == [None, None]
    assert all(one.utility_rank is not None and one.on_front is None for one in board.standings)
    told = as_markdown(leaderboard_sheets(boards))
    assert "PRIVACY NOT JUDGED" in told
    assert told.count("NOT JUDGED") >= 3
    for word in ("certified", "worst-case AUC", "privacy rank", "rank 1", "patients ("):
        assert word not in told
    summary = as_markdown([summary_sheet(board.records[0])])
    assert "NOT JUDGED" in summary
    assert NO_PATIENTS in summary
    assert IMAGES_ALONE in summary
    assert "certified" not in summary
    build_report([read_reported(folder) for folder in runs], tmp_path / "page")
    page = (tmp_path / "page" / PAGE).read_text()
    assert f"Privacy was not judged: {NO_PATIENTS}" in page
    assert "How well patients are recognised" not in page
    assert "Whose radiographs are published" not in page
    assert "What can still be read" in page
    with pytest.raises(PrivbenchError, match="no trade-off to draw"):
        write_tradeoffs(boards, tmp_path / "plot.png")


def test_the_gate_never_passes(runs, tmp_path):
    with pytest.raises(PrivbenchError, match="Privacy of identity was not judged"):
        make_baseline(runs)
    other = tmp_path / "baseline.json"
    baseline = _baseline_of(runs[0])
    write_baseline(baseline, other)
    judgement = judge_runs(runs[:1], read_baseline(other), Tolerances())
    assert judgement.verdict == "cannot judge"
    assert not judgement.changes
    assert "privacy was not judged" in judgement.obstacles[0]


def _baseline_of(folder):
    """What somebody may write by hand who wants the run to pass: its own fingerprint, method and figure."""
    record = read_run(folder)
    figures = estimates_of(folder, record, [record.utility_name])
    run = BaselineRun(
        label=record.label,
        anonymizer=record.anonymizer.name,
        params=record.anonymizer.params,
        worst_case="contrastive (informed)",
        verdict="certified",
        figures={str(name): StoredEstimate.of(one) for name, one in figures.items()},
    )
    return Baseline(
        privbench="0", protocol="tiny", fingerprint=record.fingerprint, data_digest=record.data_digest,
        terms=record.terms, runs=[run], digest="",
    )  # fmt: skip


def test_what_somebody_writes_into_a_record_is_no_verdict(runs, tmp_path):
    """A worst case that nobody measured is refused where it stands, or told by verify."""
    worst = WorstCase(
        attack="contrastive", scenario="informed", validation_auc=0.5, verification_auc=0.5, interval=around(0.5),
        verdict="certified", reason="by hand", release=None,
    )  # fmt: skip
    values = json.loads((runs[0] / FILE).read_text())
    with pytest.raises(ValidationError, match="although privacy was not judged"):
        RunRecord.model_validate({**values, "worst_case": worst.model_dump(mode="json")})
    with pytest.raises(ValidationError, match="nothing tells why privacy was not judged"):
        RunRecord.model_validate({**values, "unjudged": None})
    with pytest.raises(ValidationError, match="is none of the attacks"):
        RunRecord.model_validate({**values, "unjudged": None, "worst_case": worst.model_dump(mode="json")})
    other = with_record(runs[0], tmp_path / "other", unjudged="nobody asked")
    assert any("whether privacy was judged" in told for told in verify_run(other))
    assert make_boards([read_entry(other)])[0].standings[0].privacy_rank is None


def test_attacks_that_are_taken_out_of_a_run_are_missed(tiny_protocol, tmp_path):
    """Whose attack found everybody may not say that his data name no patients."""
    folder = tmp_path / "run"
    privbench.run(
        "identity", protocol=str(tiny_protocol), overrides=[*BRIEF, "attacks.siamese=none", "attacks.contrastive=none"],
        store=tmp_path / "store", out=folder,
    )  # fmt: skip
    silent = with_record(
        folder, tmp_path / "silent", unjudged=NO_PATIENTS, worst_case=None, attacks=[], inferences=[], copies=None
    )
    told = list(verify_run(silent))
    assert any("worst_case is None" in one for one in told)
    assert any("whether privacy was judged" in one for one in told)
    both = make_boards([read_entry(folder), read_entry(silent)])
    assert [len(board.standings) for board in both] == [1, 1], "they share no table"


def test_evidence_of_a_release_says_that_privacy_was_not_judged(runs):
    record = read_run(runs[0])
    told = {
        "run": "0" * 64, "protocol": "tiny", "dataset": "vindr-cxr", "fingerprint": record.fingerprint, "size": 32,
        "figures": record.figures,
    }  # fmt: skip
    assert EvidenceRecord(**told, doubt=record.doubt).figures.worst_case is None
    with pytest.raises(ValidationError, match="nothing is doubted, although privacy was not judged"):
        EvidenceRecord(**told, doubt=None)


def test_runs_are_compared_and_shared_by_utility(runs, tmp_path):
    comparison = compare_runs(*runs)
    assert {str(one.name).partition("/")[0] for one in comparison.differences} == {"utility", "measurement"}
    assert any("privacy was not judged" in note for note in comparison.notes)
    assert all(row.delong is None for row in comparison.differences), "every image is called a patient of its own"
    shared = share_runs(runs, tmp_path / "shared")
    for one in shared:
        assert list(verify_run(one.folder)) == []
        assert read_run(one.folder).unjudged == NO_PATIENTS


@pytest.mark.parametrize("name", ["prichexy", "k-same-pixel"])
def test_who_has_to_know_patients_is_refused(run, name):
    with pytest.raises(PrivbenchError, match=f"'{name}' has to know who is who, and .* vindr-cxr names no patients"):
        run(name)


def test_the_commands_say_it(runs, root, tiny_protocol, tmp_path, monkeypatch, capsys):
    assert call(monkeypatch, "verify", runs[0]) == 0
    assert "privacy was not judged" in " ".join(capsys.readouterr().out.split())
    assert call(monkeypatch, "leaderboard", *runs) == 0
    assert "NOT JUDGED" in capsys.readouterr().out
    assert call(monkeypatch, "budget", runs[0], "--store", tmp_path / "store") == 2
    assert "Privacy of identity was not judged" in " ".join(capsys.readouterr().err.split())
    line = ["selftest", "--protocol", tiny_protocol, "--dataset", "vindr-cxr", "--data-root", root]
    assert call(monkeypatch, *line, "--store", tmp_path / "store", "--out", tmp_path / "out") == 2
    assert "names none" in " ".join(capsys.readouterr().err.split())


def test_a_release_of_such_data_is_audited_for_utility(runs, root, tiny_protocol, tmp_path, monkeypatch, capsys):
    release = tmp_path / "release"
    for split in ("train", "test"):
        shutil.copytree(root / split, release / split)
    line = ["audit", release, "--originals", root, "--dataset", "vindr-cxr", "--protocol", tiny_protocol]
    changes = [part for change in BRIEF for part in ("--set", change)]
    places = ["--name", "copied", "--store", tmp_path / "store", "--out", tmp_path / "run"]
    assert call(monkeypatch, *line, *changes, *places) == 0
    assert "NOT JUDGED" in capsys.readouterr().out
    assert read_run(tmp_path / "run").unjudged == NO_PATIENTS
    assert list(verify_run(tmp_path / "run")) == []
