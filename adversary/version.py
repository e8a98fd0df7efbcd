"""The version, alone in a file so that reading it loads nothing else."""

__version__ = "0.1.0"
