"""From score files to the figures of a run: nothing here trains, so a figure can always be recomputed."""
