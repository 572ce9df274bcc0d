"""Judges a run directory, never a live system.

    runs/<id>/ -> history -> checks (one claim a file) -> verdicts

A check reads ledgers and logs and answers verified, refuted or inconclusive, with the evidence.
It decides from the folder alone, so a verdict can be repeated by anyone, later, elsewhere.
`pii` stands apart: it imports nothing of ours, so that CI can use it with nothing else here.
"""
