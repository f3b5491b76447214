"""Benchmarks run with what privbench is today, and take what their help says."""

import importlib.util
import sys
from pathlib import Path

import pytest

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


@pytest.fixture(scope="module")
def costs():
    return load("cost_of_protocols")


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
    paper = {one.stage: one for one in costs.protocol_work(load_protocol("paper"), sizes, ["dp-pix"], 15)}
    assert paper["verifier"].trained == {"resnet50@256": 15 * 2 * 792_294}
    assert paper["siamese AA"].trained == {"resnet50@256": 10 * 15 * 2 * 10_000}
    assert "classification, retrained" not in paper


def test_what_methods_share_counts_once(costs):
    standard, sizes = load_protocol("standard"), costs.sizes_of(*costs.CHESTXRAY14, validation=0.125)
    rates = {name: {"train": 2.0, "read": 4.0} for name in costs.networks([standard])}

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


def test_every_network_has_measured_rates(costs):
    import json

    rates = json.loads(costs.REFERENCE.read_text())["networks"]
    found = costs.networks([load_protocol(name) for name in ("paper", "standard", "standard-phantom")])
    assert rates.keys() == found.keys()
    assert all(one["train"] < one["read"] and one["train_flops"] > 2 * one["read_flops"] for one in rates.values())
