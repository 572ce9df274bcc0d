"""Where `queueproof` starts. What CI asks on every commit does not wait for the rest: load
generator, charts and database take a second to import, and a small scan takes no longer than that.
"""

import importlib
import sys

from queueproof.guard import guarded

_QUICK = {
    "audit": "compliance.queue_audit.cli",
    "lint": "compliance.pii.source_check.cli",
    "scan": "compliance.pii.cli",
}


def main() -> None:
    """The console script."""
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    if name in _QUICK:
        guarded(lambda: importlib.import_module(_QUICK[name]).main(sys.argv[2:]))
    importlib.import_module("queueproof.cli").main()
