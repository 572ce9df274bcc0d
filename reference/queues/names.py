"""What the URL of a queue tells about it."""


def queue_name(url: str) -> str:
    """Its name."""
    return url.rpartition("/")[2]


def is_fifo(url: str) -> bool:
    """Whether it is a FIFO queue: the names of these, and no others, end so (API CreateQueue)."""
    return url.endswith(".fifo")
