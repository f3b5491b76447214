"""What a release of no originals tells of itself."""

from pathlib import Path

import numpy as np

from privbench.evaluate.unpaired import Provenance
from privbench.running.found_release import FoundRelease, ReleasedFile
from privbench.running.unpaired_release import UnpairedRelease


def test_equal_files_are_one_picture():
    files = {f"{number:06d}": ReleasedFile(path=f"{number}.png", digest="aab"[number]) for number in range(3)}
    images = FoundRelease(release_name="g", release_root=Path(), release_files=files, release_depth=8,
                          release_fit="squeeze")  # fmt: skip
    told = Provenance(("train", "val"), True, 2, True)
    labels = np.array([[1], [0], [np.nan]], np.float32)
    release = UnpairedRelease(images, labels, told, [])
    assert release.digests == ["a", "a", "b"]
    assert release.labelled_pictures == 1
    assert UnpairedRelease(images, None, told, []).labelled_pictures == 0
