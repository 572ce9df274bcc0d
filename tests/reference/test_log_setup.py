"""Logging: lines a machine can read, and libraries that cannot tell what they know."""

import json
import subprocess
import sys

LIBRARY_THAT_TALKS = """
import logging
import structlog
from reference import log_setup
log_setup.configure("api", "debug")
structlog.get_logger().debug("detail", n=1)
talker = logging.getLogger("botocore.endpoint")
talker.debug("sending to bob@example.com")
talker.warning("could not send to %s", "bob@example.com")
try:
    raise ValueError("bob@example.com")
except ValueError:
    talker.exception("failed for bob@example.com")
"""


def lines_of(program):
    finished = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert finished.stderr == ""
    return [json.loads(line) for line in finished.stdout.splitlines()]


def test_of_a_library_only_place_level_and_exception_are_logged():
    own, warning, fault = lines_of(LIBRARY_THAT_TALKS)
    assert (own["event"], own["component"], own["n"]) == ("detail", "api", 1)
    assert own["at"].endswith("Z")
    assert (warning["library"], warning["level"]) == ("botocore.endpoint", "warning")
    assert (fault["exception"], fault["level"]) == ("ValueError", "error")
    assert "bob" not in json.dumps([own, warning, fault])


def test_the_level_is_kept():
    quiet = LIBRARY_THAT_TALKS.replace('"debug")', '"warning")')
    assert [line["event"] for line in lines_of(quiet)] == ["library record"] * 2
