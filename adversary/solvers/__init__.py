"""Float solvers that methods share."""
