"""`privbench audit`: a folder of released images is judged as an ordinary run."""

import json

import pandas as pd
import pytest
from releases import table_of, write_map, write_release

from privbench.api import Run
from privbench.record.folder import COPY_SCORES, MATCHES, RETRIEVAL_SCORES, SEARCH_SCORES, UTILITY_SCORES
from privbench.record.run import read_run
from privbench.record.scores import read_scores


@pytest.fixture
def audit(privbench, tiny_protocol, store, tmp_path):
    """Audits a folder into the run folder `audited`; the answer and, where there is one, the run."""

    def command(*arguments, store=store):
        out = tmp_path / "audited"
        told = privbench("audit", *arguments, "--protocol", tiny_protocol, "--store", store, "--out", out)
        return told, Run(read_run(out), out) if told.code == 0 else None

    return command


def judged(record):
    return {name: getattr(record, name) for name in ("worst_case", "attacks", "inferences", "utilities", "measurements",
                                                     "copies", "fingerprint", "data_digest", "released")}  # fmt: skip


@pytest.mark.slow
def test_the_files_of_a_run_s_release_get_its_figures_to_the_bit(audit, finished, store, tmp_path, tmp_path_factory):
    """In a store of its own, so that everything is computed again."""
    write_release(finished, store, tmp_path / "release")
    own = tmp_path_factory.mktemp("own store")
    told, run = audit(tmp_path / "release", "--name", "theirs", "--param", "mu=0.05", store=own)
    assert told.code == 0, told.err
    assert judged(run.record) == judged(finished.record)
    for file in (COPY_SCORES, MATCHES, RETRIEVAL_SCORES, SEARCH_SCORES, UTILITY_SCORES):
        pd.testing.assert_frame_equal(read_scores(run.folder / file), read_scores(finished.folder / file))
    method = run.record.anonymizer
    assert (method.name, method.params, method.given, method.deterministic) == ("theirs", {"mu": 0.05}, ["mu"], None)
    assert run.record.label == "theirs mu=0.05"
    assert "theirs mu=0.05" in told.out
    assert any("made elsewhere" in warning for warning in run.record.warnings)
    written = [file for file in run.folder.rglob("*") if file.is_file() and str(tmp_path).encode() in file.read_bytes()]
    assert not written, "no record tells where the release lies"


def test_other_names_and_a_map_change_nothing_and_nothing_is_made_twice(audit, finished, store, tmp_path):
    """Pillow wrote the files; stages hang on what is in them, and not on how they are called."""
    numbers = {name: number for number, name in enumerate(table_of(finished, store)["image"])}
    files = write_release(
        finished, store, tmp_path / "release", lambda name: f"some/{numbers[name] % 3}/{numbers[name]}.tif"
    )
    told, run = audit(
        tmp_path / "release", "--name", "theirs", "--map", write_map(tmp_path / "map.csv", files),
        "--param", "epsilon=inf", "--param", "made=2026-01-01", "--param", "mode=fast", "--param", "sizes=[1, 2]",
    )  # fmt: skip
    assert told.code == 0, told.err
    assert judged(run.record) == judged(finished.record)
    made = {stage.name for stage in run.record.stages if not stage.cached}
    assert made <= {"anonymizer", "release", "examples"}
    assert run.record.anonymizer.params == {"epsilon": "inf", "made": "2026-01-01", "mode": "fast", "sizes": "[1, 2]"}
    assert "some/" not in (run.folder / "run.json").read_text()


@pytest.mark.slow
def test_of_a_part_what_is_there_is_attacked_among_all_originals(audit, privbench, finished, store, tmp_path):
    table = table_of(finished, store)
    lost = set(table["image"][::4])
    write_release(finished, store, tmp_path / "release", lambda name: None if name in lost else name)
    told, run = audit(tmp_path / "release", "--name", "theirs")
    assert told.code == 0, told.err
    record, test = run.record, table[table["split"] == "test"]["image"]
    assert {name: (one.released, one.images) for name, one in record.released.items()} == {
        name: (int((~rows["image"].isin(lost)).sum()), len(rows)) for name, rows in table.groupby("split")
    }
    assert f"{(~test.isin(lost)).sum()} of {len(test)} test images" in told.out
    assert record.fingerprint != finished.record.fingerprint, "figures of other images are not compared"

    # An attack that learns nothing says the same of what is there as it does where all is: the gallery stays whole.
    for file, column in ((RETRIEVAL_SCORES, "probe"), (SEARCH_SCORES, "probe"), (MATCHES, "image")):
        scores = [read_scores(one.folder / file) for one in (run, finished)]
        part, whole = (one[one["attack"] == "correlation"] for one in scores)
        assert not part[column].isin(lost).any()
        both = part.merge(whole, on=["scenario", "seed", *(["mate"] if "mate" in part else []), column])
        assert len(both) == len(part) - (~part[column].isin(whole[column])).sum() > 0
        for figure in ("outranked_by", "strangers", "mates", "found") if file != MATCHES else ("candidates",):
            if figure in part:
                assert (both[f"{figure}_x"] == both[f"{figure}_y"]).all(), figure
    copies, all_copies = (read_scores(one.folder / COPY_SCORES) for one in (run, finished))
    kept = all_copies[(all_copies["shown"] == "O") | ~all_copies["image"].isin(lost)].reset_index(drop=True)
    pd.testing.assert_frame_equal(copies, kept)

    # What is read off originals is measured on the same images.
    readings = read_scores(run.folder / UTILITY_SCORES)
    assert not readings.loc[readings["split"] == "test", "image"].isin(lost).any()
    assert privbench("verify", run.folder, "--store", store).code == 0
    refused = privbench("budget", run.folder, "--store", store)
    assert refused.code == 2
    assert "made elsewhere" in refused.err


def test_too_little_is_refused_in_a_sentence(audit, finished, store, tmp_path):
    table = table_of(finished, store)
    test = set(table[table["split"] == "test"]["image"])
    write_release(finished, store, tmp_path / "test", lambda name: name if name in test else None)
    told, _ = audit(tmp_path / "test", "--name", "theirs")
    assert told.code == 2
    assert "Too little is released to be judged, 0 of " in told.err
    first = set(table.groupby(["split"])["image"].head(2))
    write_release(finished, store, tmp_path / "few", lambda name: name if name in first else None)
    told, _ = audit(tmp_path / "few", "--name", "theirs")
    assert told.code == 2
    assert "Too little is released to be judged, 2 of " in told.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--name", "a b"], "has the name 'a b', which must be a text of letters"),
        (["--name", "x", "--param", "mu"], "--param 'mu' is not NAME=VALUE"),
        (["--name", "x", "--param", "mu=1", "--param", "mu=2"], "--param mu is given twice"),
        (["--name", "x", "--param", "release_root=1"], "'release_root' has a name that privbench uses itself"),
        (["--name", "x", "--param", "where=/data/theirs"], "A parameter holds the path /data/theirs"),
        (["--name", "x", "--originals", "a", "--data-root", "b"], "name the same folder: give one"),
        (["--name", "x", "--map", "nowhere.csv"], "There is no file nowhere.csv"),
    ],
)
def test_mistakes_are_told_before_anything_is_computed(audit, finished, store, tmp_path, arguments, message):
    write_release(finished, store, tmp_path / "release")
    told, _ = audit(tmp_path / "release", *arguments)
    assert told.code == 2
    assert message in told.err


def test_a_plan_tells_what_would_be_made(privbench, finished, store, tiny_protocol, tmp_path):
    write_release(finished, store, tmp_path / "release")
    told = privbench(
        "plan", "audit", tmp_path / "release", "--name", "x", "--protocol", tiny_protocol, "--store", store
    )
    assert told.code == 0, told.err
    assert "release" in told.out
    assert json.dumps(str(tmp_path)) not in told.out
