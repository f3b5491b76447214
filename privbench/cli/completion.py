"""What a shell completes beside options and files: the names that are there. No plugin is imported for it."""

from __future__ import annotations


def anonymizers() -> list[str]:
    """The registered anonymizers."""
    return _registered("anonymizer")


def attacks() -> list[str]:
    """The registered attacks."""
    return _registered("attack")


def datasets() -> list[str]:
    """The registered data sets."""
    return _registered("dataset")


def plugins() -> list[str]:
    """The registered plugins of all kinds."""
    return sorted({name for kind in kinds() for name in _registered(kind)})


def kinds() -> list[str]:
    """The kinds of plugins."""
    from ..plugins.registry import GROUPS

    return list(GROUPS)


def protocols() -> list[str]:
    """The protocols that come with privbench; of others, the shell completes the file."""
    from ..protocols.schema import builtin_protocols

    return builtin_protocols()


def sweeps() -> list[str]:
    """The sweeps that come with privbench; of others, the shell completes the file."""
    from ..sweeps.schema import builtin_sweeps

    return builtin_sweeps()


def _registered(kind: str) -> list[str]:
    from ..plugins.registry import Registry

    return Registry().names(kind)
