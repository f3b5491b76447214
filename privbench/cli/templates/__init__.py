"""What `privbench new` writes: plugins that work, and their tests; docs/plugins.md shows the same."""
