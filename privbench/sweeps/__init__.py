"""Sweeps that come with privbench."""
