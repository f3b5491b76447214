"""Every kind of plugin has its promises."""

from privbench.judging.contract.kinds import promises_of
from privbench.plugins.registry import GROUPS, Registry


def test_the_promises_of_a_plugin_are_those_of_its_kind(around):
    names = {"anonymizer": "identity", "attack": "correlation", "utility": "quality", "dataset": "phantom"}
    for kind in GROUPS:
        plugin = Registry().get(kind, names[kind])
        assert promises_of(plugin, plugin, around).kind.kind == kind
