"""Files of weights of strangers: tensors are read, and whatever else is there is refused in a sentence."""

import re
import struct

import pytest
import torch
from safetensors.torch import save_file

from privbench.base.errors import PrivbenchError
from privbench.learning.checkpoints import read_checkpoint

STATE = {"a.weight": torch.arange(6.0).reshape(2, 3), "a.bias": torch.tensor([0.5, -1.0])}


def same(read):
    return read.keys() == STATE.keys() and all(torch.equal(read[name], value) for name, value in STATE.items())


@pytest.mark.parametrize("name", ["a.safetensors", "a.bin"])
def test_safetensors_are_known_by_their_content(tmp_path, name):
    save_file(STATE, tmp_path / name, {"format": "pt"})
    read = read_checkpoint(tmp_path / name)
    assert (read.format, same(read.tensors)) == ("safetensors", True)


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "before torch 1.6"])
@pytest.mark.parametrize("wrapping", [None, "state_dict", "model_state_dict", "model"])
def test_a_state_dict_is_read_also_beside_other_things(tmp_path, wrapping, zipped):
    content = STATE if wrapping is None else {"epoch": 3, wrapping: STATE, "optimizer": {"lr": [0.1]}}
    torch.save(content, tmp_path / "a.pth", _use_new_zipfile_serialization=zipped)
    read = read_checkpoint(tmp_path / "a.pth")
    assert (read.format, same(read.tensors)) == ("torch", True)


class Loud:
    """Would tell that it was unpickled."""

    def __reduce__(self):
        return exec, ("raise AssertionError('unpickled')",)


def saved(content):
    return lambda file: torch.save(content, file)


def written(content):
    return lambda file: file.write_bytes(content)


def scripted(file):
    torch.jit.save(torch.jit.trace(torch.nn.Linear(2, 2), torch.zeros(1, 2)), str(file))


def cut(file):
    torch.save(STATE, file)
    file.write_bytes(file.read_bytes()[:-100])


def cut_safetensors(file):
    save_file(STATE, file)
    file.write_bytes(file.read_bytes()[:-4])


def broken_numbers(file):
    save_file({**STATE, "b.weight": torch.tensor([1.0, torch.nan])}, file)


HUGE = struct.pack("<Q", 10 * 2**30) + b'{"a.weight":'


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
@pytest.mark.parametrize(
    ("write", "message"),
    [
        (saved(torch.nn.Linear(2, 2)), "holds objects beside tensors, .* save its state_dict"),
        (saved({"state_dict": STATE, "args": Loud()}), "holds objects beside tensors"),
        (scripted, "holds objects beside tensors"),
        (saved([STATE]), "holds no state dict: save"),
        (saved({}), "holds no state dict: save"),
        (saved({"epoch": 3, "lr": 0.1}), "holds no state dict but epoch, lr: save"),
        (saved({"state_dict": STATE, "model": STATE}), "holds several state dicts: save"),
        (written(b""), "is empty: copy it again"),
        (written(b"weights go here\n"), "is no file of weights: name a safetensors file"),
        (written(b"\x80\x02garbage"), "is no whole file of torch"),
        (written(HUGE), "is no whole safetensors file"),
        (cut, "is no whole file of torch"),
        (cut_safetensors, "is no whole safetensors file"),
        (broken_numbers, r"The weights b\.weight in .* hold values that are no numbers"),
    ],
    ids=[
        "pickled network", "pickled object", "TorchScript", "list", "nothing", "no tensors", "two", "empty", "text",
        "garbage", "10 GB header", "cut", "cut safetensors", "NaN",
    ],
)  # fmt: skip
def test_whatever_else_is_refused(tmp_path, write, message):
    file = tmp_path / "a.pth"
    write(file)
    with pytest.raises(PrivbenchError, match=message) as error:
        read_checkpoint(file)
    assert re.fullmatch(r"[^\n]+\.", str(error.value)), "in one sentence"
    assert str(file) in str(error.value)


@pytest.mark.parametrize("place", ["none.pth", "."])
def test_a_file_that_is_not_there_is_told(tmp_path, place):
    with pytest.raises(PrivbenchError, match="There is no file of weights .*: check the path"):
        read_checkpoint(tmp_path / place)
