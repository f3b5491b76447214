"""What runs say: ranks, comparisons, the gate, verification, and whether attacks and plugins can be trusted."""
