"""The sections of `gpu.py`: what is measured, in the order of what one wants to know first."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import network_rates
import precision_of_trainings as aucs
import protocol_work as work
import seeds_together as together
import torch
from gpu_rows import FAILED, MISSED, OK, SKIPPED, Bench
from gpu_trainings import FURTHER, MAIN, every_training, protocol_of
from own_trainings import Way, drawn, trainings

from privbench.learning.device import rounded
from privbench.learning.recipes import VerifierRecipe
from privbench.protocols.schema import load_protocol
from privbench.running import environment
from privbench.sweeps.schema import load_sweep

ROOT = Path(__file__).parents[1]
_IN_SMALL = "cpu-bf16-mixed and siamese"
"""Tests that stand for all where there is no GPU: the rest of them runs with the suite."""
_SEEDS = 3  # as many as `standard` trains
_STACKED = 0.01  # by how much losses that are stacked may differ, relative
_BETTER = 1.05
_HOURS = {"one that trains no network": ["dp-pix"], "one like PriCheXy-Net": ["prichexy"]}
_MOST = {("standard", "one like PriCheXy-Net"): 2.0, ("standard", "Table 1's nine rows"): 10.0}
"""Hours that are aimed at."""


def about(bench: Bench) -> dict[str, Any]:
    """What is measured on what."""
    told: dict[str, Any] = {"device": environment.name_of(bench.device), "cores": len(os.sched_getaffinity(0))}
    if bench.on_gpu:
        free, whole = torch.cuda.mem_get_info()
        told |= {"memory": f"{whole / 2**30:.0f} GiB, {free / 2**30:.0f} free", "CUDA": torch.version.cuda}
    commit = environment.git()
    versions = environment.versions()
    told |= {name: versions[name] for name in ("privbench", "python", "torch", "timm", "lightning-fabric")}
    return told | {"commit": None if commit is None else commit.commit + (" (modified)" if commit.modified else "")}


def every(bench: Bench) -> None:
    """All sections that are asked for, as far as there is time."""
    torch.set_num_threads(1 if bench.small else 4)
    bench.guarded("correctness", "tests", 10, partial(correctness, bench))
    rates: dict[str, float] = {}
    bench.guarded("trainings", "four", 10 if bench.small else 60, partial(every_training, bench, rates, MAIN))
    seeds(bench)
    bench.guarded("hours", "protocols", 3 if bench.small else 60, partial(hours, bench, rates))
    bench.guarded("precision", "phantoms", 10 if bench.small else 60, partial(precision, bench))
    compiled(bench)
    bench.guarded("trainings", "three more", 10 if bench.small else 60, partial(every_training, bench, {}, FURTHER))


# Is it right? -------------------------------------------------------------------------------------------------------


def correctness(bench: Bench) -> None:
    """The marked tests, in a process of their own, which ends when a third of the time is over."""
    chosen = ["-m", "gpu"] if bench.on_gpu else ["-k", _IN_SMALL]
    files = sorted(file for file in (ROOT / "tests").rglob("test_*.py") if "mark.gpu" in file.read_text("utf-8"))
    line = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-vv", "--tb=line", *chosen, *map(str, files)]
    process = subprocess.Popen(
        line, cwd=ROOT, text=True, start_new_session=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    together.RUNNING.append(process)
    limit = max(bench.left / 3, 10.0)
    try:
        printed, _ = process.communicate(timeout=limit)
    except subprocess.TimeoutExpired:
        together.end(process)
        printed, _ = process.communicate()
        bench.add("correctness", "tests", status=FAILED, note=f"not done within {limit:.0f} s")
    words = ("PASSED", "FAILED", "ERROR", "SKIPPED")
    told = {word: len(re.findall(rf"::.* {word}\b", printed)) for word in words}
    for name, why in re.findall(r"^(?:FAILED|ERROR) \S*?::(\S+)(?: - (.*))?$", printed, re.MULTILINE):
        bench.add("correctness", name, status=FAILED, note=why[:160])
    whole = process.returncode == 0 and told["PASSED"] > 0
    note = ", ".join(f"{count} {word.lower()}" for word, count in told.items())
    if not whole:
        note = f"{note}; status {process.returncode}: {' '.join(printed.strip().splitlines()[-1:])[:160]}"
    what = f"pytest {' '.join(chosen)}"
    bench.add("correctness", what, told["PASSED"], "tests", status=OK if whole else FAILED, note=note)


# Several seeds ------------------------------------------------------------------------------------------------------


def seeds(bench: Bench) -> None:
    """Seeds of a small network, and on a GPU of ResNet-50, in all ways."""
    precision, count = ("bf16-mixed", _SEEDS) if bench.on_gpu else ("32-true", 2)
    count = bench.seeds or count
    for small, least in ((True, 2.5), (False, 1.4)):
        if bench.small and not small:
            continue
        protocol = protocol_of(small)
        params = protocol.attacks["siamese"].params | {"init": "scratch"}
        told = together.Seeds(VerifierRecipe(**params), protocol.data.size, count, bench.device, precision)
        needs = 8 if bench.small and bench.seeds is None else 60
        bench.guarded("seeds", told.recipe.backbone, needs, partial(in_every_way, bench, told, least))


def in_every_way(bench: Bench, told: together.Seeds, least: float) -> None:
    lasts = 0.3 if bench.small and bench.seeds is None else 5.0
    name = f"{told.count} seeds of {told.recipe.backbone}@{told.recipe.input_size or told.size}, {told.precision}"
    single = together.alone(told, lasts)
    bench.add("seeds", f"{name}: one after the other", single, "pairs/s", 1.0)
    ways = {"processes": together.in_processes, "stacked": together.stacked}
    if bench.on_gpu:
        ways["streams"] = together.on_streams
    found = {"one after the other": 1.0}

    def measured(way: str) -> None:
        rate = ways[way](told, lasts)
        found[way] = rate / single
        bench.add("seeds", f"{name}: {way}", rate, "pairs/s", found[way])

    for way in ways:
        bench.guarded("seeds", f"{name}: {way}", 2 * lasts, partial(measured, way))
    best = max(found, key=lambda way: found[way])
    target = {"target": f">= {least:g} times", "status": OK if found[best] >= least else MISSED}
    bench.add("seeds", f"{name}: fastest", None, "", found[best], note=best, **(target if bench.on_gpu else {}))
    bench.guarded("seeds", f"{name}: stacked losses", lasts, partial(_equal, bench, told, name))


def _equal(bench: Bench, told: together.Seeds, name: str) -> None:
    with rounded(False):
        differs = together.equal(replace(told, precision="32-true"))
    bench.add(
        "seeds",
        f"{name.partition(',')[0]}: losses stacked and one after the other, fp32",
        differs,
        "relative",
        target=f"<= {_STACKED}",
        status=OK if differs <= _STACKED else FAILED,
    )


# How long would it take? ---------------------------------------------------------------------------------------------


def hours(bench: Bench, rates: dict[str, float]) -> None:
    """From images a second of bare networks, or of trainings where these were measured and take longer."""
    protocols = ("quick",) if bench.small else network_rates.MEASURED
    precision, batch, lasts = ("32-true", 4, 0.1) if bench.small else ("bf16-mixed", 64, 1.5)
    networks = network_rates.measure(bench.device, precision, batch, torch.get_num_threads(), lasts, protocols)
    for name, rate in rates.items():
        if name in networks and not name.startswith("prichexy"):  # a step of its game is one of all three networks
            networks[name]["train"] = min(networks[name]["train"], rate)
    for name, told in networks.items():
        bench.add("hours", f"{name}: training", told["train"], "images/s")
        bench.add("hours", f"{name}: reading", told["read"], "images/s")
    note = "networks alone, one after the other" + ("" if rates else "; of bare networks, as no training was measured")
    methods = dict(_HOURS)
    if not bench.small:
        methods["Table 1's nine rows"] = [row.anonymizer for row in load_sweep("table1").rows]
    for protocol in protocols:
        loaded = load_protocol(protocol)
        sizes = work.sizes_of(*(_QUICK if bench.small else work.CHESTXRAY14), validation=loaded.data.validation)
        for kind, names in methods.items():
            took = work.hours(work.protocol_work(loaded, sizes, names, work.STOPS_AFTER), networks)
            most = _MOST.get((protocol, kind))
            target = {"target": f"<= {most:g} h", "status": OK if took <= most else MISSED} if most else {}
            bench.add("hours", f"{protocol}: {kind}", took, "h", note=note, **target)


_QUICK = (6_230, 1_558)
"""2,200 phantoms with 3.54 images each, a fifth of them for testing."""


# Is bf16 as good? ----------------------------------------------------------------------------------------------------


def precision(bench: Bench) -> None:
    """AUCs of an embedder of originals, seed by seed in both precisions."""
    epochs = 4
    steps = bench.steps or (4 if bench.small else 240)
    shapes = (80, 32) if bench.small else (600, 64)
    splits = aucs.phantoms(*shapes)
    recipe = load_protocol("quick").guidance.embedder
    assert recipe is not None  # quick has one
    recipe = recipe.model_copy(update={"epochs": epochs, "steps": -(-steps // epochs)})
    found: dict[str, list[float]] = {"32-true": [], "bf16-mixed": []}
    longest = 0.0
    for seed in range(bench.seeds or aucs.SEEDS):
        if bench.left < 2 * longest:
            break
        begun = time.monotonic()
        for name, values in found.items():
            values.append(aucs.auc_of(splits, recipe, Way(name), bench.device, seed))
        longest = max(longest, time.monotonic() - begun)
        told = ", ".join(f"{name} {values[-1]:.4f}" for name, values in found.items())
        bench.add("precision", f"seed {seed}, {steps} steps", note=f"AUC: {told}")
    done = len(found["32-true"])
    if done < 2:
        bench.add("precision", "difference", status=SKIPPED, note="one seed has no spread")
        return
    apart = aucs.difference(found["bf16-mixed"], found["32-true"])
    bench.add(
        "precision",
        f"AUC in bf16 less that in fp32, {done} seeds",
        apart.mean,
        "",
        target="interval holds 0",
        status=OK if apart.holds_zero else MISSED,
        note=f"95 % interval {apart.low:+.4f} to {apart.high:+.4f}; fp32 {sum(found['32-true']) / done:.4f} on average",
    )


# Does torch.compile pay? ---------------------------------------------------------------------------------------------


def compiled(bench: Bench) -> None:
    """The siamese attack of a small network and of ResNet-50, compiled as the protocol's `compile` has it."""
    if not bench.on_gpu:
        if "compile" in bench.only:
            bench.add("compile", "trainings", status=SKIPPED, note="on a processor its compiler takes minutes")
        return
    for small, patients in ((True, 40), (False, 40)):
        if bench.small and not small:
            continue
        needs = 60 if small else 100
        bench.guarded("compile", "small" if small else "standard", needs, partial(_compiled, bench, small, patients))


def _compiled(bench: Bench, small: bool, patients: int) -> None:
    protocol, steps = protocol_of(small), 100 if small else 30
    with drawn(protocol, patients, protocol.data.size, bench.device) as told:
        training = trainings(told, bench.device)[0]
        plain = training.timed(bench.device, Way("bf16-mixed"), steps).rate
        bench.add("compile", f"{training.name}: bf16-mixed", plain, training.unit, 1.0)

        def measured(way: Way) -> None:
            rate = training.timed(bench.device, way, steps).rate
            pays = "pays" if rate >= _BETTER * plain else "does not pay"
            bench.add("compile", f"{training.name}: {way}", rate, training.unit, rate / plain, note=pays)

        for way in (Way("bf16-mixed", compiled="reduce-overhead"), Way("bf16-mixed", compiled="default")):
            bench.guarded("compile", f"{training.name}: {way}", 30 if small else 100, partial(measured, way))
