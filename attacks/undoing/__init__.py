"""What an attacker who has the anonymizer tries on a release before he compares it: each family undoes other tricks."""
