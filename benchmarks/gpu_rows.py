"""The rows of `gpu.py`: what was measured, what failed, and what there was no time for."""

from __future__ import annotations

import gc
import json
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch

OK, FAILED, SKIPPED, MISSED = "ok", "failed", "skipped", "missed"
"""Missed is a target."""
SECTIONS = ("correctness", "trainings", "seeds", "hours", "precision", "compile")


@dataclass(frozen=True)
class Row:
    """A line of the table. `times` is how often the plain way, or the one that is called so, fits into it."""

    section: str
    what: str
    value: float | None = None
    unit: str = ""
    times: float | None = None
    target: str = ""
    status: str = OK
    note: str = ""

    @property
    def cells(self) -> list[str]:
        value = "" if self.value is None else f"{self.value:,.4g} {self.unit}"
        times = "" if self.times is None else f"{self.times:.2f}"
        return [self.section, self.what, value.strip(), times, self.target, self.status, self.note]


HEADS = ["section", "what", "value", "times", "target", "status", "note"]


@dataclass
class Bench:
    """What is measured, on what, until when; and what was found so far. Rows may be added while the clock ends it."""

    device: str
    small: bool
    seconds: float
    only: Sequence[str] = SECTIONS
    steps: int | None = None
    seeds: int | None = None
    rows: list[Row] = field(default_factory=list)
    doing: str = "beginning"
    begun: float = field(default_factory=time.monotonic)

    @property
    def on_gpu(self) -> bool:
        return self.device == "cuda"

    @property
    def left(self) -> float:
        """Seconds."""
        return self.seconds - (time.monotonic() - self.begun)

    @property
    def failed(self) -> bool:
        return any(row.status == FAILED for row in self.rows)

    def add(self, section: str, what: str, *told: Any, **more: Any) -> None:
        row = Row(section, what, *told, **more)
        self.rows.append(row)
        print(" | ".join(cell for cell in row.cells if cell), flush=True)

    def at_least(self, section: str, what: str, value: float, unit: str, times: float, least: float) -> None:
        """A rate beside the plain one; the target is told on a GPU alone, whose it is."""
        told = {"target": f">= {least:g} times", "status": OK if times >= least else MISSED} if self.on_gpu else {}
        self.add(section, what, value, unit, times, **told)

    def guarded(self, section: str, what: str, needs: float, work: Callable[[], None]) -> None:
        """Does the work where there is time for it, and tells where it fails. `needs` is in seconds."""
        if section not in self.only:
            return
        if self.left < needs:
            self.add(section, what, status=SKIPPED, note=f"takes {needs:.0f} s, and {max(self.left, 0):.0f} are left")
            return
        self.doing = f"{section}: {what}"
        try:
            work()
        except KeyboardInterrupt:
            raise
        except Exception as error:  # noqa: BLE001 - whatever fails is told, and the rest goes on
            words = (str(error).strip().splitlines() or [""])[0][:160]
            self.add(section, what, status=FAILED, note=f"{type(error).__name__}: {words}")
        finally:
            _memory_given_back(self.on_gpu)

    def table(self) -> str:
        lines = [f"| {' | '.join(HEADS)} |", f"{'| --- ' * len(HEADS)}|"]
        lines += [f"| {' | '.join(row.cells)} |" for row in list(self.rows)]
        return "\n".join(lines)

    def written(self, file: Path | None, about: dict[str, Any]) -> None:
        if file is not None:
            told = {"about": about, "device": self.device, "small": self.small, "rows": list(map(asdict, self.rows))}
            unfinished = file.with_name(f".{file.name}.unfinished")
            unfinished.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
            unfinished.replace(file)


def _memory_given_back(on_gpu: bool) -> None:
    """Whatever the failure left: the next section begins with an empty device."""
    gc.collect()
    if on_gpu:
        with suppress(RuntimeError):  # of a device that is broken the next section tells
            torch.cuda.empty_cache()
