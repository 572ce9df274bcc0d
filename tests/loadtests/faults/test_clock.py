"""A process whose wall clock is wrong, in all the ways in which it may ask, and right again."""

import json
import subprocess
import sys
import time

import pytest

from loadtests.faults.clock import Stepped, SteppedClock
from scenarios.faults import ClockFault

ASKS = """
import sys, json, time
import datetime
from datetime import datetime as imported
for line in sys.stdin:
    aware = datetime.datetime.now(datetime.UTC)
    print(json.dumps({
        "time": time.time(),
        "time_ns": time.time_ns() / 1e9,
        "gettime": time.clock_gettime(time.CLOCK_REALTIME),
        "now": imported.now().timestamp(),
        "aware": aware.timestamp(),
        "utcnow": imported.utcnow().replace(tzinfo=datetime.UTC).timestamp(),
        "today": imported.today().timestamp(),
        "monotonic": time.monotonic(),
        "sane": isinstance(aware, datetime.datetime)
            and isinstance(aware - aware, datetime.timedelta)
            and isinstance(aware + datetime.timedelta(1), imported),
    }), flush=True)
"""
CLOCKS = ("time", "time_ns", "gettime", "now", "aware", "utcnow", "today")


@pytest.fixture
def clock(tmp_path):
    made = SteppedClock(tmp_path / "api.clock")
    yield made
    made.close()


@pytest.fixture
def asked(clock, monkeypatch):
    """Ask the process what time it is."""
    environment = {"PATH": "", **clock.rig("").env}
    with subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", ASKS],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    ) as process:

        def ask():
            process.stdin.write("\n")
            process.stdin.flush()
            return json.loads(process.stdout.readline())

        yield ask
        process.stdin.close()


def step(step_s):
    return ClockFault(label="it", at="clock", kind="step", component="api", step_s=step_s)


def difference_s(told):
    """How far each clock is off, in whole hours' neighbourhood."""
    return {round((told[name] - time.time()) / 600) * 600 for name in CLOCKS}


@pytest.mark.parametrize("step_s", [3_600, -7_200])
def test_every_wall_clock_is_wrong_until_it_heals_and_the_monotonic_one_never(asked, clock, step_s):
    assert difference_s(asked()) == {0}
    fault = Stepped(step(step_s), clock)
    assert not fault.has_fired()
    told = asked()
    assert difference_s(told) == {step_s}
    assert abs(told["monotonic"] - time.monotonic()) < 60
    assert told["sane"]
    assert fault.has_fired()
    fault.heal()
    reads = clock.reads
    assert difference_s(asked()) == {0}
    assert clock.reads == reads


def test_a_right_clock_has_not_fired(asked, clock):
    asked()
    assert clock.reads == 0


def test_the_path_of_before_is_kept(clock):
    assert clock.rig("/a:/b").env["PYTHONPATH"].endswith(":/a:/b")
