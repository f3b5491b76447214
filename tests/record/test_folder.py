"""A run folder is written, sealed by the digests of its files, and read."""

import hashlib

import numpy as np
import pandas as pd
import pytest
from attack_scores import scores_of, thirty_patients
from drawn_worlds import world
from records import image_table, readings, record

from privbench.base.files import digests
from privbench.record.folder import (
    COPY_SCORES,
    EVERY_RUN_HAS,
    INFERENCE_SCORES,
    LINKAGE_SCORES,
    MATCHES,
    MEASUREMENTS,
    MEASURES,
    RETRIEVAL_SCORES,
    SCORE_COLUMNS,
    SEARCH_SCORES,
    UNPAIRED_RUNS_HAVE,
    UTILITY_SCORES,
    read_attack_scores,
    seal,
    write_run_scores,
    write_unpaired_scores,
)
from privbench.record.run import read_run
from privbench.record.scores import (
    COPIES_COLUMNS,
    INFERENCE_COLUMNS,
    MEASUREMENT_COLUMNS,
    AttackOrigin,
    AttackScores,
    inference_scores,
    read_scores,
    stacked,
)

NOTHING = stacked([], MEASUREMENT_COLUMNS), stacked([], COPIES_COLUMNS)
"""A run that measured nothing and did not look for copies."""


@pytest.fixture
def attacks(rng):
    split = thirty_patients(rng)
    said = scores_of(split, rng, 1)
    own = {
        AttackOrigin("restoration", "informed", 0): {"psnr_released": 20.5},
        AttackOrigin("restoration", "informed", 1): {},
    }
    read = inference_scores(AttackOrigin("attributes", "informed", 0), split, {"sex": rng.normal(0, 1, 90)})
    return AttackScores(said.linkage, said.retrieval, read, own, said.matches, said.searches)


@pytest.fixture
def utility(rng):
    labels = (rng.random((30, 2)) < 0.5).astype(float)
    return readings("frozen", labels, rng.normal(0, 1, (1, 30, 2)), ("Mass", "Edema"), image_table(30, 10))


def test_the_scores_of_a_run_are_read_as_they_were_written(attacks, utility, tmp_path):
    write_run_scores(tmp_path, attacks, utility, *NOTHING)
    assert {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()} == {
        LINKAGE_SCORES, RETRIEVAL_SCORES, SEARCH_SCORES, MATCHES, INFERENCE_SCORES, UTILITY_SCORES, MEASUREMENTS,
        COPY_SCORES, MEASURES,
    }  # fmt: skip
    read = read_attack_scores(tmp_path)
    for name in ("linkage", "retrieval", "searches", "matches", "inference"):
        pd.testing.assert_frame_equal(getattr(read, name), getattr(attacks, name))
    assert read.measures == attacks.measures, "by attack, scenario and training"
    pd.testing.assert_frame_equal(read_scores(tmp_path / UTILITY_SCORES), utility)
    assert list(read_scores(tmp_path / MEASUREMENTS).columns) == MEASUREMENT_COLUMNS


def test_a_run_without_inference_attacks_is_read_with_their_columns(attacks, utility, tmp_path):
    none = AttackScores(attacks.linkage, attacks.retrieval, stacked([], INFERENCE_COLUMNS), {})
    write_run_scores(tmp_path, none, utility, *NOTHING)
    read = read_attack_scores(tmp_path)
    assert (list(read.inference.columns), len(read.inference), read.measures) == (INFERENCE_COLUMNS, 0, {})


def test_scores_are_not_written_over_those_of_another_run(attacks, utility, tmp_path):
    write_run_scores(tmp_path, attacks, utility, *NOTHING)
    with pytest.raises(FileExistsError):
        write_run_scores(tmp_path, attacks, utility, *NOTHING)


def test_digests_are_of_every_file_but_the_one(tmp_path):
    contents = {"a.txt": b"a", "scores/b.bin": bytes(3), "scores/log.txt": b"no", "log.txt": b"no", "empty": b""}
    for name, content in contents.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    assert digests(tmp_path, "log.txt") == {
        name: hashlib.sha256(contents[name]).hexdigest()
        for name in ("a.txt", "empty", "scores/b.bin", "scores/log.txt")
    }


def test_a_sealed_record_vouches_for_every_file_but_the_log_and_itself(tmp_path):
    (tmp_path / "scores").mkdir()
    (tmp_path / "scores" / "a.txt").write_text("a")
    (tmp_path / "log.txt").write_text("one line")
    sealed = seal(tmp_path, record("x", 0.8, 0.7), without="log.txt")
    assert sealed.files == {"scores/a.txt": hashlib.sha256(b"a").hexdigest()}
    assert read_run(tmp_path) == sealed
    (tmp_path / "log.txt").write_text("another line, of the end of the run")
    assert digests(tmp_path, "log.txt") == sealed.files | {"run.json": digests(tmp_path, "log.txt")["run.json"]}


def test_a_changed_file_has_another_digest(tmp_path):
    (tmp_path / "a.npy").write_bytes(np.zeros(4).tobytes())
    before = digests(tmp_path, "log.txt")
    (tmp_path / "a.npy").write_bytes(np.array([0, 0, 0, 1e-300]).tobytes())
    assert digests(tmp_path, "log.txt").keys() == before.keys()
    assert digests(tmp_path, "log.txt") != before


def test_the_columns_of_every_score_file_are_told(attacks, utility, tmp_path):
    named = {*EVERY_RUN_HAS, *UNPAIRED_RUNS_HAVE}
    assert {*SCORE_COLUMNS} == {name for name in named if name.endswith(".parquet")}
    for folder in ("paired", "unpaired"):
        (tmp_path / folder).mkdir()
    write_run_scores(tmp_path / "paired", attacks, utility, *NOTHING)
    write_unpaired_scores(tmp_path / "unpaired", world(1), utility)
    written = sorted(tmp_path.rglob("*.parquet"))
    assert len(written) == len(SCORE_COLUMNS) + 2, "both have scores of utility and of copies"
    for path in written:
        assert sorted(read_scores(path).columns) == sorted(SCORE_COLUMNS[f"scores/{path.name}"])
