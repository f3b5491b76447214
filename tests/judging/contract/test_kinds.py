"""Every kind of plugin has its promises."""

from privbench.judging.contract.kinds import promises_of
from privbench.judging.contract.sets import SetPromises
from privbench.plugins.interfaces import SetAnonymizer
from privbench.plugins.registry import GROUPS, Registry


def test_the_promises_of_a_plugin_are_those_of_its_kind(around):
    names = {"anonymizer": "identity", "attack": "correlation", "utility": "quality", "dataset": "phantom"}
    for kind in GROUPS:
        plugin = Registry().get(kind, names[kind])
        assert promises_of(plugin, plugin, around).kind.kind == kind


def test_anonymizers_of_sets_have_promises_of_their_own(around):
    class Whole(SetAnonymizer):
        name = "whole"

        def anonymize_set(self, images, table, generator):
            yield from images.batches()

    assert isinstance(promises_of(Whole, Whole, around), SetPromises)
