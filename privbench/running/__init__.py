"""Carries out a run: stages, their store, and the folder that they end in."""
