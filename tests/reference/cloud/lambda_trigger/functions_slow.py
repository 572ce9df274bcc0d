"""A module whose import takes longer than the function may run."""

import time

time.sleep(30)
