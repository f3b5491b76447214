"""The protocols that come with privbench, one TOML file each."""
