"""Where a run took place: versions, device, commit."""

from __future__ import annotations

import platform
import subprocess
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

import torch

from ..record.run import GitRecord

_PACKAGES = (
    "torch",
    "torchvision",
    "timm",
    "torchmetrics",
    "lightning-fabric",
    "numpy",
    "pandas",
    "scipy",
    "scikit-learn",
    "pillow",
)


def versions() -> dict[str, str]:
    """The versions of what computes."""
    return {
        "privbench": version("privbench"),
        "python": platform.python_version(),
        **{package: version(package) for package in _PACKAGES},
    }


_TF32 = {None: "convolutions", True: "all products", False: "none"}


def device(
    named: str,
    precision: str,
    threads: int,
    batch: str = "protocol",
    tf32: bool | None = None,
    compiled: str | None = None,
) -> dict[str, str]:
    """The device of that type, or that one of several, and what a repetition on another machine may differ by.

    `tf32` and `compiled` are the protocol's; of a GPU the first is told always, since torch rounds in convolutions.
    """
    kind, _, number = named.partition(":")
    return {
        "type": kind,
        **({"number": number} if number else {}),
        "name": name_of(named) or "",
        "precision": precision,
        **({"batch": batch} if batch != "protocol" else {}),
        **({"tf32": _TF32[tf32]} if kind == "cuda" or tf32 is not None else {}),
        **({"compile": compiled} if compiled is not None else {}),
        "threads": str(threads),
        "system": platform.platform(),
    }


def rounds(told: Mapping[str, str]) -> bool:
    """Whether the GPU of a record rounds the factors of any product of 32-true, such as those of convolutions.

    A record of a privbench before this was told is of one that left it as torch has it.
    """
    return told.get("tf32", _TF32[None]) != _TF32[False]


def name_of(named: str) -> str | None:
    """What the device of that type, or that one of several, is called; None where this machine has none."""
    kind, _, number = named.partition(":")
    if kind != "cuda":
        return _processor()
    return torch.cuda.get_device_name(int(number) if number else None) if torch.cuda.is_available() else None


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def git() -> GitRecord | None:
    """The commit of privbench's own checkout; None where it was installed from a package, or git is absent."""
    here = Path(__file__).resolve().parent

    def ask(*command: str) -> str | None:
        try:
            done = subprocess.run(["git", "-C", str(here), *command], capture_output=True, text=True, check=True)
        except (OSError, subprocess.CalledProcessError):
            return None
        return done.stdout.strip()

    # An installed copy below somebody's project must not pass that project's commit off as its own.
    if ask("ls-files", "--error-unmatch", str(Path(__file__).resolve())) is None:
        return None
    commit, changes = ask("rev-parse", "HEAD"), ask("status", "--porcelain", "--untracked-files=no")
    return None if commit is None else GitRecord(commit=commit, modified=bool(changes))
