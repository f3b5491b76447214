"""What was changed after the run is not read."""

import numpy as np
import pytest
from records import estimate, record
from report_runs import forge, write_run
from safetensors import safe_open
from safetensors.numpy import load_file, save

from privbench.base.errors import PrivbenchError
from privbench.judging.ranking import make_boards, read_entry
from privbench.record.estimates import FILE, write_estimates
from privbench.record.names import AUC, worst_case
from privbench.record.vouched import estimates_of, require_vouched


def test_a_changed_file_stops_with_its_name(tmp_path):
    run = write_run(tmp_path / "a")
    assert len(estimates_of(tmp_path / "a", run)) == 2
    require_vouched(tmp_path / "a", run, "scores/linkage.parquet")  # of which this record says nothing
    file = tmp_path / "a" / FILE
    file.write_bytes(file.read_bytes() + b" ")
    with pytest.raises(PrivbenchError, match=r"a/estimates\.safetensors was changed .* `privbench verify .*/a` tells"):
        read_entry(tmp_path / "a")
    file.unlink()
    with pytest.raises(PrivbenchError, match=r"a/estimates\.safetensors is missing"):
        read_entry(tmp_path / "a")


def test_numbers_that_are_none_change_no_rank(tmp_path):
    """The finding: NaN among the estimates changed ranks without a word."""
    write_run(tmp_path / "a")
    file, name = tmp_path / "a" / FILE, str(worst_case(AUC))
    with safe_open(file, "numpy") as opened:
        metadata = opened.metadata()
    tensors = load_file(file)
    tensors[f"{name}/jackknife"] = np.full_like(tensors[f"{name}/jackknife"], np.nan)
    file.write_bytes(save(tensors, metadata=metadata))
    forge(tmp_path / "a", FILE)
    with pytest.raises(PrivbenchError, match="jackknife holds no row of numbers"):
        read_entry(tmp_path / "a")


def test_resamples_are_those_of_the_protocol(tmp_path):
    run = write_run(tmp_path / "a")
    told = {worst_case(AUC): estimate(0.8, np.zeros(999)), run.utility_name: estimate(0.7, np.zeros(999))}
    write_estimates(told, tmp_path / "a" / FILE)
    forge(tmp_path / "a", FILE)
    with pytest.raises(PrivbenchError, match="holds 999 resamples of .*, where the protocol says 1000"):
        read_entry(tmp_path / "a")


def test_runs_of_other_patients_share_no_table(tmp_path, rng):
    run = record("a", 0.8, 0.7)
    write_run(tmp_path / "a")
    write_run(tmp_path / "b", "b")
    one, other = (estimate(value, rng.normal(0, 0.01, 1000)) for value in (0.8, 0.7))
    fewer = [type(one)(each.value, each.resampled, each.jackknife[:-1], each.effective) for each in (one, other)]
    write_estimates(dict(zip((worst_case(AUC), run.utility_name), fewer, strict=True)), tmp_path / "b" / FILE)
    forge(tmp_path / "b", FILE)
    with pytest.raises(PrivbenchError, match="b and .*a share a fingerprint, and not the draws|a and .*b share a"):
        make_boards([read_entry(tmp_path / name) for name in "ab"])
