"""The log scanner: does anything personal stand in these logs?

It stands alone: it imports no other package of this project, so a gate can use it by itself.

    files -> sources -> one line at a time -> canaries   every line, over bytes, exact
                                           -> patterns   every line whose digits let one stand there
                                           -> fields     by key, with streets: once per shape, then
                                                         on each line of a shape that told something
                                           -> names      once per distinct text, on JSON leaves
                                                 |
                                              places (template, rule, JSON path) -> ScanReport

Cheap detectors see every line; dear ones see what the cheap shape of a line (its key) has not shown
before. A report names types, places and masked values, never a value. `corpus` and `evaluate`
measure how much is found. On two shared cores plain Presidio reads 45 to 95 log lines a second and
flags nine clean ones in ten; hence this order.
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
