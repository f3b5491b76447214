"""One file an adversary. They register through the entry points that anyone else's package uses."""
