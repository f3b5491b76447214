"""What a plugin has to be, and how it is found."""
