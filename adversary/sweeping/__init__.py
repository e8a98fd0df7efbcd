"""Studies: grids of searches, run in parallel; the directory of their files is the database."""
