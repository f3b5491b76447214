"""What paired and unpaired runs share."""

import numpy as np
import pytest
from PIL import Image

from privbench.base.errors import PrivbenchError
from privbench.running.publication import Publication
from privbench.running.setting import Setting
from privbench.running.unpaired_claim import UnpairedClaim, unpaired_release


@pytest.fixture
def both(tiny_protocol, tmp_path):
    """A paired and an unpaired run in one setting."""
    folder = tmp_path / "release"
    folder.mkdir()
    for grey in range(3):
        Image.fromarray(np.full((32, 32), grey, np.uint8)).save(folder / f"{grey}.png")

    def made(**told):
        setting = Setting(**{"protocol": str(tiny_protocol), "store": tmp_path / "store", "device": "cpu"} | told)
        protocol = setting.load()
        claim = UnpairedClaim(folder, "g", {}, ("train", "val"))
        paired = setting.pipeline(protocol, setting.anonymizer("identity", {}, protocol))
        return paired, setting.unpaired(protocol, unpaired_release(claim, setting, protocol))

    return made


def test_they_read_the_same_stage_of_the_data(both):
    paired, unpaired = both()
    assert paired.data.key({}) == unpaired.data.key({})


def test_what_a_setting_says_of_the_machine_is_a_condition_of_either(both):
    for run in both(overrides=["tf32=true", "compile=default", "threads=3"], batch="auto", precision="bf16-mixed"):
        told = run._nodes.conditions
        assert (told.tf32, told.compile, told.threads) == (True, "default", 3)
        assert (told.batch, told.precision, told.device) == ("auto", "bf16-mixed", "cpu")


def test_they_never_share_a_table(both):
    paired, unpaired = both()
    assert paired.fingerprint("data") != unpaired.fingerprint("data")
    for run in (paired, unpaired):
        assert run.fingerprint("data") == run.fingerprint("data", Publication()) != run.fingerprint("other")
        assert run.fingerprint("data", Publication({"train": np.arange(2)})) != run.fingerprint("data")


def test_a_batch_that_cannot_be_computed_in_parts_is_refused_for_either(both, tiny_protocol, tmp_path):
    setting = Setting(protocol=str(tiny_protocol), store=tmp_path / "store", batch="auto", precision="16-mixed")
    for make in (setting.pipeline, setting.unpaired):
        with pytest.raises(PrivbenchError, match="--batch auto computes no batch in parts"):
            make(setting.load(), None)
