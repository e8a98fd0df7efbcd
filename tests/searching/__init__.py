"""Tests of the outer search."""
