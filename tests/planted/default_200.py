"""API Gateway with the mapping that is met most: one integration response, the default, says 200.

What SQS refuses is acknowledged all the same, without a message id (no-false-ack), and never sent
again: it is lost (no-loss).
"""

import sys

from reference.cloud.api_gateway.__main__ import main

if __name__ == "__main__":
    arguments = sys.argv[1:]
    arguments[arguments.index("--mapping") + 1] = "default-200"
    sys.exit(main(arguments))
