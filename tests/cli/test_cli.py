"""The command line as a person meets it."""

import json
import subprocess
import sys

import pytest
from command_line import call
from report_runs import write_run

from privbench.base.errors import PrivbenchError
from privbench.cli import main
from privbench.record.run import read_run


def test_run_with_a_plugin_file(monkeypatch, capsys, tiny_protocol, store, half, tmp_path):
    out = tmp_path / "run"
    code = call(
        monkeypatch, "run", "--anonymizer", "half", "--plugin", half, "--protocol", tiny_protocol,
        "--store", store, "--out", out, "--set", "attacks.siamese.seeds=1",
    )  # fmt: skip
    printed = capsys.readouterr()
    assert code == 0, printed.err
    assert "verification AUC" in printed.out
    assert "half" in printed.out
    assert str(out) in printed.out
    assert read_run(out).anonymizer.name == "half"


def test_a_command_after_one_that_was_only_planned_is_carried_out(monkeypatch, capsys, tiny_protocol, store, tmp_path):
    few = ["--set", "attacks.siamese=none", "--set", "attacks.contrastive=none", "--store", store]
    run = ["run", "--protocol", tiny_protocol, *few, "--out", tmp_path / "run", "--quiet"]
    assert call(monkeypatch, "plan", *run) == 0
    assert "linkage correlation informed 0" in capsys.readouterr().out
    assert not (tmp_path / "run").exists()
    assert call(monkeypatch, *run) == 0
    assert read_run(tmp_path / "run").anonymizer.name == "identity"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--anonymizer", "prichexi"], "did you mean 'prichexy'"),
        (["--anonymizer", "prichexy", "--mu", "7"], "'mu' should be less than or equal to 1, not 7"),
        (["--anonymizer", "prichexy", "--mu", "small"], "'mu' should be a valid number"),
        (
            ["--anonymizer", "prichexy", "--mue", "0.1"],
            "There is no option --mue, of the command or of prichexy: did you mean '--mu'",
        ),
        (["--anonymizer", "prichexy", "--protocoll", "quick"], "did you mean '--protocol'"),
        (["--anonymizer", "prichexy", "--mu"], "--mu needs a value"),
        (["--anonymizer", "identity", "--mu", "0.1"], "There is no option --mu"),
        (["prichexy"], "'prichexy' belongs to no option"),
        (["--protocol", "quik"], "did you mean 'quick'"),
        (["--set", "attacks.siamese.seed=1"], "did you mean 'seeds'"),
        (["--dataset", "chestxray14"], "name its folder with --data-root"),
        (["--dataset", "chestxray14", "--data-root", "/nowhere"], "There is no folder /nowhere"),
        (["--out", sys.prefix], "exists and is no run folder"),
        (["--out", "."], ". holds the folder that you are in: choose another --out"),
        (["--out", "/"], "/ is the top of a disk, which cannot be replaced: name a folder below it"),
        (["--out", "n" * 300], "cannot be used (File name too long): check the path"),
        (["--out", "/dev/null/run"], "/dev/null/run cannot be used (Not a directory): check the path"),
        (["--plugin", "none.py"], "There is no plugin file none.py"),
    ],
)
def test_mistakes_exit_with_2_and_one_sentence(monkeypatch, capsys, arguments, message, tmp_path):
    monkeypatch.setenv("PRIVBENCH_STORE", str(tmp_path / "store"))
    monkeypatch.chdir(tmp_path)
    assert call(monkeypatch, "run", *arguments) == 2
    printed = capsys.readouterr().err
    assert message in " ".join(printed.split())
    assert "Traceback" not in printed
    assert "INFO" not in printed
    assert list(tmp_path.iterdir()) == []


def test_debug_shows_the_traceback(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["privbench", "run", "--debug", "--anonymizer", "prichexi"])
    with pytest.raises(PrivbenchError):
        main()


def test_list_shows_everything(monkeypatch, capsys):
    assert call(monkeypatch, "list") == 0
    printed = capsys.readouterr().out
    for word in (
        "prichexy",
        "--mu",
        "siamese",
        "classification",
        "--set utilities.NAME.params.recipe",
        "phantom",
        "chestxray14",
        "quick",
        "paper",
        ">= 0, <= 1",
    ):
        assert word in printed
    modes = [" ".join(line.split()) for line in printed.splitlines() if "--set utilities.NAME.modes" in line]
    assert "--set utilities.NAME.modes frozen makes sense in frozen" in modes
    assert "--set utilities.NAME.modes frozen makes sense in frozen, retrained-transfer, retrained-release" in modes


def test_list_shows_one_kind(monkeypatch, capsys):
    assert call(monkeypatch, "list", "attacks") == 0
    printed = capsys.readouterr().out
    assert "siamese" in printed
    assert "prichexy" not in printed


def test_list_shows_the_fields_of_protocols(monkeypatch, capsys):
    assert call(monkeypatch, "list", "protocols") == 0
    printed = capsys.readouterr().out
    assert "--set attacks.siamese.params.backbone" in printed
    assert "--set pairs.cap" in printed
    assert "--set utilities.segmentation.modes" in printed


def test_list_shows_the_rows_of_sweeps(monkeypatch, capsys):
    assert call(monkeypatch, "list") == 0
    assert "table1 (9 runs): the nine rows of Table 1" in capsys.readouterr().out
    assert call(monkeypatch, "list", "sweeps") == 0
    printed = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["prichexy", "--mu", "0.005"] in printed
    assert ["dp-pix", "--b", "8", "--m", "1", "--epsilon", "0.1"] in printed


@pytest.mark.parametrize("columns", [40, 60, 100])
def test_list_names_every_option_on_a_narrow_terminal(monkeypatch, capsys, columns):
    assert call(monkeypatch, "list", columns=columns) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= columns
    assert any(line.strip().startswith("--pretrain-learning-rate") for line in lines)


@pytest.fixture
def runs(tmp_path):
    for name, run in {
        "one": ("a", 0.8, 0.9, "0" * 64),
        "two": ("b", 0.6, 0.7, "0" * 64),
        "three": ("c", 0.5, 0.5, "f" * 64),
    }.items():
        label, *figures, fingerprint = run
        write_run(tmp_path / name, label, *figures, fingerprint=fingerprint)
    return tmp_path


def test_leaderboard_formats(monkeypatch, capsys, runs):
    plot = runs / "plot.png"
    assert call(monkeypatch, "leaderboard", runs, "--plot", plot) == 0
    terminal = capsys.readouterr().out
    assert "0.600 [0.550, 0.650]" in terminal
    assert terminal.count("fingerprint") == 3, "other fingerprints, other tables, and what differs"
    assert plot.stat().st_size > 5000
    assert call(monkeypatch, "leaderboard", runs / "one", runs / "two", "--format", "markdown") == 0
    markdown = capsys.readouterr().out
    assert markdown.count("fingerprint") == 1
    assert call(monkeypatch, "leaderboard", runs, "--format", "csv") == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 4
    assert lines[0].startswith("fingerprint,protocol,anonymizer,verdict,privacy_rank_best")
    assert call(monkeypatch, "leaderboard", runs, "--format", "json") == 0
    assert [row["privacy_rank_worst"] for row in json.loads(capsys.readouterr().out)] == [1, 1, 2]
    assert call(monkeypatch, "leaderboard", runs, "--format", "html") == 0
    assert capsys.readouterr().out.count("<table>") == 2


@pytest.mark.parametrize(
    ("plot", "message"), [("plot.xyz", "is no picture that can be drawn"), ("none/plot.png", "cannot be used")]
)
def test_a_plot_that_cannot_be_drawn_is_told(monkeypatch, capsys, runs, plot, message):
    assert call(monkeypatch, "leaderboard", runs, "--plot", runs / plot) == 2
    assert message in " ".join(capsys.readouterr().err.split())


def test_leaderboard_of_nothing(monkeypatch, capsys, tmp_path):
    assert call(monkeypatch, "leaderboard", tmp_path) == 2
    assert "is no run folder" in " ".join(capsys.readouterr().err.split())


def test_version(monkeypatch, capsys):
    assert call(monkeypatch, "--version") == 0
    assert capsys.readouterr().out.startswith("privbench 0.1")


def test_help_needs_no_torch():
    """`privbench --help` answers at once; importing torch takes seconds."""
    code = "import sys; from privbench.cli.app import app; import privbench; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@pytest.mark.slow
def test_selftest_tells_what_is_not_sorted(monkeypatch, capsys, tiny_protocol, store, tmp_path):
    few = ["--set", "attacks.siamese=none", "--set", 'utilities.classification.modes=["frozen"]']
    common = ["--protocol", tiny_protocol, *few, "--store", store, "--out", tmp_path / "out"]
    traps = ["--trap", "trap-inversion", "--trap", "remover-constant", "--draw", "3"]
    code = call(monkeypatch, "selftest", *common, *traps, "--anonymizer", "dp-pix", "--b", "4")
    printed = capsys.readouterr().out
    assert code == 1, "an attack of four steps sees nothing"
    assert "identity: the attack is weak" in printed
    assert "Not sorted rightly: trap-inversion" in printed
    assert "dp-pix b=4" in printed
    assert read_run(tmp_path / "out" / "trap-inversion").anonymizer.params == {"seed": 3}
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "identity", "trap-inversion", "remover-constant", "dp-pix",
    }  # fmt: skip
    only = ["--attack", "correlation", "--trap", "remover-constant"]
    assert call(monkeypatch, "selftest", *common, *only) == 2
    in_the_way = capsys.readouterr().err
    assert in_the_way.count("holds another run") == 2, "all are told before the first run begins"
    assert "out/identity" in in_the_way
    assert "out/remover-constant" in in_the_way
    assert len(read_run(tmp_path / "out" / "identity").attacks) > 1
    only += ["--overwrite"]
    assert call(monkeypatch, "selftest", *common, *only) == 1, "without a trained attack, rightly sorted proves nothing"
    assert "Not sorted rightly" not in capsys.readouterr().out
    assert [attack.label for attack in read_run(tmp_path / "out" / "identity").attacks] == ["correlation (informed)"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["selftest", "--trap", "trap-inversio"], "did you mean 'trap-inversion'"),
        (["selftest", "--mu", "1"], "There is no option --mu of privbench selftest"),
        (["check-plugin", "prichexi"], "did you mean 'prichexy'"),
        (["check-plugin", "prichexy", "--mue", "1"], "did you mean '--mu'"),
        (["budget", "."], "is no run folder"),
    ],
)
def test_mistakes_of_other_commands_are_told(monkeypatch, capsys, arguments, message, tmp_path):
    monkeypatch.setenv("PRIVBENCH_STORE", str(tmp_path / "store"))
    monkeypatch.chdir(tmp_path)
    assert call(monkeypatch, *arguments) == 2
    assert message in " ".join(capsys.readouterr().err.split())


def test_a_starved_attack_is_never_reported_as_privacy(monkeypatch, capsys, tiny_protocol, store, tmp_path):
    """One step of training: in the run's table, in run.json and on the leaderboard it is called weak, first."""
    starve = ["--set", "attacks.contrastive.params.steps=1", "--set", "attacks.siamese=none"]
    out = tmp_path / "run"
    assert (
        call(monkeypatch, "run", "--protocol", tiny_protocol, "--store", store, "--out", out, "--quiet", *starve) == 0
    )
    told = " ".join(capsys.readouterr().out.split())
    assert told.startswith("identity: the attack is weak, so a low figure is no evidence of privacy")
    assert json.loads((out / "run.json").read_text())["worst_case"]["verdict"] == "weak"
    assert call(monkeypatch, "leaderboard", out) == 0
    board = capsys.readouterr().out
    assert "NOT PROVEN: weak" in board
    assert "the attack is weak, so a low figure is no evidence of privacy" in board
