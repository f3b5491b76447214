"""Where radiographs come from, one file a data set."""
