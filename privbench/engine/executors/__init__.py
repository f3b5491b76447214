"""Where stages are carried out: in this process, in others beside it, or on a cluster."""
