"""The action, the template and the hook that other repositories use: they say what they take, and obey no input."""

import json
import re
import shlex
import sys
from pathlib import Path

import pytest
import typer
import yaml
from workflows import ACTION, GITLAB_INPUTS, ROOT, TEMPLATE, GitHubJob, run_gitlab

from privbench.cli.app import app

(JOB,) = TEMPLATE[1].values()
STEPS = ACTION["runs"]["steps"]
SHELL_STEPS = [step for step in STEPS if "run" in step]
HOSTILE = "$(touch broken) `touch broken`; touch broken\n* \"a b\" 'c' && touch broken"
STAND_IN = f"""#!{sys.executable}
import json, os, sys
from pathlib import Path
with open(os.environ["CALLS"], "a") as calls:
    print(json.dumps([Path(sys.argv[0]).name, *sys.argv[1:]]), file=calls)
if sys.argv[1] == "run":
    folder = Path(sys.argv[sys.argv.index("--out") + 1])
    folder.mkdir(parents=True)
    (folder / "run.json").write_text(json.dumps({{"public": os.environ["PUBLIC"] == "yes"}}))
    if "--store" in sys.argv:
        store = Path(sys.argv[sys.argv.index("--store") + 1])
        store.mkdir(exist_ok=True)
        (store / os.environ["PUBLIC"]).touch()
raise SystemExit(int(os.environ.get("STATUS", 0)) if sys.argv[1] == "check" else 0)
"""


@pytest.fixture
def desk(tmp_path, monkeypatch):
    """A repository whose `privbench` only notes how it is called, and whose `pip` installs nothing."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "privbench").write_text(STAND_IN)
    interpreter = f"""#!/bin/bash
if [ "$1 $2" = "-m pip" ]; then shift 2; exec "{tmp_path}/bin/pip" "$@"; fi
exec "{sys.executable}" "$@"
"""
    (tmp_path / "bin" / "pip").write_text(STAND_IN)
    (tmp_path / "bin" / "python").write_text(interpreter)
    for file in (tmp_path / "bin").iterdir():
        file.chmod(0o755)
    for name in ("repository", "temp"):
        (tmp_path / name).mkdir()
    (tmp_path / "repository" / "a_file").touch()
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    monkeypatch.setenv("CALLS", str(tmp_path / "calls"))
    monkeypatch.setenv("PUBLIC", "yes")
    return tmp_path


def calls(desk):
    return [json.loads(line) for line in (desk / "calls").read_text().splitlines()]


def job(desk, **inputs):
    return GitHubJob(desk / "repository", desk / "temp", {name.replace("_", "-"): one for name, one in inputs.items()})


def test_every_input_is_declared_and_used():
    text = (ROOT / "action.yml").read_text()
    used = set(re.findall(r"inputs\.([\w-]+)", text))
    assert used == ACTION["inputs"].keys()
    assert all(one["description"] for one in ACTION["inputs"].values())
    assert [name for name, one in ACTION["inputs"].items() if one.get("required")] == ["anonymizer"]
    assert set(re.findall(r"inputs\.([\w-]+)", (ROOT / ".gitlab" / "privbench.yml").read_text())) == set(GITLAB_INPUTS)


def test_github_and_gitlab_take_the_same():
    """But what belongs to one of them: GitLab's images hold Python, and keep caches and artifacts by other rules."""
    own = {"python-version", "cache", "artifact"}, {"image", "stage", "job"}
    assert ACTION["inputs"].keys() - own[0] == GITLAB_INPUTS.keys() - own[1]
    for name in GITLAB_INPUTS.keys() - own[1] - {"privbench", "anonymizer"}:
        assert ACTION["inputs"][name]["default"] == GITLAB_INPUTS[name]["default"]
        assert ACTION["inputs"][name]["description"] == GITLAB_INPUTS[name]["description"]


def test_no_expression_stands_in_a_script():
    """What is filled in before a shell reads it is code."""
    assert len(SHELL_STEPS) == 4
    assert not [step["id"] for step in SHELL_STEPS if "${{" in step["run"]]
    assert all(step["shell"] == "bash" for step in SHELL_STEPS)
    assert not [line for line in JOB["script"] if "$[[" in line]
    assert all(told["expand"] is False for told in JOB["variables"].values())


def words(hostile):
    return hostile.split()


def test_no_input_of_the_action_is_obeyed(desk):
    found = job(desk, **dict.fromkeys((name.replace("-", "_") for name in ACTION["inputs"]), HOSTILE))
    for name in ("install", "run", "check"):
        assert found.step(name).returncode == 0
    folder = found.outputs["install"]["folder"]
    pip, frozen, run, check = calls(desk)
    assert pip == ["pip", "install", HOSTILE, *words(HOSTILE)]
    assert frozen == ["pip", "freeze"]
    given = ["--anonymizer", HOSTILE, "--protocol", HOSTILE, "--out", f"{folder}/run", "--plugin", HOSTILE]
    assert run == ["privbench", "run", *given, *words(HOSTILE)]
    assert check[:5] == ["privbench", "check", f"{folder}/run", "--baseline", HOSTILE]
    assert check[-len(words(HOSTILE)) :] == words(HOSTILE)
    assert [file.name for file in (desk / "repository").iterdir()] == ["a_file"]


@pytest.mark.parametrize("shell", ["bash", "sh"])
def test_no_input_of_the_template_is_obeyed(desk, shell):
    done = run_gitlab(shell, desk / "repository", dict.fromkeys(GITLAB_INPUTS, HOSTILE), {})
    assert done.returncode == 0, done.stderr
    pip, run, check = calls(desk)
    assert pip == ["pip", "install", HOSTILE, *words(HOSTILE)]
    assert run[:6] == ["privbench", "run", "--anonymizer", HOSTILE, "--protocol", HOSTILE]
    assert run[-2 - len(words(HOSTILE)) :] == ["--plugin", HOSTILE, *words(HOSTILE)]
    assert check[3:5] == ["--baseline", HOSTILE]
    assert check[-len(words(HOSTILE)) :] == words(HOSTILE)
    assert sorted(file.name for file in (desk / "repository").iterdir()) == [".privbench", "a_file", "privbench-gate"]


def test_what_is_not_given_is_not_told(desk):
    found = job(desk, anonymizer="mine", cache="false")
    for name in ("install", "run", "check"):
        assert found.step(name).returncode == 0
    pip, _, run, check = calls(desk)
    assert pip == ["pip", "install", str(ROOT)], "the version of the action itself"
    folder = Path(found.outputs["install"]["folder"])
    assert run[2:] == ["--anonymizer", "mine", "--protocol", "ci.toml", "--out", f"{folder}/run"]
    assert check[2:5] == [f"{folder}/run", "--baseline", "baseline.json"]
    assert folder.parent == desk / "temp"


def test_the_cache_hangs_on_what_is_installed_and_on_the_protocol(desk):
    keys = []
    for text in ("a", "b", "a"):
        (desk / "repository" / "ci.toml").write_text(text)
        found = job(desk, anonymizer="mine")
        found.step("install")
        keys.append(found.outputs["install"]["key"])
    assert keys[0] == keys[2] != keys[1]
    (restore,) = (step["with"] for step in STEPS if step.get("uses", "").startswith("actions/cache/restore"))
    assert "restore-keys" not in restore, "what another key's store held would be kept under every later one"
    assert re.fullmatch(r"privbench-Linux-X64-[0-9a-f]{64}", keys[0])


@pytest.mark.parametrize(("status", "verdict"), [(0, "pass"), (1, "regression"), (2, "cannot judge"), (70, "failed")])
def test_the_verdict_is_put_out_and_decides(desk, monkeypatch, status, verdict):
    monkeypatch.setenv("STATUS", str(status))
    found = job(desk, anonymizer="mine")
    found.step("install")
    found.step("run")
    assert found.step("check").returncode == status
    assert verdict in ACTION["outputs"]["verdict"]["description"]
    assert found.outputs["check"] == {"verdict": verdict, "exit-status": str(status)}
    assert run_gitlab("bash", desk / "repository", {"anonymizer": "mine", "privbench": "x"}, {}).returncode == status


@pytest.mark.parametrize(("public", "kept"), [("yes", "true"), ("no", "false")])
def test_images_of_people_are_kept_in_no_cache(desk, monkeypatch, public, kept):
    monkeypatch.setenv("PUBLIC", public)
    found = job(desk, anonymizer="mine")
    found.step("install")
    found.step("run")
    assert found.outputs["run"] == {"public": kept}
    (save,) = (step for step in STEPS if step.get("uses", "").startswith("actions/cache/save"))
    assert "steps.run.outputs.public == 'true'" in save["if"]
    assert run_gitlab("bash", desk / "repository", {"anonymizer": "mine", "privbench": "x"}, {}).returncode == 0
    assert (desk / "repository" / ".privbench").exists() is (public == "yes")
    assert JOB["cache"]["paths"] == [".privbench"]


def test_no_later_use_of_the_action_saves_images_of_people(desk, monkeypatch):
    """Two in one job, of which the first judges people: they have one store."""
    places = {step.get("id"): place for place, step in enumerate(STEPS)}
    remove = STEPS[places["remove"]]
    assert places["remove"] == places["run"] + 1, "before anything is saved"
    assert remove["if"] == "always() && inputs.cache == 'true' && steps.run.outputs.public != 'true'"
    for public in ("no", "yes"):
        monkeypatch.setenv("PUBLIC", public)
        found = job(desk, anonymizer="mine")
        found.step("install")
        found.step("run")
        if found.outputs["run"]["public"] != "true":
            assert found.step("remove").returncode == 0
    assert [file.name for file in (desk / "temp" / "privbench-store").iterdir()] == ["yes"]


def test_what_is_uploaded_may_leave():
    """Of a run's files, those of which docs/privacy.md says so without an if."""
    rows = re.findall(r"^\| (.*?) \|.*\| yes \|$", (ROOT / "docs" / "privacy.md").read_text(), re.MULTILINE)
    may_leave = {name for row in rows for name in re.findall(r"`([\w.]+)`", row)}
    assert {"run.json", "estimates.safetensors", "training_curves.csv"} <= may_leave
    (upload,) = (step for step in STEPS if step.get("uses", "").startswith("actions/upload-artifact"))
    for paths in (upload["with"]["path"].splitlines(), JOB["artifacts"]["paths"]):
        of_the_run = [Path(path).name for path in paths if Path(path).parent.name == "run"]
        assert {name.replace(".*", ".csv") for name in of_the_run} <= may_leave
        assert {Path(path).name for path in paths} - set(of_the_run) <= {"judgement.json", "junit.xml", "badge.svg"}


def test_the_hook_is_a_command_and_looks_where_baselines_and_protocols_change():
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    program, name, *rest = [*shlex.split(hook["entry"]), *hook["args"]]
    context = typer.main.get_command(app).commands[name].make_context(name, rest)
    assert (program, context.params["runs"]) == ("privbench", [Path("baseline.json")])
    for file in ("baseline.json", "gate/ci.toml"):
        assert re.search(hook["files"], file)
    assert not re.search(hook["files"], "src/mine.py")
