"""Answers 400 when SQS throttles: the sender is told that its email is wrong.

No sender sends again what was called invalid, so a valid email is given up for a quota that would
have let it pass a second later (no-false-ack: what was not stored has to end in an error that a
sender can retry on).
"""

import sys
from http import HTTPStatus

from reference.api import problems
from reference.api.__main__ import main
from reference.api.problems import Problem


def invalid(retry_after_s):
    return Problem(HTTPStatus.BAD_REQUEST, "invalid", "The email could not be accepted.")


if __name__ == "__main__":
    problems.not_sent = invalid
    sys.exit(main(sys.argv[1:]))
