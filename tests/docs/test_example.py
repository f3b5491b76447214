"""The example repository, copied into an empty one: its own commands, then the action on a method made worse."""

import importlib.util
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from workflows import ACTION, GITLAB_INPUTS, ROOT, GitHubJob

from privbench.judging.baseline import read_baseline
from privbench.judging.verify_baseline import verify_baseline

SPEC = importlib.util.spec_from_file_location("example", ROOT / "benchmarks" / "example.py")
example = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(example)
EXAMPLE, COMMANDS = example.EXAMPLE, example.commands()
WORKFLOW = yaml.safe_load((EXAMPLE / ".github" / "workflows" / "privacy.yml").read_text())
(USED,) = (step["with"] for step in WORKFLOW["jobs"]["gate"]["steps"] if "privbench" in step["uses"])


def command(start):
    """The first command of the manual that begins so."""
    return next(line for line in COMMANDS if line.startswith(start))


@pytest.mark.slow
def test_its_steps_pass_and_a_worse_method_is_refused(tmp_path):
    """The whole manual, with check-plugin and the self-test, is for benchmarks/example.py."""
    repository, source, temp = (tmp_path / name for name in ("repository", "privbench", "temp"))
    example.copy_to(repository)
    for name in ("privbench", "anonymizers", "attacks"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    (source / "docs").mkdir()
    for name in ("pyproject.toml", "LICENSE", "docs/pypi.md"):
        shutil.copy(ROOT / name, source / name)
    temp.mkdir()
    told = example.environment(tmp_path / "venv", temp / "privbench-store")

    def call(line):
        done = subprocess.run(
            line, shell=True, cwd=repository, env=os.environ | told, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        return done.returncode, " ".join(done.stdout.split())

    job = GitHubJob(repository, temp, USED, told, source)
    installed = job.step("install")
    assert installed.returncode == 0, installed.stderr
    where = call("python -c 'import privbench, wavelet_noise; print(privbench.__file__, wavelet_noise.__file__)'")[1]
    assert where.count(str(tmp_path / "venv")) == 2, "neither is this checkout's"

    status, said = call("privbench list anonymizers")
    assert (status, "wavelet-noise: Adds normal noise" in said, "is broken" in said) == (0, True, False), said
    status, said = call(command("privbench run"))
    assert status == 0, said
    status, said = call(command("privbench check "))
    assert (status, "privbench check: pass" in said) == (0, True), said

    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    status, said = call(" ".join([hook["entry"], *hook["args"]]))
    assert (status, said) == (0, "baseline.json: everything holds (its digest, its fingerprint, its protocol)")

    assert call(command("git apply")) == (0, "")
    assert call(command("pip install"))[0] == 0
    ran = job.step("run")
    assert ran.returncode == 0, ran.stderr
    judged = job.step("check")
    assert judged.returncode == 1, judged.stdout
    sentence = re.search(r"^::error file=baseline.json,title=[^:]*::(wavelet-noise .*)$", judged.stdout, re.MULTILINE)
    assert re.match(
        r"wavelet-noise privacy/worst case/AUC: worse privacy: 0\.\d+ → 0\.\d+, change \+0\.\d+ \[\+0\.\d+, \+0\.\d+\]",
        sentence[1],
    ), judged.stdout
    assert job.outputs["check"] == {"verdict": "regression", "exit-status": "1"}
    assert job.summary.read_text().startswith("### privbench check: regression")
    folder = Path(job.outputs["install"]["folder"])
    assert "privbench gate: regression" in (folder / "badge.svg").read_text()
    assert (folder / "run" / "estimates.safetensors").exists()


def test_its_own_tests_pass(monkeypatch, capsys):
    monkeypatch.syspath_prepend(EXAMPLE / "src")
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)  # they are for these tests
    status = pytest.main(["-q", "-p", "no:cacheprovider", "-p", "no:xdist", str(EXAMPLE / "tests")])
    assert status == pytest.ExitCode.OK, capsys.readouterr().out


def test_its_baseline_holds_and_its_badge_tells_it():
    """What it was made by stands in its manual."""
    assert list(verify_baseline(EXAMPLE / "baseline.json")) == []
    (run,) = read_baseline(EXAMPLE / "baseline.json").runs
    assert (run.anonymizer, run.verdict) == ("wavelet-noise", "certified")
    auc = next(figure.value for name, figure in run.figures.items() if name == "privacy/worst case/AUC")
    badge = (EXAMPLE / "badge.svg").read_text()
    assert f"no sure regression, worst-case AUC {auc:.3f} [" in badge
    assert "](badge.svg)" in (EXAMPLE / "README.md").read_text()


def test_its_jobs_give_inputs_that_there_are():
    assert USED.keys() <= ACTION["inputs"].keys()
    (include,) = yaml.safe_load((EXAMPLE / ".gitlab-ci.yml").read_text())["include"]
    assert include["inputs"].keys() <= GITLAB_INPUTS.keys()
    assert {name: include["inputs"].get(name) for name in USED} == USED
    assert command("privbench check ").endswith(f"{USED['tolerances']} --badge badge.svg")
    (repo,) = yaml.safe_load((EXAMPLE / ".pre-commit-config.yaml").read_text())["repos"]
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    assert repo["hooks"] == [{"id": hook["id"]}]
