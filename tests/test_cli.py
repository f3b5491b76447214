"""The command line as a person meets it."""

import subprocess
import sys

import pytest
from records import record

from privbench.cli import main
from privbench.cli.options import describe_params, parse_params
from privbench.errors import PrivbenchError, explain_disk_error
from privbench.results import read_run

PLUGIN = """
from privbench import Anonymizer
class Half(Anonymizer):
    \"\"\"Halves the contrast.\"\"\"
    name = "half"
    deterministic = True
    def anonymize(self, images, generator):
        return images / 2 + 0.25
"""


def call(monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["privbench", *map(str, arguments)])
    monkeypatch.setenv("COLUMNS", "200")
    with pytest.raises(SystemExit) as exit_:
        main()
    return exit_.value.code


def test_run_with_a_plugin_file(monkeypatch, capsys, tiny_protocol, store, tmp_path):
    plugin = tmp_path / "half.py"
    plugin.write_text(PLUGIN)
    out = tmp_path / "run"
    code = call(
        monkeypatch, "run", "--anonymizer", "half", "--plugin", plugin, "--protocol", tiny_protocol,
        "--store", store, "--out", out, "--set", "attack.seeds=1",
    )  # fmt: skip
    printed = capsys.readouterr()
    assert code == 0, printed.err
    assert "verification AUC" in printed.out
    assert "half" in printed.out
    assert str(out) in printed.out
    assert read_run(out).anonymizer.name == "half"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--anonymizer", "prichexi"], "did you mean 'prichexy'"),
        (["--anonymizer", "prichexy", "--mu", "7"], "'mu' should be less than or equal to 1, not 7"),
        (["--anonymizer", "prichexy", "--mu", "small"], "'mu' should be a valid number"),
        (
            ["--anonymizer", "prichexy", "--mue", "0.1"],
            "There is no option --mue, of privbench run or of prichexy: did you mean '--mu'",
        ),
        (["--anonymizer", "prichexy", "--protocoll", "quick"], "did you mean '--protocol'"),
        (["--anonymizer", "prichexy", "--mu"], "--mu needs a value"),
        (["--anonymizer", "identity", "--mu", "0.1"], "There is no option --mu"),
        (["prichexy"], "'prichexy' belongs to no option"),
        (["--protocol", "quik"], "did you mean 'quick'"),
        (["--set", "attack.seed=1"], "did you mean 'seeds'"),
        (["--dataset", "chestxray14"], "name its folder with --data-root"),
        (["--dataset", "chestxray14", "--data-root", "/nowhere"], "There is no folder /nowhere"),
        (["--out", "."], "exists and is no run folder"),
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
        "phantom",
        "chestxray14",
        "quick",
        "paper",
        ">= 0, <= 1",
    ):
        assert word in printed


def test_list_shows_one_kind(monkeypatch, capsys):
    assert call(monkeypatch, "list", "attacks") == 0
    printed = capsys.readouterr().out
    assert "siamese" in printed
    assert "prichexy" not in printed


def test_list_shows_the_fields_of_protocols(monkeypatch, capsys):
    assert call(monkeypatch, "list", "protocols") == 0
    printed = capsys.readouterr().out
    assert "--set attack.params.backbone" in printed
    assert "--set pairs.cap" in printed


@pytest.fixture
def runs(tmp_path):
    for name, run in {
        "one": record("a", 0.8, 0.9),
        "two": record("b", 0.6, 0.7),
        "three": record("c", 0.5, 0.5, fingerprint="f" * 64),
    }.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "run.json").write_text(run.model_dump_json())
    return tmp_path


def test_leaderboard_formats(monkeypatch, capsys, runs):
    plot = runs / "plot.png"
    assert call(monkeypatch, "leaderboard", runs, "--plot", plot) == 0
    terminal = capsys.readouterr().out
    assert "0.600 [0.550, 0.650]" in terminal
    assert terminal.count("fingerprint") == 2, "other fingerprints, other tables"
    assert plot.stat().st_size > 5000
    assert call(monkeypatch, "leaderboard", runs / "one", runs / "two", "--format", "markdown") == 0
    markdown = capsys.readouterr().out
    assert markdown.count("fingerprint") == 1
    assert call(monkeypatch, "leaderboard", runs, "--format", "csv") == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 4
    assert lines[0].startswith("fingerprint,protocol,anonymizer,verification_auc")


@pytest.mark.parametrize(
    ("plot", "message"), [("plot.xyz", "is no picture that can be drawn"), ("none/plot.png", "cannot be used")]
)
def test_a_plot_that_cannot_be_drawn_is_told(monkeypatch, capsys, runs, plot, message):
    assert call(monkeypatch, "leaderboard", runs, "--plot", runs / plot) == 2
    assert message in " ".join(capsys.readouterr().err.split())


def test_a_parameter_must_not_hide_an_option():
    from privbench.anonymizers.prichexy import PriCheXyParams

    with pytest.raises(PrivbenchError, match="prichexy has a parameter --mu, an option of privbench run itself"):
        parse_params([], PriCheXyParams, "prichexy", ["--mu"])


def test_leaderboard_of_nothing(monkeypatch, capsys, tmp_path):
    assert call(monkeypatch, "leaderboard", tmp_path) == 2
    assert "is no run folder" in " ".join(capsys.readouterr().err.split())


def test_version(monkeypatch, capsys):
    assert call(monkeypatch, "--version") == 0
    assert capsys.readouterr().out.startswith("privbench 0.1")


def test_parameters_are_parsed_and_described():
    from privbench.anonymizers.prichexy import PriCheXyParams

    parsed = parse_params(["--mu", "0.005", "--init_features=4"], PriCheXyParams, "prichexy", [])
    assert parsed == {"mu": 0.005, "init_features": 4}
    with pytest.raises(PrivbenchError, match="--mu is given twice"):
        parse_params(["--mu", "1", "--mu", "2"], PriCheXyParams, "prichexy", [])
    described = {option: (default, text) for option, default, text in describe_params(PriCheXyParams, "--")}
    assert described["--mu"] == ("0.01", "degree of deformation, in half widths of the image (>= 0, <= 1)")
    assert "--init-features" in described


def test_a_full_disk_is_told_in_a_sentence():
    with pytest.raises(OSError, match="No space left") as full, open("/dev/full", "wb", buffering=0) as file:
        file.write(b"x")
    assert "The disk is full" in str(explain_disk_error(full.value))
    assert "No permission for /x" in str(explain_disk_error(PermissionError(13, "no", "/x")))
    assert "/x cannot be used (no such): check the path" in str(
        explain_disk_error(FileNotFoundError(2, "no such", "/x"))
    )
    native = RuntimeError("I/O error: No space left on device (os error 28)")  # as safetensors says it
    assert "The disk is full" in str(explain_disk_error(native))
    assert explain_disk_error(RuntimeError("something else")) is None


def test_help_needs_no_torch():
    """`privbench --help` answers at once; importing torch takes seconds."""
    code = "import sys; from privbench.cli import app; import privbench; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
