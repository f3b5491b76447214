"""What decides the run of an unpaired release, and which stages it has."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from privbench.base.errors import PrivbenchError
from privbench.datasets.phantom.dataset import PhantomDataset
from privbench.engine.node import in_order
from privbench.running.setting import Setting
from privbench.running.stage_names import UNPAIRED_VERSIONS, VERSIONS
from privbench.running.unpaired_claim import UnpairedClaim, unpaired_release

FINDINGS = list(PhantomDataset.findings)


@pytest.fixture
def make(tiny_protocol, tmp_path):
    """The pipeline of a folder of grey images, with findings of the first ones where told so."""

    def pipeline(greys=(1, 2, 3), labelled=0, learnt_from=("train", "val"), **told):
        folder = tmp_path / f"release{len(list(tmp_path.iterdir()))}"
        folder.mkdir()
        for number, grey in enumerate(greys):
            Image.fromarray(np.full((32, 32), grey, np.uint8)).save(folder / f"{number}.png")
        file = None
        if labelled:
            file = tmp_path / f"{folder.name}.csv"
            names = [f"{number}.png" for number in range(labelled)]
            pd.DataFrame({"image": names, **dict.fromkeys(FINDINGS, "1")}).to_csv(file, index=False)
        setting = Setting(protocol=str(tiny_protocol), store=tmp_path / "store", **told)
        protocol = setting.load()
        claim = UnpairedClaim(folder, "g", {}, learnt_from, file)
        return setting.unpaired(protocol, unpaired_release(claim, setting, protocol))

    return pipeline


def stages(pipeline):
    return {str(node.name) for node in in_order(pipeline.graph(None).nodes)}


def test_without_findings_nothing_is_trained(make):
    pipeline = make()
    assert stages(pipeline) == {"data", "draws", "nearest", "nearness", "copies O", "figures"}
    assert any("utility is not judged" in text for text in pipeline.graph(None).warnings)


def test_with_findings_tasks_learn_from_the_release_and_read_originals(make):
    pipeline = make(labelled=2)
    assert {"draws labelled", "task classification A 0", "utility classification retrained-transfer 0",
            "utility classification control 0"} <= stages(pipeline)  # fmt: skip
    assert not [name for name in stages(pipeline) if name.split()[0] in ("anonymizer", "release", "linkage", "measure")]
    assert pipeline.protocol.utilities["classification"].modes == ("retrained-transfer",)


def test_tasks_that_need_an_original_beside_an_image_are_left_out_and_told(make):
    pipeline = make(labelled=2, overrides=["utilities.quality={}"])
    assert "quality is left out: it needs an original beside a released image" in pipeline.graph(None).warnings
    assert not [name for name in stages(pipeline) if "quality" in name]


def test_what_counts_is_in_the_files_and_not_where_they_lie(make):
    first = make()
    assert make().key == first.key
    assert make((1, 2, 4)).key != first.key
    assert make(labelled=2).key != first.key
    assert make(learnt_from=None).key != first.key, "what was assumed is told otherwise"
    assert make((1, 2, 4)).fingerprint("d") == first.fingerprint("d"), "releases of one kind share a table"
    assert make(learnt_from=None).fingerprint("d") != first.fingerprint("d")
    assert make(labelled=2).fingerprint("d") != first.fingerprint("d")


def test_what_is_said_of_a_release_is_in_its_terms(make):
    """So nothing of it can be changed in a record, and verify not see it."""
    told = make(labelled=2, learnt_from=None).terms["unpaired"]
    assert told == {"learnt_from": ["train", "val"], "assumed": True, "labelled": 2, "test_named": True}


def test_findings_of_one_picture_are_too_few(make):
    with pytest.raises(PrivbenchError, match="Fewer than two different released images have findings"):
        make(labelled=1)
    with pytest.raises(PrivbenchError, match="Fewer than two different released images have findings"):
        make((1, 1, 2), labelled=2)


def test_stages_of_paired_runs_have_the_versions_that_they_had():
    """Their fingerprints hang on all versions of theirs."""
    assert not VERSIONS.keys() & UNPAIRED_VERSIONS.keys()
