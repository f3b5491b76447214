"""What a run leaves behind: the schema of run.json, score files, estimates, examples."""
