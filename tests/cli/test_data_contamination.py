"""`privbench data contamination` and `privbench data trained-on`."""

import json
import re

import pytest
import torch
from safetensors.torch import save_file

from privbench.learning.weights import sidecar


@pytest.fixture
def data(privbench, tiny_protocol):
    return lambda command, *words: privbench("data", command, *words, "--protocol", tiny_protocol)


@pytest.fixture
def weights(tmp_path):
    file = tmp_path / "a.pth"
    torch.save({"a": torch.ones(2)}, file)
    return file


def test_of_weights_of_ones_own_it_tells_whom_they_saw(data, finished):
    done = data("contamination", "--weights", finished.folder / "anonymizer.safetensors")
    assert done.code == 0
    assert "Patients of phantom, version 2, seed 0 seen by anonymizer.safetensors (" in done.out
    assert re.search(r"train +34 +34\b", done.out)
    assert re.search(r"test +18 +0\b", done.out)


def test_unknown_weights_and_weights_that_saw_test_patients_end_otherwise(data, weights):
    unknown = data("contamination", "--weights", weights)
    assert (unknown.code, "Not all is known: nobody says what they were trained on." in unknown.out) == (1, True)
    told = data("trained-on", weights)
    assert (told.code, told.out) == (0, f"{sidecar(weights)}: 42 patients of phantom, version 2, seed 0")
    assert data("contamination", "--weights", weights).code == 0
    assert data("contamination", "--weights", weights, "--seed", "1").code == 0, "other people, who are called alike"
    more = data("trained-on", weights, "--split", "test")
    assert (more.code, "60 patients" in more.out) == (0, True)
    assert data("contamination", "--weights", weights).code == 3


def test_what_is_written_down_holds_no_patient(data, weights, tmp_path):
    (tmp_path / "list.txt").write_text("7\n60\n")
    assert data("trained-on", weights, "--patients", tmp_path / "list.txt").code == 0
    ledger = json.loads(sidecar(weights).read_text())
    (entry,) = ledger["trained_on"]
    assert {part: [len(one) for one in digests] for part, digests in entry["patients"].items()} == {"train": [16, 16]}
    assert data("contamination", "--weights", weights).code == 3


def test_what_makes_no_sense_is_refused(data, weights, finished, tmp_path):
    both = data("trained-on", weights, "--split", "train", "--patients", tmp_path / "list.txt")
    assert (both.code, "give one of them" in both.err) == (2, True)
    own = data("trained-on", finished.folder / "anonymizer.safetensors")
    assert (own.code, "tells itself from whom it was learnt" in own.err) == (2, True)
    none = data("contamination", "--weights", tmp_path / "none.pth")
    assert (none.code, "There is no file of weights" in none.err) == (2, True)
    save_file({"a": torch.ones(1)}, tmp_path / "b.safetensors", {"privbench_ledger": "[]"})
    broken = data("contamination", "--weights", tmp_path / "b.safetensors")
    assert (broken.code, "is no contamination ledger" in broken.err) == (2, True)
