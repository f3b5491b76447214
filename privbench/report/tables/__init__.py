"""The tables of the report, each made once, for people and machines alike."""
