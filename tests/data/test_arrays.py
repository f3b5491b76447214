"""Arrays are written chunk by chunk, and read as they were."""

import numpy as np
import pytest

from privbench.base.errors import PrivbenchError
from privbench.data.arrays import ArrayWriter, read_array


def test_array_writer_round_trip_and_complaints(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (5, 1, 4, 4)).astype(np.uint8)
    with ArrayWriter(tmp_path / "a.npy", (5, 1, 4, 4)) as writer:
        writer.append(images[:2])
        writer.append(images[2:])
    assert np.array_equal(read_array(tmp_path / "a.npy"), images)
    with (
        pytest.raises(PrivbenchError, match="handed 2 of 5 rows"),
        ArrayWriter(tmp_path / "b", (5, 1, 4, 4)) as writer,
    ):
        writer.append(images[:2])
    with (
        pytest.raises(PrivbenchError, match="takes uint8"),
        ArrayWriter(tmp_path / "c", (5, 1, 4, 4)) as writer,
    ):
        writer.append(images / 255)
