"""A baseline that was edited, or that its protocol has left behind, is found without running anything."""

import json
from pathlib import Path

import pytest
from report_runs import write_run

from privbench.base.errors import PrivbenchError
from privbench.judging.baseline import make_baseline, read_baseline, write_baseline
from privbench.judging.verify_baseline import verify_baseline
from privbench.protocols.schema import fingerprint_of, load_protocol
from privbench.running.stage_names import VERSIONS

REFERENCE = Path(__file__).parents[2] / "benchmarks" / "reference" / "baseline.json"
PROTOCOL = 'extends = "quick"\nname = "ci"\nseed = 3\n'


@pytest.fixture
def path(tmp_path):
    """A baseline, made under the protocol beside it, and another protocol."""
    write_run(tmp_path / "run", "a", params={"b": 4})
    (tmp_path / "gate.toml").write_text(PROTOCOL)
    (tmp_path / "other.toml").write_text('name = "other"')
    (tmp_path / "broken.toml").write_text("name =")
    terms = {"protocol": load_protocol(str(tmp_path / "gate.toml")).fixed(), "plugins": [], "stages": VERSIONS}
    told = {"protocol": "ci", "terms": terms, "fingerprint": fingerprint_of(terms, "d")}
    write_baseline(make_baseline([tmp_path / "run"]).model_copy(update=told), tmp_path / "baseline.json")
    return tmp_path / "baseline.json"


def edit(path, change):
    values = json.loads(path.read_text())
    change(values)
    path.write_text(json.dumps(values))


def test_an_honest_baseline_holds(path):
    assert list(verify_baseline(path)) == []


def test_this_projects_own_baseline_holds():
    assert list(verify_baseline(REFERENCE)) == [], "make it anew: CONTRIBUTING.md"


def test_one_figure(path):
    """It neither verifies, nor does the gate take it."""
    edit(path, lambda values: next(iter(values["runs"][0]["figures"].values())).update(value=0.99))
    (problem,) = verify_baseline(path)
    assert problem.startswith("it was changed since privbench wrote it")
    with pytest.raises(PrivbenchError, match=r"baseline\.json was changed since privbench wrote it"):
        read_baseline(path)


def test_terms_with_a_forged_digest(path):
    baseline = read_baseline(path)
    terms = baseline.terms | {"plugins": [{"plugin": "another"}]}
    write_baseline(baseline.model_copy(update={"terms": terms}), path)
    assert list(verify_baseline(path)) == [
        "its fingerprint is not that of its terms and its data's digest: make it anew"
    ]


def test_a_protocol_that_was_changed_since(path):
    protocol = path.with_name("gate.toml")
    protocol.write_text(PROTOCOL.replace("seed = 3", "seed = 4") + "[statistics]\nresamples = 500\n")
    (problem,) = verify_baseline(path)
    assert problem.startswith(f"it was made under another protocol than {protocol}, or by another version of privbench")
    assert "protocol.seed: 3 / 4; protocol.statistics.resamples: 1000 / 500" in problem
    protocol.write_text(PROTOCOL + "description = 'in other words'\nversion = 9\n")
    assert list(verify_baseline(path)) == [], "words are no part of it"


def test_a_stage_that_was_changed_since(path, monkeypatch):
    monkeypatch.setitem(VERSIONS, "figures", "next")
    (problem,) = verify_baseline(path)
    assert f"stages.figures: {read_baseline(path).terms['stages']['figures']} / next" in problem


def test_its_protocol_has_to_be_found(path):
    path.with_name("gate.toml").rename(path.parent / "moved.txt")
    with pytest.raises(PrivbenchError, match=r"under the protocol ci, which does not stand beside it: name its file"):
        list(verify_baseline(path))
    (path.parent / "elsewhere").mkdir()
    moved = path.parent / "elsewhere" / "gate.toml"
    (path.parent / "moved.txt").rename(moved)
    assert list(verify_baseline(path, str(moved))) == []
    for name in ("gate.toml", "copy.toml"):
        path.with_name(name).write_text(PROTOCOL)
    with pytest.raises(PrivbenchError, match=r"are called ci \(copy\.toml, gate\.toml\): name one with --protocol"):
        list(verify_baseline(path))


def test_a_built_in_protocol_need_not_stand_beside_it(path):
    terms = {"protocol": load_protocol("quick").fixed(), "stages": VERSIONS}
    told = {"protocol": "quick", "terms": terms, "fingerprint": fingerprint_of(terms, "d")}
    write_baseline(read_baseline(path).model_copy(update=told), path)
    assert list(verify_baseline(path)) == []


@pytest.mark.parametrize("change", [{"schema_version": 1}, {}])
def test_nobody_gets_round_the_digest(path, change):
    """As by the schema that had none."""

    def without_digest(values):
        values |= change
        del values["digest"]
        values["runs"][0]["figures"].popitem()

    edit(path, without_digest)
    for read in (read_baseline, lambda path: list(verify_baseline(path))):
        with pytest.raises(PrivbenchError, match=r"is no baseline of this privbench .*make it anew"):
            read(path)


@pytest.mark.parametrize("text", ["{}", '{"schema_version": 3}', "<<<<<<< HEAD"])
def test_a_file_that_is_none_is_refused(path, text):
    path.write_text(text)
    with pytest.raises(PrivbenchError, match="is no baseline of this privbench"):
        list(verify_baseline(path))
