"""Radiographs: tables, splits by patient, verification pairs, and the data sets."""
