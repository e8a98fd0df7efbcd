"""The command line: `adversary` or `python -m adversary`; one module for each group of commands."""

from adversary.cli import bounds, certificates, export, search, studies, tables, theorems
from adversary.cli.app import app, main

__all__ = [
    "app",
    "bounds",
    "certificates",
    "export",
    "main",
    "search",
    "studies",
    "tables",
    "theorems",
]
