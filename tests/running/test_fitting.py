"""A plugin is fitted to training and validation images alone, and what it learnt is kept, and nothing else."""

from types import SimpleNamespace

import pytest
import torch

from privbench.base.errors import PrivbenchError
from privbench.learning.states import STATE, load_state
from privbench.plugins.interfaces import Anonymizer
from privbench.running.fitting import fitting

SEEN = []
"""What anonymizers were shown, the latest last."""
NOTHING = dict.fromkeys(("train", "val"))


class Listening(Anonymizer):
    """Tells what it was shown."""

    name = "listening"
    deterministic = True

    def fit(self, train, val, guidance, ctx):
        SEEN.append((train, val, guidance, ctx))

    def anonymize(self, images, generator):
        return images

    def state(self):
        return {"mean": torch.tensor([0.25, 0.5], requires_grad=True)}


def test_it_is_shown_training_and_validation_images_and_never_those_of_the_test(ctx, tmp_path):
    SEEN.clear()
    guidance = SimpleNamespace()
    splits = {name: SimpleNamespace(name=name) for name in ("test", "val", "train")}
    produce = fitting(Listening(), splits, guidance)
    assert not SEEN, "nothing is fitted before the stage is made"
    produce(tmp_path, ctx)
    assert [(splits["train"], splits["val"], guidance, ctx)] == SEEN


def test_what_it_learnt_can_be_read_where_the_stage_lies(ctx, tmp_path):
    fitting(Listening(), NOTHING, None)(tmp_path, ctx)
    assert [path.name for path in tmp_path.iterdir()] == [STATE]
    state = load_state(tmp_path)
    assert state["mean"].tolist() == [0.25, 0.5]
    assert not state["mean"].requires_grad


def test_a_plugin_that_learns_nothing_keeps_an_empty_state(ctx, tmp_path):
    class Plain(Listening):
        def state(self):
            return {}

    fitting(Plain(), NOTHING, None)(tmp_path, ctx)
    assert load_state(tmp_path) == {}


def test_whoever_is_handed_over_learns_nothing_himself(ctx, tmp_path):
    """What an instance knows beside its state is not there in the next run, so it is not there in the first either."""

    class Hiding(Listening):
        mean = None

        def fit(self, train, val, guidance, ctx):
            self.mean = 0.5

    plugin = Hiding()
    fitting(plugin, NOTHING, None)(tmp_path, ctx)
    assert plugin.mean is None


@pytest.mark.parametrize("value", [{"mean": 0}, [], None, 1])
def test_what_is_kept_in_the_class_is_refused(value, ctx, tmp_path):
    class Base(Listening):
        learnt = value
        size = 3

    class Hiding(Base):
        def fit(self, train, val, guidance, ctx):
            if isinstance(value, dict):
                Base.learnt["mean"] = torch.tensor(0.5)
            elif isinstance(value, list):
                type(self).learnt.append(0.5)
            else:
                Hiding.learnt = torch.nn.Linear(1, 1) if value else 0.5  # a network can be called, and is no method

    with pytest.raises(PrivbenchError, match=r"'listening' changed learnt of its class in fit.*keep .* in state"):
        fitting(Hiding(), NOTHING, None)(tmp_path, ctx)
    assert not list(tmp_path.iterdir())


def test_a_stage_takes_the_code_of_fitting_into_its_key(ctx):
    """Its key holds the code of the module that `produce` stands in."""
    assert fitting(Listening(), {}, None).__module__ == "privbench.running.fitting"
