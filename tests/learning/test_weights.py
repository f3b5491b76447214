import pytest

from privbench.base.errors import PrivbenchError
from privbench.learning.recipes import Backbone
from privbench.learning.weights import weights_source


def test_an_unknown_backbone_is_told_with_the_nearest_names():
    """When a run is prepared, before anything is computed: reading a protocol loads no timm."""
    with pytest.raises(PrivbenchError, match="The backbone 'resnet51' is no timm model: did you mean .*'resnet50'"):
        weights_source(Backbone(backbone="resnet51"))
