"""Steps of our action for GitHub and of our template for GitLab, carried out as their runners carry them out."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]
ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text())
TEMPLATE: tuple[dict[str, Any], dict[str, Any]] = tuple(
    yaml.safe_load_all((ROOT / ".gitlab" / "privbench.yml").read_text())
)
GITLAB_INPUTS: dict[str, Any] = TEMPLATE[0]["spec"]["inputs"]
_EXPRESSION = re.compile(r"\$\{\{ *([\w.-]+) *\}\}")


@dataclass
class GitHubJob:
    """A job that uses the action: where its steps run, what it is given, and what the steps have put out."""

    folder: Path
    temp: Path
    inputs: Mapping[str, str]
    variables: Mapping[str, str] = field(default_factory=dict)
    action: Path = ROOT
    outputs: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def summary(self) -> Path:
        """The file that becomes the summary of the job."""
        return self.temp / "summary.md"

    def step(self, name: str) -> subprocess.CompletedProcess[str]:
        """Carries out the shell step of that id; its output is kept for those after it."""
        (step,) = (one for one in ACTION["runs"]["steps"] if one.get("id") == name)
        script, output = self.temp / f"{name}.sh", self.temp / f"{name}.out"
        script.write_text(step["run"])
        output.write_text("")
        runner = {"GITHUB_ACTIONS": "true", "GITHUB_OUTPUT": str(output), "GITHUB_STEP_SUMMARY": str(self.summary),
                  "GITHUB_ACTION_PATH": str(self.action), "RUNNER_TEMP": str(self.temp), "RUNNER_OS": "Linux",
                  "RUNNER_ARCH": "X64"}  # fmt: skip
        given = {key: _EXPRESSION.sub(self._value, text) for key, text in step.get("env", {}).items()}
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", script],
            cwd=self.folder, env=os.environ | dict(self.variables) | runner | given, capture_output=True, text=True,
        )  # fmt: skip
        self.outputs[name] = dict(line.split("=", 1) for line in output.read_text().splitlines())
        return done

    def _value(self, expression: re.Match[str]) -> str:
        context, *path = expression[1].split(".")
        if context == "inputs":
            (name,) = path
            return self.inputs.get(name, ACTION["inputs"][name].get("default", ""))
        if context == "steps":
            name, _, output = path
            return self.outputs[name].get(output, "")
        assert (context, path) == ("runner", ["temp"]), expression[0]
        return str(self.temp)


def run_gitlab(
    shell: str, folder: Path, inputs: Mapping[str, str], variables: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """Carries out the script of the template with those inputs, all its lines in one shell, which ends with the first
    that fails."""
    (job,) = TEMPLATE[1].values()
    defaults = {name: told.get("default", "") for name, told in GITLAB_INPUTS.items()}

    def filled(text: str) -> str:
        return re.sub(r"\$\[\[ inputs\.([\w-]+) \]\]", lambda one: (defaults | dict(inputs))[one[1]], text)

    given = {name: filled(told["value"]) for name, told in job["variables"].items()}
    script = "\n".join(["set -e", *map(filled, job["script"])])
    return subprocess.run(
        [shell, "-c", script], cwd=folder, env=os.environ | dict(variables) | given, capture_output=True, text=True
    )
