import torch
from privbench.attacks.restorer import Restorer


def test_an_untrained_restorer_changes_nothing_and_takes_any_side():
    images = torch.rand(2, 1, 21, 30)
    assert torch.equal(Restorer(2)(images), images)
