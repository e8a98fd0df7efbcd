"""The command line: `adversary` or `python -m adversary`; one module for each group of commands."""

from adversary.cli import certificates, search
from adversary.cli.app import app, main

__all__ = ["app", "certificates", "main", "search"]
