"""One file a method. They register through the entry points that anyone else's package uses."""
