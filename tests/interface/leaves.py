"""A package that takes the program with it when it is imported."""

raise SystemExit(3)
