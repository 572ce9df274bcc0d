"""A module whose import takes a second."""

import time

time.sleep(1)


def done(event, context):
    return None
