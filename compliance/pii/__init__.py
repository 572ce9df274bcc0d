"""The log scanner: does anything personal stand in these logs?

It stands alone: it imports no other package of this project, so a gate can use it by itself.

    files, stdin,     sources    opened, bounded, unwrapped; what was not read is said
    S3, CloudWatch       |
    in parts:         epochs     lines in blocks; memory that does not grow with the log
    jobs, Dask           |
                      line_pass  canaries   exact, over bytes; most lines are ruled out in blocks
                         |       patterns   each line whose digits let one stand there
                         |       fields     by key, with streets: once per shape, then on each line
                         |                  of a shape that told something
                         |       names      once per distinct text, on JSON leaves
                       report    places: template, rule, JSON path
                         |
    policy, baseline   gate      what is let pass, and the reason; the exit code
                         |
                      outputs    text, JSON Lines, SARIF, JUnit, GitHub, GitLab, Markdown
                         |
                   source_check  `queueproof lint`: the same outputs, for what code lets out

    corpus -> evaluate   how much is found, beside plain Presidio, on formats not tuned on

Cheap detectors see every line; dear ones see what the cheap shape of a line (its key) has not shown
before, and what loads slowly waits until the first megabyte was searched for canaries. A report
names types, places and masked values, never a value. On two shared cores plain Presidio reads 45
to 95 log lines a second and flags nine clean ones in ten; hence this order.
"""

from compliance.pii.canaries import Canary, CanaryFileError, load_canaries
from compliance.pii.report import Finding, Place, ScanReport
from compliance.pii.scanner import Scanner
from compliance.pii.settings import ScanSettings

__all__ = [
    "Canary",
    "CanaryFileError",
    "Finding",
    "Place",
    "ScanReport",
    "ScanSettings",
    "Scanner",
    "load_canaries",
]
