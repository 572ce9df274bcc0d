"""Logging: lines a machine can read, and libraries that cannot tell what they know."""

import json
import os
import subprocess
import sys

import pytest

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


WHAT_PYTHON_PRINTS = """
import asyncio, logging, sys, threading, warnings
from reference import log_setup
log_setup.configure("api", "debug")
warnings.warn("bob@example.com")
def fail(*ignored):
    raise ValueError("bob@example.com")
class Leaving:
    __del__ = fail
thread = threading.Thread(target=fail)
thread.start()
thread.join()
Leaving()
async def forgotten():
    asyncio.get_running_loop().call_soon(fail)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
asyncio.run(forgotten(), debug=True)
for name in ("boto3", "botocore", "urllib3", "asyncio", "mail.log"):
    logging.getLogger(name).setLevel(logging.DEBUG)
    logging.getLogger(name).debug("for %s", "bob@example.com", extra={"to": "bob@example.com"})
fail()
"""
PRINTED_BY_US = """
import structlog
from pydantic import BaseModel
from reference import log_setup
from reference.pii import Pii
log_setup.configure("api")
class Person(BaseModel):
    address: str
bob = Person(address="bob@example.com")
structlog.get_logger().bind(who=bob).info(
    Pii("bob@example.com"),
    raw=b"bob@example.com",
    error=ValueError("bob@example.com"),
    deep=[{"bob": (bob, Pii("bob@example.com"), 1.5, None, True)}],
    f=f"{Pii('bob@example.com')}",
    exc_info=ValueError("bob@example.com"),
)
"""


def lines_of(program, exit_code=0):
    finished = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert (finished.returncode, finished.stderr) == (exit_code, "")
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


def test_nothing_that_python_says_by_itself_is_quoted():
    lines = lines_of(WHAT_PYTHON_PRINTS, exit_code=1)
    assert "bob" not in json.dumps(lines)
    uncaught = [line for line in lines if line["event"] == "uncaught exception"]
    assert [line["where"] for line in uncaught] == ["thread", "destructor", "main thread"]
    assert all(line["exception"] == "ValueError" and line["frames"] for line in uncaught)
    told = {line["library"] for line in lines if line["event"] == "library record"}
    assert told == {"py.warnings", "asyncio", "boto3", "botocore", "urllib3", "mail.log"}


def test_fields_that_are_not_plain_data_leave_their_type_alone():
    [line] = lines_of(PRINTED_BY_US)
    del line["at"]
    assert line == {
        "component": "api",
        "level": "info",
        "event": "<Pii>",
        "who": "<Person>",
        "raw": "<bytes>",
        "error": "<ValueError>",
        "deep": [{"bob": ["<Person>", "<Pii>", 1.5, None, True]}],
        "f": "***",
        "exc_info": "<ValueError>",
    }


LOGS_WHILE_THE_DISK_IS_FULL = """
import resource, sys
import structlog
from reference import log_setup
log_setup.configure("api")
log = structlog.get_logger()
log.info("before")
soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), hard))
log.info("meanwhile", filler="x" * 500)
log.info("meanwhile", filler="x" * 500)
resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
log.info("after")
"""


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("room_bytes", [0, 200])
def test_a_full_disk_costs_lines_of_log_and_nothing_else(tmp_path, unbuffered, room_bytes):
    log = tmp_path / "log"
    with log.open("wb") as output:
        done = subprocess.run(
            [sys.executable, "-c", LOGS_WHILE_THE_DISK_IS_FULL, str(room_bytes)],
            stdout=output,
            stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
            check=False,
        )
    assert done.returncode == 0, done.stderr
    lines = log.read_text().splitlines()
    assert json.loads(lines[0])["event"] == "before"
    assert json.loads(lines[-1])["event"] == "after"


def test_a_log_that_nobody_reads_any_more_stops_nothing():
    program = """
import sys
import structlog
from reference import log_setup
log_setup.configure("api")
sys.stdin.read()
structlog.get_logger().info("nobody reads this")
sys.stderr.write("alive")
"""
    with subprocess.Popen(
        [sys.executable, "-u", "-c", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        process.stdout.close()
        process.stdin.close()
        assert process.stderr.read() == "alive"
    assert process.returncode == 0
