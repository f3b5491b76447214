import torch
from privbench.anonymizers.privacy_net_unet import PrivacyNetUNet


def test_state_keys_and_shapes_are_the_published_checkpoints():
    state = {key: tuple(value.shape) for key, value in PrivacyNetUNet().state_dict().items()}
    assert state["down_1.0.0.weight"] == (16, 1, 3, 3)
    assert state["down_1.0.1.weight"] == (16,)
    assert state["down_1.1.weight"] == (16, 16, 3, 3)
    assert state["down_1.2.weight"] == (16,)
    assert state["bridge.0.0.weight"] == (128, 64, 3, 3)
    assert state["trans_1.0.weight"] == (128, 128, 3, 3)
    assert state["trans_1.1.weight"] == (128,)
    assert state["up_1.0.0.weight"] == (64, 192, 3, 3)
    assert state["up_3.0.0.weight"] == (16, 48, 3, 3)
    assert state["out.0.weight"] == (1, 16, 3, 3)
    assert state["out.1.weight"] == (1,)
    parts = {key.split(".")[0] for key in state}
    assert parts == {*(f"{p}_{i}" for p in ("down", "trans", "up") for i in (1, 2, 3)), "bridge", "out"}


def test_output_is_an_image(generator):
    network = PrivacyNetUNet(features=2)
    painted = network(torch.rand(2, 1, 24, 40, generator=generator))
    assert painted.shape == (2, 1, 24, 40)
    assert 0 <= painted.min() < painted.max() <= 1
