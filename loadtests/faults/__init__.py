"""Faults, one kind of place a file: how it is injected, how it heals, what should survive it."""
