"""Write the next epoch of a pool file: `python -m reference.queues.resize`."""

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from reference.queues.epochs import Epoch, parse_epoch, read_epoch
from reference.queues.pool import Pool, PoolError


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m reference.queues.resize", description=__doc__)
    parser.add_argument("file", type=Path, help="the pool file; made if it does not exist")
    parser.add_argument("queues", nargs="*", metavar="URL", help="all queues of the new pool")
    parser.add_argument(
        "--forget",
        action="store_true",
        help="stay with the queues and forget the pools before, once nothing older than the last"
        " change is in any queue: when the retention period has passed, or sooner when"
        " ApproximateAgeOfOldestMessage of each has been below the time since then",
    )
    options = parser.parse_args(arguments)
    try:
        with _successor(options.file) as new:
            epoch = _next(options.file, tuple(options.queues), forget=options.forget)
            parse_epoch(epoch.to_json().encode())  # what cannot be read shall not be written
            new.write(epoch.to_json())
    except PoolError as error:
        print(f"{options.file}: {error}; nothing was changed", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"{options.file}: cannot be written ({error.strerror})", file=sys.stderr)
        return 2
    print(f"epoch {epoch.number}: {len(epoch.pool.urls)} queues, {len(epoch.draining)} draining")
    return 0


def _next(path: Path, urls: tuple[str, ...], *, forget: bool) -> Epoch:
    """Raises PoolError."""
    if not path.exists():
        return Epoch(1, Pool(urls))
    now = read_epoch(path)
    if forget == bool(urls):
        raise PoolError("either the new queues or --forget is wanted")
    return Epoch(now.number + 1, now.pool) if forget else now.next(urls)


@contextmanager
def _successor(path: Path) -> Iterator[TextIO]:
    """A file that takes the other's place at once, so that nobody reads half of it.

    While it is there no one else makes a next epoch: two of one number would each be somebody's
    truth. Raises PoolError, OSError.
    """
    beside = path.with_name(f"{path.name}.new")
    try:
        file = beside.open("x", encoding="utf-8")
    except FileExistsError:
        raise PoolError(
            f"{beside} is there: another resize is at work, or one was broken off; "
            "remove that file if none runs"
        ) from None
    try:
        with file:
            yield file
        beside.replace(path)
    except BaseException:
        beside.unlink()
        raise


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
