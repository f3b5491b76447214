"""Benchmarks run with what privbench is today, and take what their help says."""

import importlib.util
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from privbench.protocols.schema import load_protocol

FOLDER = Path(__file__).parents[2] / "benchmarks"


def load(name):
    """The module of a benchmark, which finds what lies beside it, as a script does."""
    spec = importlib.util.spec_from_file_location(f"benchmark_{name}", FOLDER / f"{name}.py")
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(FOLDER)
        spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", sorted(path.stem for path in FOLDER.glob("*.py")))
def test_all_that_they_import_is_there(name):
    assert load(name).__doc__


@pytest.mark.slow
@pytest.mark.parametrize("name", ["serial", "local"])
def test_the_engines_graph_of_nothing_is_made(name, tmp_path):
    module = load("bench_engine")
    nodes = module.layered(2, 3)
    with module.opened(name, tmp_path) as engine:
        engine.make({"all": nodes})
        assert all((engine.made[node].folder / "text").read_text() == node.config["of"] for node in nodes)


@pytest.fixture(scope="module")
def parse():
    """What the benchmark of draws makes of a command line."""
    module = load("trap_draws")
    return lambda line: module.parser().parse_args(line.split())


def test_options_stand_in_any_order_and_as_often_as_need_be(parse):
    chosen = parse("--draws 0 1 --set data.params.patients=500 --trap trap-mirror --set seed=3 --trap trap-key")
    assert chosen.draws == [0, 1]
    assert chosen.trap == ["trap-mirror", "trap-key"]
    protocol = load_protocol(chosen.protocol, chosen.set)
    assert (protocol.data.params["patients"], protocol.seed) == (500, 3)
    assert (parse("").draws, parse("").trap, parse("").set) == ([0, 1, 2], None, [])


@pytest.mark.parametrize("line", ["--trap trap-mirror trap-key", "--trap nobody", "--draws 0 seed=3", "seed=3"])
def test_what_is_no_option_is_refused(parse, line):
    """A second name after one `--trap` was once taken for a change of the protocol."""
    with pytest.raises(SystemExit):
        parse(line)


def test_false_alarms_are_of_twenty_seeds_and_of_all_removers():
    module = load("false_alarms")
    chosen = module.parser().parse_args(["--set", "attacks.siamese=none", "--remover", "remover-mean"])
    assert (chosen.seeds, chosen.remover) == (list(range(20)), ["remover-mean"])
    names = ("constant", "noise", "mean", "new-patient", "surrogate")
    assert list(module._REMOVERS) == [f"remover-{name}" for name in names]


def test_a_remover_has_a_row_of_what_its_runs_say(finished):
    """The tiny run's interval holds 0.5 or not; of two of it the table says so twice."""
    worst, module = finished.record.worst_case, load("false_alarms")
    held = worst.interval.low <= 0.5 <= worst.interval.high
    value = f"{worst.verification_auc:.3f}"
    row = module.row("remover-noise", [finished.record] * 2)
    assert row.startswith(f"| remover-noise | {2 * held} of 2 | {2 * (worst.interval.low > 0.5)} | {value} | {value} |")
    assert row.endswith(f"| 2 {worst.verdict} |")


def test_a_method_has_a_row_of_what_its_run_says(finished):
    record, module = finished.record, load("field")
    cells = module.row(record).strip("| ").split(" | ")
    assert len(cells) == len(module.HEAD)
    assert cells[0] == "prichexy mu=0.05"
    assert cells[1].startswith(f"{record.worst_case.verification_auc:.3f} [{record.worst_case.interval.low:.3f}")
    assert cells[2] == record.worst_case.verdict
    assert cells[5].startswith(f"{record.utility.mean_auc:.3f} [")


def test_the_area_of_methods_that_do_nothing_is_told_as_that():
    """In nearly all of 40 small studies of five settings; percentiles of its resamples find privacy in several."""
    module = load("area_coverage")
    nothing = module.METHODS["does nothing, 5 settings"]
    studies = [module.study(nothing, 60, np.random.default_rng([number, 60])) for number in range(40)]
    assert module.true_area(nothing) == 0
    assert np.mean([one.area for one in studies]) > 0.01, "noise alone"
    assert sum(one.told[0] > 0 for one in studies) <= 2
    assert sum(one.percentile[0] > 0 for one in studies) >= 5
    strong = module.METHODS["strong, 3 settings"]
    held = [module.study(strong, 60, np.random.default_rng([number, 60])).told for number in range(20)]
    assert all(0 < low < module.true_area(strong) < high for low, high in held)


@pytest.fixture(scope="module")
def costs():
    return load("protocol_work")


def test_images_are_counted_by_stage(costs):
    """By hand, from the figures of the protocols."""
    standard, sizes = load_protocol("standard"), costs.Sizes(train=70_000, val=10_000, test=25_000)
    by_stage = {one.stage: one for one in costs.protocol_work(standard, sizes, ["prichexy"], 15)}
    assert by_stage["classifier"].trained == {"densenet121@224": 5 * 70_000}
    assert by_stage["classifier"].read == {"densenet121@224": 5 * 10_000}
    assert by_stage["verifier"].trained == {"resnet50@256": 2 * 10 * 1150 * 32}
    assert by_stage["embedder"].trained == {"resnet50@256": 2 * 20 * 1150 * 64}
    assert by_stage["siamese AA"].trained == {"resnet50@256": 3 * 15 * 2 * 10_000}
    assert by_stage["distillation AO"].trained == {"resnet50@256": 3 * 4 * 400 * 64 * (1 + 2)}, "two rounds"
    assert by_stage["contrastive AA"].trained == {"resnet50@256": 3 * 2 * 4 * 400 * 32}
    assert by_stage["restoration AO"].trained["restorer16@256"] == 3 * 70_000
    assert by_stage["classification, retrained"].trained == {"densenet121@224": 3 * 5 * 70_000}
    assert by_stage["prichexy"].trained["prichexy@256"] == 5 * 70_000 + 50 * 10_000
    assert by_stage["prichexy"].trained["resnet50@256"] == 3 * 50 * 10_000
    assert by_stage["prichexy"].read["resnet50@256"] == 50 * 10_000 + 2 * 50 * 2_000
    (latent,) = costs.method_work(standard, sizes, "latent-noise")
    assert latent.trained == {"latent-noise@256": 12 * 70_000}
    paper = {one.stage: one for one in costs.protocol_work(load_protocol("paper"), sizes, ["dp-pix"], 15)}
    assert paper["verifier"].trained == {"resnet50@256": 15 * 2 * 792_294}
    assert paper["siamese AA"].trained == {"resnet50@256": 10 * 15 * 2 * 10_000}
    assert "classification, retrained" not in paper


def test_what_methods_share_counts_once(costs):
    standard, sizes = load_protocol("standard"), costs.sizes_of(*costs.CHESTXRAY14, validation=0.125)
    rates = {name: {"train": 2.0, "read": 4.0} for name in load("network_rates").networks([standard])}

    def lasts(*methods):
        return costs.hours(costs.protocol_work(standard, sizes, methods, 15), rates)

    alone = lasts("dp-pix") - lasts("identity")
    assert alone > 0
    assert lasts("identity", "dp-pix", "dp-pix") == pytest.approx(lasts("identity") + 2 * alone)
    assert lasts("prichexy") > lasts("dp-pix")


def test_hours_and_operations_follow_from_rates(costs):
    work = [costs.Work("a", {"net": 7200.0}, {"net": 3600.0}), costs.Work("b", {}, {"net": 3600.0})]
    rates = {"net": {"train": 1.0, "read": 2.0, "train_flops": 3.0, "read_flops": 1.0}}
    assert costs.hours(work, rates) == 2.0 + 1.0
    assert costs.operations(work, rates) == 3 * 7200 + 7200
    assert costs.totals(work) == {"net": (7200.0, 7200.0)}


def test_every_network_has_measured_rates():
    import json

    rates = json.loads(load("cost_of_protocols").REFERENCE.read_text())["networks"]
    found = load("network_rates").networks([load_protocol(name) for name in ("paper", "standard", "standard-phantom")])
    assert rates.keys() == found.keys()
    assert all(one["train"] < one["read"] and one["train_flops"] > 2 * one["read_flops"] for one in rates.values())


def test_a_network_without_a_rate_is_told_with_the_command_that_measures_it():
    module = load("cost_of_protocols")
    protocol = str(module.REFERENCE.with_name("table1-128.toml"))
    command = f"measure --protocol standard {protocol} --out"
    with pytest.raises(
        SystemExit, match=rf"no rate of .*test_resnet@128.* in .*rates-cpu.json: .*{re.escape(command)}"
    ):
        module.project(["standard", protocol], module.REFERENCE, 15)


def in_a_process(*words):
    return subprocess.run(
        [sys.executable, *map(str, words)], capture_output=True, text=True, env=os.environ | {"OMP_NUM_THREADS": "1"}
    )


@pytest.mark.slow
def test_what_a_gpu_is_measured_by_runs_on_a_processor(tmp_path):
    """All paths but those that only a GPU has, at small size.

    The program has a limit of its own (`--seconds`), and what that does not allow for is skipped: a tighter one would
    have a machine that does other work miss sections which are looked for here.
    """
    done = in_a_process(FOLDER / "gpu.py", "--device", "cpu", "--small", "--json", tmp_path / "rows.json")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "No GPU is used" in done.stdout
    told = json.loads((tmp_path / "rows.json").read_text())
    assert (told["device"], told["small"]) == ("cpu", True)
    rows = {status: [row for row in told["rows"] if row["status"] == status] for status in ("ok", "skipped")}
    assert len(rows["ok"]) + len(rows["skipped"]) == len(told["rows"]), "no target of a GPU is held against it"
    assert {row["section"] for row in rows["ok"]} == {"correctness", "trainings", "seeds", "hours", "precision"}
    assert [row["section"] for row in rows["skipped"]] == ["compile"]
    begun = [
        row["what"].split(",")[0] for row in rows["ok"] if row["section"] == "trainings" and "plain" in row["what"]
    ]
    main, further = (
        ["siamese attack", "PriCheXy-Net", "embedder", "classifier"],
        ["verifier by patients", "distillation"],
    )
    assert begun == [*main, *further, "restorer"]
    assert all(row["value"] > 0 for row in rows["ok"] if row["unit"].endswith("/s"))


def test_a_section_that_fails_is_a_row_and_the_next_goes_on(tmp_path):
    module = load("gpu_rows")
    bench = module.Bench("cpu", True, 100.0, only=("trainings", "seeds"))

    def broken():
        raise ValueError("first line\nsecond line")

    bench.guarded("trainings", "broken", 1, broken)
    bench.guarded("trainings", "later", 1e6, broken)
    bench.guarded("hours", "not asked for", 1, broken)
    bench.guarded("seeds", "whole", 1, lambda: bench.at_least("seeds", "whole", 12.0, "pairs/s", 1.2, 3))
    told = [(row.what, row.status) for row in bench.rows]
    assert told == [("broken", "failed"), ("later", "skipped"), ("whole", "ok")]
    assert bench.rows[0].note == "ValueError: first line"
    assert bench.failed
    assert "| trainings | broken |  |  |  | failed | ValueError: first line |" in bench.table()
    bench.written(tmp_path / "rows.json", {"device": "none"})
    assert len(json.loads((tmp_path / "rows.json").read_text())["rows"]) == 3
    assert os.listdir(tmp_path) == ["rows.json"]
    on_gpu = module.Bench("cuda", False, 100.0)
    on_gpu.at_least("seeds", "slow", 12.0, "pairs/s", 1.2, 3)
    assert (on_gpu.rows[0].status, on_gpu.rows[0].target, on_gpu.failed) == ("missed", ">= 3 times", False)


@pytest.mark.slow
def test_what_hangs_is_ended_when_the_time_is_over(tmp_path):
    """In the middle of a section, with the process that it began."""
    file = tmp_path / "rows.json"
    code = f"""
import subprocess, sys
from pathlib import Path
sys.path.insert(0, {str(FOLDER)!r})
import gpu
from seeds_together import RUNNING
bench = gpu.Bench("cpu", True, 0.5)
bench.doing = "seeds: processes"
RUNNING.append(subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, start_new_session=True))
print("began", RUNNING[0].pid, flush=True)
gpu.ended_by_the_clock(bench, Path({str(file)!r}), {{}})
RUNNING[0].wait()
input()
"""
    line = [sys.executable, "-c", code]
    with subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        printed = process.stdout.read()
        assert process.wait() == 1
    (row,) = json.loads(file.read_text())["rows"]
    assert (row["section"], row["status"]) == ("seeds", "failed")
    assert "the time was over" in printed
    with pytest.raises(ProcessLookupError):
        os.kill(int(printed.split()[1]), 0)


def test_seeds_that_are_stacked_learn_what_they_learn_alone():
    module = load("seeds_together")
    recipe = module.VerifierRecipe(**load_protocol("quick").attacks["siamese"].params | {"batch_size": 4})
    told = module.Seeds(recipe, 32, 2, "cpu", "32-true")
    assert module.equal(told) < 5e-4, "but for the order in which threads add"
    assert module.Seeds.read(told.dumped()) == told
    first, second = (module.Alone(told, seed, *surroundings_of(module, told)) for seed in (0, 1))
    assert abs(first.step() - second.step()) > 1e-3, "seeds differ"


def surroundings_of(module, told):
    fabric = module.create_fabric(told.device, told.precision)
    return fabric, module.Pairs(told, fabric.device)


@pytest.mark.slow
def test_a_process_of_one_seed_that_ends_is_told_with_its_last_words():
    module = load("seeds_together")
    recipe = module.VerifierRecipe(**load_protocol("quick").attacks["siamese"].params | {"backbone": "no_such_network"})
    with pytest.raises(RuntimeError, match="a process of one seed ended: .*no_such_network"):
        module.in_processes(module.Seeds(recipe, 32, 1, "cpu", "32-true"), 0.1)
    assert all(process.poll() is not None for process in module.RUNNING)


def test_the_interval_of_paired_aucs_is_students():
    module = load("precision_of_trainings")
    ours, theirs = np.random.default_rng(0).normal(0.8, 0.02, (2, 5))
    told = module.difference(ours, theirs)
    expected = stats.ttest_rel(ours, theirs).confidence_interval(0.95)
    assert (told.low, told.high) == pytest.approx((expected.low, expected.high))
    assert told.mean == pytest.approx((ours - theirs).mean())
    assert told.holds_zero
    assert not module.difference(ours + 0.2, theirs).holds_zero


def test_the_time_that_kernels_cover_counts_once():
    covered = load("gpu_busy").covered
    early = [(0.0, 1.0)] * 4
    assert covered([*early, (10, 12), (11, 13), (16, 18), (18, 20)]) == pytest.approx(0.7)
    assert covered([*early, (10, 20), (11, 12), (13, 14), (15, 16)]) == pytest.approx(1.0)
    assert covered([(0, 1), (2, 3)]) is None
