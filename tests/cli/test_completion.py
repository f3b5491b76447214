"""A shell completes what there is: names that are registered, and files where it knows nothing better."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest
import typer
from command_line import call

from privbench.cli.app import app
from privbench.plugins.registry import GROUPS, Registry
from privbench.protocols.schema import builtin_protocols
from privbench.sweeps.schema import builtin_sweeps

NAMES = {kind: Registry().names(kind) for kind in GROUPS}


@pytest.fixture
def complete(monkeypatch, capsys):
    """What bash is offered for the last word, as its script asks for it."""

    def ask(line: str) -> list[str]:
        words = line.split(" ")
        monkeypatch.setenv("_PRIVBENCH_COMPLETE", "complete_bash")
        monkeypatch.setenv("COMP_WORDS", line)
        monkeypatch.setenv("COMP_CWORD", str(len(words) - 1))
        capsys.readouterr()
        assert call(monkeypatch) == 0
        printed = capsys.readouterr()
        assert printed.err == ""
        return printed.out.split()

    return ask


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("privbench run --anonymizer ", NAMES["anonymizer"]),
        ("privbench run --mu 0.005 --set statistics.resamples=9 --anonymizer ", NAMES["anonymizer"]),
        ("privbench run --dataset ", NAMES["dataset"]),
        ("privbench run --protocol ", builtin_protocols()),
        ("privbench plan run --anonymizer ", NAMES["anonymizer"]),
        ("privbench plan sweep ", builtin_sweeps()),
        ("privbench audit released --dataset ", NAMES["dataset"]),
        ("privbench anonymize in out --anonymizer ", NAMES["anonymizer"]),
        ("privbench selftest --anonymizer ", NAMES["anonymizer"]),
        ("privbench selftest --attack ", NAMES["attack"]),
        ("privbench budget runs/a --attack ", NAMES["attack"]),
        ("privbench sweep ", builtin_sweeps()),
        ("privbench sweep table1 --protocol ", builtin_protocols()),
        ("privbench check-plugin ", sorted({name for names in NAMES.values() for name in names})),
        ("privbench check-plugin blur --kind ", list(GROUPS)),
        ("privbench check-plugin blur --protocol ", builtin_protocols()),
        ("privbench new ", list(GROUPS)),
        ("privbench data check --dataset ", NAMES["dataset"]),
        ("privbench list ", ["all", "anonymizers", "attacks", "utilities", "datasets", "protocols", "sweeps"]),
    ],
)
def test_names_are_completed(complete, line, names):
    assert complete(line) == names
    assert complete(line + names[0][:2]) == [name for name in names if name.startswith(names[0][:2])]


def test_every_option_of_a_name_is_completed():
    """A command that is added does not forget it: these options mean names wherever they stand."""

    def commands(group, path=()):
        for name, command in group.commands.items():
            yield from commands(command, (*path, name)) if hasattr(command, "commands") else [((*path, name), command)]

    found = 0
    for path, command in commands(typer.main.get_command(app)):
        context = command.make_context(path[-1], [], resilient_parsing=True)
        for param in command.params:
            if {"--anonymizer", "--attack", "--dataset", "--protocol", "--kind"} & set(param.opts):
                found += 1
                assert param.shell_complete(context, ""), f"{' '.join(path)} {param.opts[0]}"
    assert found > 20


def test_commands_and_options_are_completed(complete):
    assert complete("privbench an") == ["anonymize"]
    assert complete("privbench run --anon") == ["--anonymizer"]
    assert complete("privbench data ") == ["check", "contamination", "trained-on"]


@pytest.mark.parametrize(
    "line",
    [
        "privbench run --data-root ",
        "privbench run --plugin my",
        "privbench run --protocol ci.t",
        "privbench sweep gate.t",
        "privbench report run",
        "privbench anonymize ",
    ],
)
def test_where_a_file_may_stand_the_shell_is_left_to_complete_it(complete, line):
    assert complete(line) == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_command_says_what_shells_load(shell, monkeypatch, capsys):
    monkeypatch.setenv("_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION", "1")  # the shell is named, and not found out
    assert call(monkeypatch, "--show-completion", shell) == 0
    assert f"_PRIVBENCH_COMPLETE=complete_{shell}" in capsys.readouterr().out


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
def test_bash_itself_completes_names_and_else_files(tmp_path):
    """With what `--show-completion` prints, as after Tab; `-o default` stands for files."""
    command = tmp_path / "privbench"
    command.write_text(f"#!{sys.executable}\nfrom privbench.cli import main\nmain()\n")
    command.chmod(0o700)
    script = """
    eval "$(privbench --show-completion bash)"
    complete -p privbench
    COMP_WORDS=(privbench run --anonymizer pri) COMP_CWORD=3
    _privbench_completion privbench
    echo "${COMPREPLY[@]}"
    """
    told = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
    done = subprocess.run(
        ["bash", "--norc", "-c", script], capture_output=True, text=True, check=True, env=os.environ | told
    )
    assert done.stdout.splitlines() == [
        "complete -o default -F _privbench_completion privbench",
        "prichexy privacy-net",
    ]
