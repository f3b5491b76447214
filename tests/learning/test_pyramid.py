import timm
import torch
from torch.nn import functional

from privbench.learning.features import collected_outputs
from privbench.learning.pyramid import Pyramid


def test_it_adds_up_the_stages_on_the_finest_grid_with_the_channels_last(generator):
    model = timm.create_model("test_resnet").double().to(memory_format=torch.channels_last)
    pyramid = Pyramid(model, width=8)
    added = []
    pyramid.join.register_forward_hook(lambda _, inputs, __: added.append(inputs[0]))
    images = torch.rand(2, 3, 64, 64, dtype=torch.float64, generator=generator)
    with collected_outputs(model) as stages, torch.no_grad():
        model(images)
        pyramid.double()
        narrowed = [narrow(stage.float().double()) for narrow, stage in zip(pyramid.narrow, stages, strict=True)]
        pyramid.float()(stages)
    size = stages[0].shape[-2:]
    expected = sum(functional.interpolate(one, size, mode="bilinear") for one in narrowed)
    assert torch.allclose(added[0].double(), expected, atol=1e-5)
    assert added[0].is_contiguous(memory_format=torch.channels_last)
