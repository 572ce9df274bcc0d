"""Ends at once on SIGTERM, whatever is in hand.

What it had received stays hidden until the visibility time-out, its group with it; what the
provider was just accepting will be sent again (drain).
"""

import os
import sys

from reference.worker.__main__ import main
from reference.worker.loop import Worker

if __name__ == "__main__":
    Worker.drain = lambda worker: os._exit(0)
    sys.exit(main(sys.argv[1:]))
