"""Takes an unknown outcome for a refusal: after a lost answer the sender is told "not accepted".

Its email is delivered all the same, although every answer said that it was not; whoever then
writes it anew, under another key, sends it twice (no-false-ack).
"""

import sys
from http import HTTPStatus

from reference.api import problems
from reference.api.__main__ import main
from reference.api.problems import Problem


def refused(*, has_key):
    return Problem(HTTPStatus.CONFLICT, "not-accepted", "The email was not accepted.")


if __name__ == "__main__":
    problems.outcome_unknown = refused
    sys.exit(main(sys.argv[1:]))
