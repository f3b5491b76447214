"""Anonymizers that hide identity in plain sight and remove nothing of it: a module for each way to hide."""
