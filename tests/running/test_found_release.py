"""A folder's images, as an anonymizer hands them out."""

import pickle

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from privbench.base.errors import PrivbenchError
from privbench.base.files import sha256
from privbench.learning.context import Pixels
from privbench.running.audit import Claim, found_release
from privbench.running.found_release import FoundRelease, ReleasedFile
from privbench.running.setting import Setting

TABLE = pd.DataFrame({"image": ["a", "b", "c"]})
ORIGINALS = Pixels(np.zeros((3, 1, 8, 8), np.uint8), torch.device("cpu"))


@pytest.fixture
def files(tmp_path, rng):
    """Of a and c one file each, at the size of the originals and at twice that."""
    pictures = {"a": rng.integers(0, 256, (8, 8), np.uint8), "c": rng.integers(0, 256, (16, 16), np.uint8)}
    for name, picture in pictures.items():
        Image.fromarray(picture).save(tmp_path / f"{name}.png")
    return pictures


def found(folder, **params):
    told = {name: ReleasedFile(path=f"{name}.png", digest=sha256(folder / f"{name}.png")) for name in ("a", "c")}
    return FoundRelease(
        release_name="theirs", release_root=folder, release_files=told, release_depth=8, release_fit="squeeze", **params
    )


def released(release, rows):
    pixels = Pixels(np.zeros((len(rows), 1, 8, 8), np.uint8), torch.device("cpu"))
    parts = list(release.anonymize_set(pixels, TABLE.iloc[rows].reset_index(drop=True), torch.Generator()))
    return (torch.cat(parts) * 255).round().numpy().astype(np.uint8)


def test_images_of_the_size_are_handed_out_as_they_are_and_larger_ones_are_squeezed(files, tmp_path):
    given = released(found(tmp_path), [2, 0])
    assert np.array_equal(given[1, 0], files["a"])
    squeezed = np.asarray(Image.fromarray(files["c"]).resize((8, 8), Image.Resampling.BILINEAR))
    assert np.array_equal(given[0, 0], squeezed)


def test_what_has_no_file_is_not_published(files, tmp_path):
    assert found(tmp_path).published(TABLE).tolist() == [True, False, True]


def test_it_has_the_name_and_the_parameters_that_somebody_says_also_in_another_process(files, tmp_path):
    release = found(tmp_path, mu=0.1)
    for one in (release, release.anew(), pickle.loads(pickle.dumps(release))):
        assert one.name == "theirs"
        assert one.terms() == release.terms()
        assert one.params.model_dump() == {"mu": 0.1}
        assert np.array_equal(released(one, [0])[0, 0], files["a"])
    assert str(tmp_path) not in str(release.terms())


def test_a_file_that_changed_since_it_was_looked_at_is_refused(files, tmp_path):
    release = found(tmp_path)
    Image.fromarray(files["a"] // 2).save(tmp_path / "a.png")
    with pytest.raises(PrivbenchError, match=r"Since the command began, a\.png of 2 released files changed"):
        released(release, [0, 2])
    (tmp_path / "a.png").unlink()
    with pytest.raises(PrivbenchError, match="Since the command began"):
        released(release, [0, 2])


def test_all_files_that_cannot_be_decoded_are_told(files, tmp_path):
    for name in ("a", "c"):
        content = (tmp_path / f"{name}.png").read_bytes()
        (tmp_path / f"{name}.png").write_bytes(content[: len(content) // 2])
    with pytest.raises(PrivbenchError, match=r"(?s)2 things are wrong:.*a\.png.*c\.png"):
        released(found(tmp_path), [0, 2])


def test_a_release_at_full_size_is_brought_to_the_protocol_s_as_its_originals_are(real_data, tiny_protocol):
    """The originals themselves, as a release."""
    root = real_data / "chestxray14-mini"
    setting = Setting(protocol=str(tiny_protocol), dataset="chestxray14", data_root=root)
    protocol = setting.load()
    dataset, request = setting.data(protocol)
    table = dataset.table(request).head(8)
    release, _ = found_release(Claim(root, None, "themselves", {}), setting, protocol)
    (chunk,) = dataset.read(table, request)
    pixels = Pixels(chunk.images, torch.device("cpu"))
    parts = list(release.anonymize_set(pixels, table.reset_index(drop=True), torch.Generator()))
    assert np.array_equal((torch.cat(parts) * 255).round().numpy(), chunk.images)
