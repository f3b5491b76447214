"""What every plugin promises, as checks: `privbench check-plugin`, and what the built-ins are tested with."""
