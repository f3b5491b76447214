from collections import Counter

import pytest

from privbench import cli
from privbench.base.errors import PrivbenchError
from privbench.plugins.registry import Registry
from privbench.protocols.schema import load_protocol
from privbench.record.run import read_run
from privbench.sweeps.schema import builtin_sweeps, load_sweep

FILE = """
name = "two"
description = "two of them"
published_under = "tiny"
[[rows]]
anonymizer = "identity"
published = { verification = [0.818, 0.006], classification = [0.805, 0.801, 0.809] }
[[rows]]
anonymizer = "dp-pix"
params = { b = 4 }
"""


def test_table_1_is_the_papers():
    sweep = load_sweep("table1")
    assert builtin_sweeps() == ["field", "table1"]
    assert len(sweep.rows) == 9
    registry, paper = Registry(), load_protocol("paper")
    for row in sweep.rows:
        params = registry.get("anonymizer", row.anonymizer).Params
        params.model_validate(paper.anonymizers.get(row.anonymizer, {}) | row.params)
    by_folder = {row.folder: row.published for row in sweep.rows}
    assert by_folder["prichexy-mu0.005"].verification == (0.643, 0.058)
    assert by_folder["dp-pix-b8-m1-epsilon0.1"].classification == (0.529, 0.522, 0.535)


def test_the_field_has_every_method_and_each_that_has_strengths_as_a_curve():
    sweep, registry, quick = load_sweep("field"), Registry(), load_protocol("quick")
    assert {row.anonymizer for row in sweep.rows} == set(registry.names("anonymizer"))
    for row in sweep.rows:
        method = registry.get("anonymizer", row.anonymizer)
        method(**quick.anonymizers.get(row.anonymizer, {}) | row.params).check_size(quick.data.size)
    counts = Counter(row.anonymizer for row in sweep.rows)
    assert {name for name, count in counts.items() if count < 2} == {"identity", "histogram", "privacy-net"}


def call(monkeypatch, *arguments):
    monkeypatch.setattr("sys.argv", ["privbench", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return ended.value.code


@pytest.mark.slow
def test_a_sweep_runs_every_row_and_goes_on_where_it_stopped(monkeypatch, capsys, tiny_protocol, store, tmp_path):
    (tmp_path / "two.toml").write_text(FILE)
    common = [
        tmp_path / "two.toml",
        "--protocol",
        tiny_protocol,
        "--store",
        store,
        "--out",
        tmp_path / "out",
        "--quiet",
    ]
    monkeypatch.setenv("COLUMNS", "120")  # where every figure stands in one line
    assert call(monkeypatch, "sweep", *common) == 0
    told = capsys.readouterr().out
    record = read_run(tmp_path / "out" / "identity")
    attack = record.attacks[0]
    assert "0.818 ± 0.006" in told
    assert f"{attack.verification_auc:.3f} ± {attack.seed_std:.3f}" in told
    assert (tmp_path / "out" / "dp-pix-b4" / "run.json").is_file()
    first = (tmp_path / "out" / "identity" / "run.json").stat().st_mtime_ns
    assert call(monkeypatch, "sweep", *common) == 0
    assert all(stage.cached for stage in read_run(tmp_path / "out" / "dp-pix-b4").stages)
    again = (tmp_path / "out" / "identity" / "run.json").stat().st_mtime_ns
    assert again > first
    capsys.readouterr()
    assert call(monkeypatch, "sweep", *common, "--set", "statistics.resamples=200") == 2
    in_the_way = capsys.readouterr().err
    assert in_the_way.count("holds another run") == 2, "all are told before the first run begins"
    assert (tmp_path / "out" / "identity" / "run.json").stat().st_mtime_ns == again


@pytest.mark.slow
def test_published_figures_stand_beside_their_own_protocol_alone(monkeypatch, capsys, tiny_protocol, store, tmp_path):
    (tmp_path / "two.toml").write_text(FILE.replace('published_under = "tiny"', 'published_under = "paper"'))
    assert call(
        monkeypatch, "sweep", tmp_path / "two.toml", "--protocol", tiny_protocol, "--store", store,
        "--out", tmp_path / "out", "--quiet",
    ) == 0  # fmt: skip
    assert "0.818" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "'name' is missing"),
        ("name = ", "is not TOML"),
        (FILE.replace("b = 4", "b = 4, c = [1"), "is not TOML"),
        (FILE.replace('anonymizer = "dp-pix"\nparams = { b = 4 }', 'anonymizer = "identity"'), "holds identity twice"),
        (FILE.replace('anonymizer = "dp-pix"', 'anonymiser = "dp-pix"'), "did you mean 'anonymizer'"),
        (FILE.replace("verification =", "verificaton ="), "did you mean 'verification'"),
    ],
)
def test_mistakes_in_a_sweep_are_told(tmp_path, text, message):
    (tmp_path / "sweep.toml").write_text(text)
    with pytest.raises(PrivbenchError, match=message):
        load_sweep(str(tmp_path / "sweep.toml"))


def test_unknown_sweeps_are_told():
    with pytest.raises(PrivbenchError, match="did you mean 'table1'"):
        load_sweep("tabel1")
