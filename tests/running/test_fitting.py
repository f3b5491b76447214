"""A plugin is fitted to training and validation images alone, and what it learnt is kept."""

from types import SimpleNamespace

import torch

from privbench.learning.states import STATE, load_state
from privbench.plugins.interfaces import Anonymizer
from privbench.running.fitting import fitting


class Listening(Anonymizer):
    """Keeps what it was shown."""

    name = "listening"
    deterministic = True

    def fit(self, train, val, guidance, ctx):
        self.seen = (train, val, guidance, ctx)

    def anonymize(self, images, generator):
        return images

    def state(self):
        return {"mean": torch.tensor([0.25, 0.5], requires_grad=True)}


def test_it_is_shown_training_and_validation_images_and_never_those_of_the_test(ctx, tmp_path):
    plugin, guidance = Listening(), SimpleNamespace()
    splits = {name: SimpleNamespace(name=name) for name in ("test", "val", "train")}
    produce = fitting(plugin, splits, guidance)
    assert not hasattr(plugin, "seen"), "nothing is fitted before the stage is made"
    produce(tmp_path, ctx)
    assert plugin.seen == (splits["train"], splits["val"], guidance, ctx)


def test_what_it_learnt_can_be_read_where_the_stage_lies(ctx, tmp_path):
    fitting(Listening(), dict.fromkeys(("train", "val")), None)(tmp_path, ctx)
    assert [path.name for path in tmp_path.iterdir()] == [STATE]
    state = load_state(tmp_path)
    assert state["mean"].tolist() == [0.25, 0.5]
    assert not state["mean"].requires_grad


def test_a_plugin_that_learns_nothing_keeps_an_empty_state(ctx, tmp_path):
    class Plain(Listening):
        def state(self):
            return {}

    fitting(Plain(), dict.fromkeys(("train", "val")), None)(tmp_path, ctx)
    assert load_state(tmp_path) == {}


def test_a_stage_takes_the_code_of_fitting_into_its_key(ctx):
    """Its key holds the code of the module that `produce` stands in."""
    assert fitting(Listening(), {}, None).__module__ == "privbench.running.fitting"
