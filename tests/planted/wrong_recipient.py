"""Sends each email to the recipient of the one before: state shared between two sends.

Everything was sent, exactly once, in order, to somebody else (no-loss).
"""

import sys
from dataclasses import replace

from reference.providers.smtp import SmtpProvider
from reference.worker.__main__ import main

send = SmtpProvider.send
last = []


def send_to_the_last(provider, outgoing):
    last.append(outgoing.email.to)
    email = outgoing.email.model_copy(update={"to": last[-2:][0]})
    return send(provider, replace(outgoing, email=email))


if __name__ == "__main__":
    SmtpProvider.send = send_to_the_last
    sys.exit(main(sys.argv[1:]))
