"""Public collections of radiographs as they are published, a file each; see docs/collections.md."""
