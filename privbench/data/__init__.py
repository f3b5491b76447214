"""Radiographs as values: splits by patient, verification pairs, galleries, arrays on disk."""
