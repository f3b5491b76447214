"""Radiographs as files that may leave the house: read at full depth, and written afresh."""
