"""What plugins are checked with."""

import numpy as np
import pytest
from contracts import whole_memory

from privbench.protocols.kinds import Compared


def test_the_test_split_knows_where_organs_and_findings_are(around):
    """Also beside other test images, where a task could tell."""
    for splits in (around.splits, around.with_other_test_images().splits):
        for split in splits.values():
            assert split.masks.any((1, 2, 3)).all()
            assert split.locations.any()
            assert split.locations.shape[:2] == split.labels.shape


def test_other_test_images_leave_what_is_learnt_from_as_it_was(around):
    """And they lie in the same block of memory as before, next to the others."""
    other = around.with_other_test_images()
    for name in ("train", "val"):
        assert np.array_equal(other.splits[name].images, around.splits[name].images)
    assert np.array_equal(other.splits["test"].images, 255 - around.splits["test"].images)
    bases = {id(split.images.base) for split in other.splits.values()}
    assert len(bases) == 1, "slices of one array, as in a run"
    assert whole_memory(other.splits["train"].images) != pytest.approx(whole_memory(around.splits["train"].images))


def test_a_context_is_the_same_each_time(around):
    one, other = (around.context().torch_generator("noise").initial_seed() for _ in range(2))
    assert one == other
    assert around.context().curves == []


def test_images_are_a_few_test_images_as_floats(around):
    assert around.images.shape == (12, 1, 32, 32)
    assert np.array_equal((around.images * 255).round().numpy(), around.splits["test"].images[:12])


def test_probes_and_references_are_of_the_kinds_that_are_compared(around):
    originals = around.splits["test"].images
    for kinds, probes, references in (("OO", False, False), ("AO", True, False), ("AA", True, True)):
        gallery = around.gallery(Compared(kinds))
        assert np.array_equal(gallery.probes, 255 - originals if probes else originals)
        assert np.array_equal(gallery.references, 255 - originals if references else originals)


def test_further_releases_are_of_anonymized_probes_alone_and_differ(around):
    first, second = around.gallery(Compared.ACROSS, 2).releases
    assert not np.array_equal(first, second)
    assert np.abs(first.astype(int) - (255 - around.splits["test"].images)).max() == 8
    assert around.gallery(Compared.ORIGINALS, 2).releases == ()
    assert len(around.known("train", Compared.RELEASES, 3).releases) == 3
    assert around.known("train", Compared.ORIGINALS, 3).releases == ()


def test_an_attack_learns_from_pairs_and_a_table_that_names_no_split(around):
    known, train = around.known("train", Compared.ACROSS), around.splits["train"]
    assert list(known.table.columns) == ["image", "patient", "study", "follow_up", "age", "sex", "view"]
    assert known.pairs is train.pairs
    assert np.array_equal(known.patients, train.patients)
