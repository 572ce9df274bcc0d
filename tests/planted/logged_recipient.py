"""Logs for whom an email was accepted.

The access log of the API then holds everybody's address (no-pii-logs).
"""

import sys

import structlog

from reference.api import requests
from reference.api.__main__ import main

parse_email = requests.parse_email


def parse_and_tell(body, *, wall_s):
    email = parse_email(body, wall_s=wall_s)
    structlog.get_logger().info("accepted", to=email.to[0].address.reveal())
    return email


if __name__ == "__main__":
    requests.parse_email = parse_and_tell
    sys.exit(main(sys.argv[1:]))
