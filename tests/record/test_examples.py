"""Example images are written as they are, and read only where they belong together."""

import numpy as np
import pytest
from safetensors.numpy import save

from privbench.base.errors import PrivbenchError
from privbench.record.examples import Examples, read_examples, write_examples

IMAGES = np.arange(12, dtype=np.uint8).reshape(2, 1, 2, 3)
FIELD = np.arange(24, dtype=np.float32).reshape(2, 2, 2, 3)


@pytest.mark.parametrize("displacement", [None, FIELD])
def test_examples_are_read_as_they_were_written(displacement, tmp_path):
    turned = IMAGES[::-1, :, :, ::-1]  # an array that does not lie in one piece
    write_examples(Examples(IMAGES, turned, displacement), tmp_path / "a.safetensors")
    read = read_examples(tmp_path / "a.safetensors")
    assert np.array_equal(read.originals, IMAGES)
    assert np.array_equal(read.released, turned)
    assert read.displacement is None if displacement is None else np.array_equal(read.displacement, displacement)


@pytest.mark.parametrize(
    "tensors",
    [
        {"originals": IMAGES, "released": IMAGES[:1]},
        {"originals": IMAGES, "released": IMAGES.astype(np.float32)},
        {"originals": IMAGES[:, 0], "released": IMAGES[:, 0]},
        {"originals": IMAGES[..., :1], "released": IMAGES[..., :1]},
        {"originals": IMAGES, "released": IMAGES, "displacement": FIELD[:, :1]},
        {"originals": IMAGES},
    ],
)
def test_pictures_that_do_not_belong_together_are_told(tensors, tmp_path):
    path = tmp_path / "a.safetensors"
    path.write_bytes(save({name: np.ascontiguousarray(value) for name, value in tensors.items()}))
    with pytest.raises(PrivbenchError, match="run it again with --overwrite"):
        read_examples(path)


@pytest.mark.parametrize("content", [b"", b"x" * 100])
def test_what_holds_no_pictures_is_told(content, tmp_path):
    (tmp_path / "a.safetensors").write_bytes(content)
    with pytest.raises(PrivbenchError, match="cannot be read"):
        read_examples(tmp_path / "a.safetensors")
