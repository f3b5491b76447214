"""Makes stages: a graph of them, the store that keeps them, and the executors that carry them out."""
