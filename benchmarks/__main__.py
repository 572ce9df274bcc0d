"""`python -m benchmarks`: see `benchmarks.cli`."""

import sys


def start() -> int:
    """A second goes by before a bench can run, in which Ctrl-C may come as well."""
    try:
        from benchmarks.cli import main  # noqa: PLC0415 - it is the second

        return main()
    except KeyboardInterrupt:
        return 3


if __name__ == "__main__":
    sys.exit(start())
