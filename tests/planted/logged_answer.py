"""Logs what the provider answered.

A relay that refuses an email names the recipient in its answer (no-pii-logs).
"""

import smtplib
import sys

import structlog

from reference.worker.__main__ import main

data = smtplib.SMTP.data


def data_and_tell(connection, content):
    code, text = data(connection, content)
    structlog.get_logger().info("answered", code=code, text=text.decode())
    return code, text


if __name__ == "__main__":
    smtplib.SMTP.data = data_and_tell
    sys.exit(main(sys.argv[1:]))
