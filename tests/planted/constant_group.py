"""Puts every email into one and the same message group.

SQS hands out a group's next messages only when all earlier ones are done: one batch is in flight
at a time, whatever the number of workers, and an email that has to be tried again holds up every
other sender's (groups-apart).
"""

import sys

from reference.api import requests
from reference.api.__main__ import main

if __name__ == "__main__":
    requests.message_group = lambda *given, **named: "emails"
    sys.exit(main(sys.argv[1:]))
