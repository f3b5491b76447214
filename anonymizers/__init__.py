"""One file a method, and beside some of them what they compute with, loaded when they compute.

They register through the entry points that anyone else's package uses.
"""
