"""`privbench utility` as a person meets it."""

import io
import json
import subprocess
import sys

import pandas as pd
import pytest
from records import record, with_modes

from privbench.cli import main
from privbench.metrics.detection import FEWEST_POSITIVES
from privbench.record.run import read_run
from privbench.report.tables.utility import FEW

HEAD = "phantom 64 px, protocol quick, 20 test images of 10 patients (effectively 8)"


@pytest.fixture
def runs(tmp_path):
    """Two runs of one fingerprint, and one of another without controls, as runs of old schemas are."""
    for name, run in {
        "one": with_modes(record("a", 0.8, 0.9)),
        "two": with_modes(record("b|c", 0.6, 0.95), transfer=0.7),
        "three": record("old", 0.5, 0.5, fingerprint="f" * 64),
    }.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "run.json").write_text(run.model_dump_json(), encoding="utf-8")
    return tmp_path


def call(monkeypatch, capsys, *arguments, columns=100, code=0):
    """What the command prints; of a terminal so many columns wide."""
    monkeypatch.setattr(sys, "argv", ["privbench", "utility", *map(str, arguments)])
    monkeypatch.setenv("COLUMNS", str(columns))
    with pytest.raises(SystemExit) as exit_:
        main()
    printed = capsys.readouterr()
    assert exit_.value.code == code, printed.err
    return printed.err if code else printed.out


def rows(printed):
    return [" ".join(line.split()) for line in printed.splitlines()]


def test_one_run_shows_all_of_its_utility(monkeypatch, capsys, runs):
    printed = call(monkeypatch, capsys, runs / "one")
    assert max(map(len, printed.splitlines())) <= 100
    told = rows(printed)
    assert told[0].startswith(f"a: {HEAD}")
    for row in (
        "classification (frozen) 0.900 [0.850, 0.950] 0.893 +0.000 [-0.050, +0.050] 0",
        "classification (retrained-transfer) 0.812 [0.762, 0.862] 0.893 -0.081 [-0.131, -0.031] 1",
        "Effusion 20 0.700 [0.650, 0.750] 0.40 at 0.93 -0.200 [-0.250, -0.150] <0.001",
        "Pleural Thickening 9* 0.600 [0.550, 0.650] – +0.010 [-0.040, +0.060] 0.800",
        "Hernia 0* – – – –",
        "sex F 10 20 0.600 [0.550, 0.650]",
        "age 60+ 10 20 –",
        "sex F M 0.200 [0.150, 0.250] 0.050 +0.150 [+0.100, +0.200] yes",
        "PSNR, dB ↑ 31.500 [31.450, 31.550] 31.400 to 31.600",
        "sharpness 0.770 [0.720, 0.820] 0.670 to 0.870",
        "Dice of the lungs ↑ 0.800 [0.750, 0.850] 0.700 to 0.900 0.900 -0.100 [-0.150, -0.050]",
        "quality (frozen): anonymized images against their originals",
        "classification (retrained-transfer): trained on anonymized images, tested on original ones",
        "classification (retrained-transfer): surely read worse than on originals: Effusion.",
    ):
        assert row in told, row
    assert not any(heading in printed for heading in ("AP ↑", "ECE")), "no column without a figure"


def test_several_runs_stand_side_by_side_and_fingerprints_apart(monkeypatch, capsys, runs):
    told = rows(call(monkeypatch, capsys, runs))
    assert sum(row.startswith(HEAD) for row in told) == 1
    start = told.index("classification (retrained-transfer): trained on anonymized images, tested on original ones")
    ranked = [row.split(" [")[0] for row in told[start + 3 : start + 5]]
    assert ranked == ["b|c 0.700", "a 0.812"], "in the order of the headline"
    assert sum(row == "By finding" for row in told) == 2, "the old run tells none"
    assert any(row.startswith(f"old: {HEAD}") for row in told)
    assert any(row.startswith("Fingerprint 000000000000 shares no table with ffffffffffff") for row in told)


def test_nothing_is_cut_off_where_the_terminal_is_narrow(monkeypatch, capsys, runs):
    printed = call(monkeypatch, capsys, runs / "one", columns=60)
    assert max(map(len, printed.splitlines())) <= 60
    assert "…" not in printed
    assert "0.812" in printed
    assert "-0.031]" in printed


def test_markdown_keeps_its_columns(monkeypatch, capsys, runs):
    printed = call(monkeypatch, capsys, runs / "one", runs / "two", "--format", "markdown")
    tables = [block.splitlines() for block in printed.split("\n\n") if block.startswith("|")]
    assert len(tables) == 2 + 2 * (2 + 1 + 1 + 2)
    for table in tables:
        assert len({line.replace(r"\|", "").count("|") for line in table}) == 1, table[0]
    assert r"| b\|c | 0.700 [0.650, 0.750] | 0.893 | **-0.193 [-0.243, -0.143]** | 1 |" in printed
    assert "\u00a0" not in printed
    assert printed.startswith(f"## {HEAD}")


def test_csv_holds_every_figure(monkeypatch, capsys, runs):
    frame = pd.read_csv(io.StringIO(call(monkeypatch, capsys, runs, "--format", "csv")))
    run = read_run(runs / "one")
    own = frame[frame["anonymizer"] == "a"]
    means = own[own["part"] == "mean"].set_index("mode")
    assert means["value"].tolist() == [result.mean_auc for result in run.utilities]
    assert means.loc["retrained-transfer", "change_high"] == pytest.approx(-0.031)
    assert means["images"].tolist() == [20, 20]
    transfer = own[own["mode"] == "retrained-transfer"].set_index(["part", "of", "metric"]).sort_index()
    effusion = transfer.loc[("finding", "Effusion", "AUC")]
    assert effusion["original"] == pytest.approx(0.9)
    assert (effusion["surely_worse"], effusion["positives"], effusion["p_value"]) == (True, 20, 0.0004)
    assert transfer.loc[("finding", "Effusion", "specificity"), "value"] == 0.93
    assert transfer.loc[("group", "sex M", "mean AUC"), "value"] == 0.8
    assert ("group", "age 60+", "mean AUC") not in transfer.index, "no figure, no row"
    widened = transfer.loc[("gap", "sex", "gap of mean AUCs")]
    assert (widened["value"], widened["original"], widened["surely_worse"]) == (0.2, 0.05, True)
    measured = own[own["part"] == "measurement"].set_index("metric")
    assert measured["value"].to_dict() == {one.measure: one.value for one in run.measurements}
    assert measured.loc["PSNR", "unit"] == "dB"
    assert set(frame["fingerprint"]) == {"0" * 64, "f" * 64}


def test_every_format_tells_the_same(monkeypatch, capsys, runs):
    frame = pd.read_csv(io.StringIO(call(monkeypatch, capsys, runs, "--format", "csv")))
    rows = json.loads(call(monkeypatch, capsys, runs, "--format", "json"))
    assert [list(row) for row in rows] == [list(frame.columns)] * len(frame)
    assert [row["value"] for row in rows] == pytest.approx(frame["value"].tolist())
    page = call(monkeypatch, capsys, runs / "one", "--format", "html")
    assert "<td><strong>-0.081 [-0.131, -0.031]</strong></td>" in page
    assert page.count("<table>") == page.count("</table>") == 5


def test_a_folder_without_runs_is_told_in_a_sentence(monkeypatch, capsys, tmp_path):
    assert "is no run folder" in " ".join(call(monkeypatch, capsys, tmp_path, code=2).split())


def test_tables_need_neither_torch_nor_matplotlib():
    """Tables of figures that are known come at once; the limit that they mark is kept beside its origin."""
    assert FEW == FEWEST_POSITIVES
    modules = "tables.leaderboard, tables.comparison, tables.utility_sheets, tables.utility_figures, judgement"
    imports = "; ".join(
        f"import privbench.report.{name}" for name in f"{modules}, terminal, markup, machine".split(", ")
    )
    code = f"import sys; {imports}; print({{'torch', 'timm', 'matplotlib'}} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
