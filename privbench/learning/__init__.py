"""Networks and how they are trained: recipes, the training loop, guidance."""
