"""Anonymizers whose privacy is known beforehand, and the test whether the attacks see it."""
