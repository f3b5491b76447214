"""Splits get the verification pairs of the protocol: drawn by seed, or read from lists."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from privbench.base.errors import PrivbenchError
from privbench.data.pairs import NO_PAIRS
from privbench.data.splits import Split
from privbench.protocols.schema import PairsSection
from privbench.running.pairing import guidance_pairs, with_pairs

PAIRS = PairsSection(guidance=60, train=40, val=10, test=6, cap=5)


def split(first, patients):
    """Four blank images each of patients that are numbered from the first."""
    table = pd.DataFrame({"patient": np.arange(first, first + patients).repeat(4), "study": ""})
    table["image"] = [f"{row:03}.png" for row in range(first * 4, (first + patients) * 4)]
    return Split(np.zeros((len(table), 1, 2, 2), np.uint8), table, (), NO_PAIRS)


@pytest.fixture
def splits():
    return {"train": split(0, 12), "val": split(12, 6), "test": split(18, 6)}


def rows(pairs):
    return list(zip(pairs.probe.tolist(), pairs.reference.tolist(), pairs.mated.tolist(), strict=True))


def test_every_split_gets_as_many_pairs_as_the_protocol_says(splits):
    paired = with_pairs(splits, PAIRS, 0)
    assert {name: len(one.pairs) for name, one in paired.items()} == {"train": 40, "val": 10, "test": 6}
    for name, one in paired.items():
        pairs = one.pairs
        assert pairs.mated.sum() == len(pairs) / 2
        assert ((one.patients[pairs.probe] == one.patients[pairs.reference]) == pairs.mated).all()
        assert one.images is splits[name].images, "nothing else changes"
    assert all(len(one.pairs) == 0 for one in splits.values()), "the splits that were handed over are as they were"


def test_two_images_of_one_study_are_no_mated_pair_unless_they_are_asked_for(splits):
    """Of four images of a patient the first two are of one study, and the last two."""
    splits = {"train": splits["train"]}
    studies = np.array(["1", "1", "2", "2"] * 12)
    told = {"train": replace(splits["train"], table=splits["train"].table.assign(study=studies))}
    many = PAIRS.model_copy(update={"guidance": 10**6, "train": 10**6, "cap": None})
    within = many.model_copy(update={"within_study": True})
    train = with_pairs(told, many, 0)["train"]
    for pairs in (train.pairs, guidance_pairs(train, many, 0)):
        assert pairs.mated.sum() == 12 * 4
        assert (train.visits[pairs.probe] != train.visits[pairs.reference]).all()
    everything = with_pairs(told, within, 0)["train"].pairs
    assert everything.mated.sum() == 12 * 6
    assert everything.digest == with_pairs(splits, many, 0)["train"].pairs.digest


def test_the_seed_decides_which_pairs_are_drawn(splits):
    first, again, other = (with_pairs(splits, PAIRS, seed) for seed in (0, 0, 1))
    for name in splits:
        assert first[name].pairs.digest == again[name].pairs.digest
        assert first[name].pairs.digest != other[name].pairs.digest


def test_one_splits_pairs_do_not_hang_on_anothers(splits):
    """More training pairs leave the test pairs as they were, and so what they say of two runs can be compared."""
    more = with_pairs(splits, PAIRS.model_copy(update={"train": 20}), 0)
    alone = with_pairs({"test": splits["test"]}, PAIRS, 0)
    assert with_pairs(splits, PAIRS, 0)["test"].pairs.digest == more["test"].pairs.digest == alone["test"].pairs.digest


def test_a_list_is_read_instead_of_drawing(splits, tmp_path):
    (tmp_path / "val.txt").write_text("048.png 049.png 1\n050.png 052.png 0\n")
    paired = with_pairs(splits, PAIRS.model_copy(update={"val_file": tmp_path / "val.txt"}), 0)
    assert rows(paired["val"].pairs) == [(0, 1, True), (2, 4, False)]
    assert paired["train"].pairs.digest == with_pairs(splits, PAIRS, 0)["train"].pairs.digest
    with pytest.raises(PrivbenchError, match=r"val\.txt, line 1: 048\.png is no image of the test split"):
        with_pairs(splits, PAIRS.model_copy(update={"test_file": tmp_path / "val.txt"}), 0)


def test_a_split_without_follow_up_images_is_named(splits):
    single = splits["val"].table.drop_duplicates("patient").reset_index(drop=True)
    lone = Split(splits["val"].images[:6], single, (), NO_PAIRS)
    with pytest.raises(PrivbenchError, match="No patient of the val split has two images"):
        with_pairs(splits | {"val": lone}, PAIRS, 0)


def test_guidance_sees_other_pairs_of_the_same_patients(splits):
    train = with_pairs(splits, PAIRS, 0)["train"]
    wide = guidance_pairs(train, PAIRS, 0)
    assert len(wide) == 60 > len(train.pairs)
    assert wide.probe.max() < len(train.images)
    assert {pair[:2] for pair in rows(train.pairs)} != {pair[:2] for pair in rows(wide)}
    assert wide.digest == guidance_pairs(splits["train"], PAIRS, 0).digest
    alike = guidance_pairs(train, PAIRS.model_copy(update={"guidance": PAIRS.train}), 0)
    assert alike.digest != train.pairs.digest, "other ones also where they are as many"
    assert guidance_pairs(train, PAIRS, 1).digest != wide.digest


def test_a_patient_is_capped_for_the_guidance_too(splits):
    capped = guidance_pairs(splits["train"], PAIRS.model_copy(update={"cap": 1}), 0)
    mated = splits["train"].patients[capped.probe[capped.mated]]
    assert np.bincount(mated).max() == 1


def test_where_not_all_is_published_pairs_are_drawn_among_what_is(splits):
    published = {"train": np.flatnonzero(np.arange(48) % 4 > 0)}
    paired = with_pairs(splits, PAIRS, 0, published)
    pairs = paired["train"].pairs
    assert set(pairs.probe) | set(pairs.reference) <= set(published["train"])
    assert len(pairs) == 40
    assert ((paired["train"].patients[pairs.probe] == paired["train"].patients[pairs.reference]) == pairs.mated).all()
    assert rows(paired["test"].pairs) == rows(with_pairs(splits, PAIRS, 0)["test"].pairs)


def test_of_a_list_those_pairs_stay_that_are_published(splits, tmp_path):
    (tmp_path / "pairs.txt").write_text("000.png 001.png 1\n000.png 004.png 0\n002.png 003.png 1\n")
    listed = PAIRS.model_copy(update={"train_file": tmp_path / "pairs.txt"})
    kept = with_pairs(splits, listed, 0, {"train": np.array([0, 1, 4])})["train"].pairs
    assert rows(kept) == [(0, 1, True), (0, 4, False)]
    with pytest.raises(PrivbenchError, match="hold no mated and non-mated pair of"):
        with_pairs(splits, listed, 0, {"train": np.array([0, 1])})
