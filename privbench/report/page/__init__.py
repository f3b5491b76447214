"""A report of runs as one folder that opens from disk, without a network and without a request."""
