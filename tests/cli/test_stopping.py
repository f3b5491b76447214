"""Commands that are stopped: one line, the right status, no process and no half-written file."""

import os
import signal
import subprocess
import sys

import pytest
from processes import Command, until

KEPT = "Finished stages are kept; the same command goes on from there."


@pytest.fixture
def run(request, tiny_protocol, tmp_path):
    """A run that begins, in processes beside its own unless it is told otherwise, and draws phantoms for a while."""
    means = ["--executor", getattr(request, "param", "local"), "--jobs", "2"]
    out = ["--store", "store", "--out", "out", "--quiet"]
    many = ["--set", "data.params={patients=1000,test_share=0.3}"]
    return Command(["-m", "privbench", "run", "--protocol", tiny_protocol, *means, *many, *out], tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("run", "number", "group", "status", "told"),
    [
        ("serial", signal.SIGINT, True, 130, f"Interrupted. {KEPT}\n"),
        ("local", signal.SIGINT, True, 130, f"Interrupted. {KEPT}\n"),
        ("local", signal.SIGTERM, False, 143, f"Terminated. {KEPT}\n"),
        ("serial", signal.SIGHUP, False, 129, f"Hung up. {KEPT}\n"),
    ],
    indirect=["run"],
)
def test_a_run_is_stopped_while_its_workers_draw(run, tmp_path, number, group, status, told):
    until(lambda: (tmp_path / "store").exists() and len(run.alive()) >= 4)  # two workers, and two that watch them
    assert run.stop(number, group) == (status, told)
    until(lambda: not run.alive())
    assert [path.name for path in tmp_path.iterdir()] == ["store"]
    assert not [path for path in (tmp_path / "store").rglob("*") if path.suffix in (".npy", ".csv", ".safetensors")]


@pytest.mark.slow
def test_a_killed_run_leaves_no_process(run):
    until(lambda: len(run.alive()) >= 4)
    assert run.stop(signal.SIGKILL, group=False)[0] == -signal.SIGKILL
    until(lambda: not run.alive())


@pytest.mark.parametrize("command", [["run"], ["leaderboard", "."], ["report", "."]])
def test_ctrl_c_is_heard_before_anything_is_imported(tmp_path, command):
    begun = Command(["-m", "privbench", *command], tmp_path)
    until(lambda: begun.catches(signal.SIGTERM))  # which Python by itself does not
    assert begun.stop(signal.SIGINT) == (130, "Interrupted.\n")


def test_what_python_drops_is_sent_again():
    """What is raised while an object is cleared away comes to nothing, and so would Ctrl-C."""
    script = """
import os, signal, time
from privbench.cli.stopping import Stopped, stoppable
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it
class Slow:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGINT)
        for _ in range(1000): pass
try:
    with stoppable():
        Slow()
        time.sleep(60)
except Stopped as stopped:
    print(stopped.told, stopped.status)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("Interrupted. 130\n", "")


def test_a_signal_that_is_ignored_stays_so(tmp_path):
    """nohup asks for it."""
    script = """
import os, signal
from privbench.cli.stopping import stoppable
signal.signal(signal.SIGHUP, signal.SIG_IGN)
with stoppable():
    os.kill(os.getpid(), signal.SIGHUP)
"""
    subprocess.run([sys.executable, "-c", script], check=True)


@pytest.mark.parametrize("environment", [{"PYTHONIOENCODING": "ascii"}, {"LC_ALL": "C", "PYTHONUTF8": "0"}])
@pytest.mark.parametrize("command", [["list"], ["run", "--anonymizer", "prichexy", "--help"], ["check-plugin", "né"]])
def test_a_terminal_that_knows_ascii_alone_is_served(environment, command):
    done = subprocess.run(
        [sys.executable, "-m", "privbench", *command], env=os.environ | environment, capture_output=True, check=False
    )
    assert done.returncode == (2 if "check-plugin" in command else 0), done.stderr
    assert b"Traceback" not in done.stderr
    assert (done.stdout + done.stderr).isascii()


@pytest.mark.parametrize("command", [["list"], ["--help"]])
def test_a_closed_pipe_is_no_news(command):
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([sys.executable, "-m", "privbench", *command], stdout=writer, stderr=subprocess.PIPE)
    os.close(writer)
    assert (done.returncode, done.stderr) == (141, b"")


@pytest.mark.parametrize(("words", "place", "found"), [("privbench lea", 1, "leaderboard"),
                                                       ("privbench run --over", 2, "--overwrite")])  # fmt: skip
def test_bash_gets_its_completions_and_loads_nothing_that_computes(words, place, found):
    script = (
        "import sys; from privbench.cli import main; sys.argv = ['privbench']\n"
        "try: main()\nfinally: print({'torch', 'numpy', 'pandas'} & set(sys.modules), file=sys.stderr)"
    )
    asked = {"_PRIVBENCH_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(place)}
    done = subprocess.run([sys.executable, "-c", script], env=os.environ | asked, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == (f"{found}\n", "set()\n")


def test_completion_can_be_shown():
    done = subprocess.run(
        [sys.executable, "-m", "privbench", "--show-completion", "bash"], capture_output=True, text=True, check=True,
        env=os.environ | {"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"},
    )  # fmt: skip
    assert "complete -o default -F _privbench_completion privbench" in done.stdout


def test_ctrl_c_after_the_result_changes_nothing():
    script = (
        "import atexit, os, signal, sys; sys.argv = ['privbench', '--version']; from privbench import cli;"
        "atexit.register(os.kill, os.getpid(), signal.SIGINT); cli.main()"  # what is registered first is called last
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("privbench ")
