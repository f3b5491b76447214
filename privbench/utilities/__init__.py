"""What a release must still be good for, one file a task."""
