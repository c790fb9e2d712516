"""Passes: each takes a lowered program, and returns another that does the same."""
