"""Faults, one kind of place a file: how it is injected, how it heals, what should survive it."""

# The places at which a live run can cause faults.
INJECTED_AT = ("sqs", "process", "provider", "network", "disk", "clock")
