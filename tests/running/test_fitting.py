"""What a plugin learnt is kept, and nothing else."""

import pytest
import torch

from privbench.base.errors import PrivbenchError
from privbench.learning.states import STATE, load_state
from privbench.plugins.code import code_of
from privbench.plugins.interfaces import Anonymizer
from privbench.running.fitting import keep_what_is_learnt

SEEN = []
"""What anonymizers were shown, the latest last."""


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


def keep(plugin, folder, ctx=None):
    keep_what_is_learnt(plugin, lambda one: one.fit("train", "val", "guidance", ctx), folder)


def test_it_is_fitted_once_to_what_it_is_shown(ctx, tmp_path):
    SEEN.clear()
    keep(Listening(), tmp_path, ctx)
    assert [("train", "val", "guidance", ctx)] == SEEN


def test_what_it_learnt_can_be_read_where_the_stage_lies(tmp_path):
    keep(Listening(), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [STATE]
    state = load_state(tmp_path)
    assert state["mean"].tolist() == [0.25, 0.5]
    assert not state["mean"].requires_grad


def test_a_plugin_that_learns_nothing_keeps_an_empty_state(tmp_path):
    class Plain(Listening):
        def state(self):
            return {}

    keep(Plain(), tmp_path)
    assert load_state(tmp_path) == {}


def test_whoever_is_handed_over_learns_nothing_himself(tmp_path):
    """What an instance knows beside its state is not there in the next run, so it is not there in the first either."""

    class Hiding(Listening):
        mean = None

        def fit(self, train, val, guidance, ctx):
            self.mean = 0.5

    plugin = Hiding()
    keep(plugin, tmp_path)
    assert plugin.mean is None


@pytest.mark.parametrize("value", [{"mean": 0}, [], None, 1])
def test_what_is_kept_in_the_class_is_refused(value, tmp_path):
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
        keep(Hiding(), tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("module", ["release", "attack_stages", "utility_stages"])
def test_a_stage_that_fits_takes_the_code_of_fitting_into_its_key(module):
    """Its key holds the code that the module of its work can reach."""
    assert "privbench.running.fitting" in code_of([f"privbench.running.{module}"], []).modules
