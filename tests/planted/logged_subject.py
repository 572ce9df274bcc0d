"""Logs the subject of every email that the provider took.

A subject says who has a booking (no-pii-logs): the worker's log is as personal as the mailbox.
"""

import sys

import structlog

from reference.providers.smtp import SmtpProvider
from reference.worker.__main__ import main

send = SmtpProvider.send


def send_and_tell(provider, outgoing):
    answer = send(provider, outgoing)
    structlog.get_logger().info("sent", subject=outgoing.email.subject.reveal())
    return answer


if __name__ == "__main__":
    SmtpProvider.send = send_and_tell
    sys.exit(main(sys.argv[1:]))
