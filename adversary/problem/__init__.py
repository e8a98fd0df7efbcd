"""The instance, and what it is worth."""
