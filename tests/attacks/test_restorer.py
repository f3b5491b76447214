import torch
from privbench.attacks.restorer import Restorer


def test_an_untrained_restorer_changes_nothing_and_takes_any_side():
    images = torch.rand(2, 1, 21, 30)
    assert torch.equal(Restorer(2)(images), images)


def test_the_unet_is_the_same_function_in_either_layout(generator):
    images = torch.rand(2, 1, 20, 20, dtype=torch.float64, generator=generator)
    restorer = Restorer(width=4).double()
    torch.nn.init.ones_(restorer.head.weight)
    layouts = []
    for block in [*restorer.down, restorer.bottom, *restorer.up]:
        block.register_forward_hook(
            lambda _, __, output: layouts.append(output.is_contiguous(memory_format=torch.channels_last))
        )
    found = restorer(images)
    assert layouts == [True] * 7, "convolutions are faster with the channels last"
    assert torch.allclose(restorer.to(memory_format=torch.contiguous_format)(images), found)
