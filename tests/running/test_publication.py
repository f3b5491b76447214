"""How much of each split is released."""

import numpy as np
import pytest
from stage_folders import COUNTS, FINDINGS, stage_folders

from privbench import Anonymizer
from privbench.base.errors import PrivbenchError
from privbench.running.loading import read_splits
from privbench.running.publication import Publication, publication_of
from privbench.running.stage_names import DATA


class Leaving(Anonymizer):
    """Leaves out the images of those patients."""

    name = "leaving"
    deterministic = True
    patients: tuple[str, ...] = ()

    def published(self, table):
        return ~table["patient"].isin(self.patients).to_numpy(bool)

    def anonymize(self, images, generator):
        return images


@pytest.fixture
def splits(tmp_path):
    return read_splits(stage_folders(tmp_path, 0)[DATA], FINDINGS)


def test_of_a_whole_release_nothing_is_said_in_keys(splits):
    whole = publication_of(Leaving(), splits)
    assert (whole.rows, whole.terms) == ({}, {})
    assert {name: (one.released, one.images) for name, one in whole.released.items()} == {
        name: (count, count) for name, count in COUNTS.items()
    }
    assert Publication().terms == {}


def test_what_is_left_out_is_told_and_changes_keys(splits, monkeypatch):
    terms = []
    for left_out in (("train0",), ("train1",), ("train1", "test0")):
        monkeypatch.setattr(Leaving, "patients", left_out)
        found = publication_of(Leaving(), splits)
        terms.append(found.terms)
        assert set(found.rows) == {name[:-1] for name in left_out}
    assert found.rows["test"].tolist() == [2, 3, 4, 5]
    assert (found.released["test"].released, found.released["test"].images) == (4, 6)
    assert len({str(one) for one in terms}) == 3


def test_a_split_of_which_nothing_is_released_is_refused(splits, monkeypatch):
    monkeypatch.setattr(Leaving, "patients", ("val0", "val1"))
    with pytest.raises(PrivbenchError, match="8 of 8 train, 0 of 4 val, 6 of 6 test images: release images of all"):
        publication_of(Leaving(), splits)


def test_who_does_not_tell_it_of_every_image_is_refused(splits, monkeypatch):
    monkeypatch.setattr(Leaving, "published", lambda self, table: np.ones(1, bool))
    with pytest.raises(PrivbenchError, match="where the table has 8 rows: mend its published"):
        publication_of(Leaving(), splits)
