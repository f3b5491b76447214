"""Pure functions on arrays: what scores and labels say, and how sure it is."""
