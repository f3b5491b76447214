"""What only reads answers at once: neither torch nor timm is loaded for it, which takes seconds."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = ("torch", "timm", "torchvision", "torchmetrics", "lightning_fabric", "pytorch_metric_learning")

CALLS = """
import contextlib, io, json, sys
from privbench.cli import main
loaded, codes = {}, {}
for arguments in json.loads(sys.argv[1]):
    sys.argv = ["privbench", *arguments]
    codes[arguments[0]] = 0
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            main()
    except SystemExit as end:
        codes[arguments[0]] = end.code or 0
    loaded[arguments[0]] = [name for name in HEAVY if name in sys.modules]
print(json.dumps([loaded, codes]))
"""


@pytest.fixture(scope="module")
def commands(finished, tmp_path_factory):
    """Every command that reads protocols, runs, leaderboards and baselines, and judges them."""
    out, run = tmp_path_factory.mktemp("light"), str(finished.folder)
    reference = Path(__file__).parents[2] / "benchmarks" / "reference" / "baseline.json"
    return [
        ["--version"],
        ["list"],
        ["list", "protocols"],
        ["run", "--help", "--anonymizer", "prichexy"],
        ["sweep", "--help"],
        ["anonymize", "--help", "--anonymizer", "prichexy"],
        ["budget", "--help"],
        ["leaderboard", run],
        ["leaderboard", run, "--format", "json"],
        ["utility", run],
        ["compare", run, run],
        ["verify", run, str(reference)],
        ["baseline", run, "-o", str(out / "baseline.json")],
        ["check", run, "--baseline", str(reference)],
        ["report", run, "-o", str(out / "report")],
        ["share", run, "-o", str(out / "shared")],
    ]


def test_commands_that_read_load_nothing_that_computes(commands):
    script = f"HEAVY = {HEAVY!r}\n{CALLS}"
    done = subprocess.run(
        [sys.executable, "-c", script, json.dumps(commands)], capture_output=True, text=True, check=True
    )
    assert "unexpectedly" not in done.stderr
    loaded, codes = json.loads(done.stdout)
    assert {command for command, code in codes.items() if code} <= {"baseline", "check"}, "no certified attack"
    assert loaded.keys() == {one[0] for one in commands}
    assert not {command: names for command, names in loaded.items() if names}


def test_reading_from_python_loads_nothing_that_computes(finished):
    script = f"""
import sys
from privbench.judging.ranking import read_entry
from privbench.protocols.schema import builtin_protocols, load_protocol
from privbench.record.run import read_run
from pathlib import Path
import privbench.interfaces
protocols = [load_protocol(name) for name in builtin_protocols()]
run = read_run(Path({str(finished.folder)!r}))
read_entry(Path({str(finished.folder)!r}))
print([name for name in {HEAVY!r} if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_completion_loads_neither_what_computes_nor_any_plugin():
    """A shell waits for it at every Tab."""
    script = f"""
import contextlib, io, os, sys
from privbench.cli import main
os.environ["_PRIVBENCH_COMPLETE"] = "complete_bash"
for line in ("run --anonymizer ", "run --protocol ", "run --dataset ", "selftest --attack ", "check-plugin ", "sweep "):
    os.environ |= {{"COMP_WORDS": f"privbench {{line}}", "COMP_CWORD": str(1 + line.count(" "))}}
    sys.argv = ["privbench"]
    with contextlib.redirect_stdout(io.StringIO()) as printed, contextlib.suppress(SystemExit):
        main()
    assert printed.getvalue().strip(), line
plugins = ("privbench.anonymizers.", "privbench.attacks.", "privbench.datasets.", "privbench.utilities.")
print([name for name in sys.modules if name in {HEAVY!r} or name.startswith(plugins)])
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
