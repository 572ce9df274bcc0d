"""Ends at once on SIGTERM, whoever is waiting for an answer.

Requests that it had accepted are cut off, though most were about to succeed: their senders cannot
know, and a deployment looks to them like an outage (drain).
"""

import os
import sys

import uvicorn

from reference.api.__main__ import main

if __name__ == "__main__":
    uvicorn.Server.handle_exit = lambda *_: os._exit(0)
    sys.exit(main(sys.argv[1:]))
