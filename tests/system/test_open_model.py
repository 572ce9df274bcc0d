"""No coordinated omission: a target that stops answering does not stop the clock.

The API is paused for a while under load. Senders must go on sending when the schedule says, and
every email that was due in the pause must be charged with its wait.
"""

import signal
import time
from pathlib import Path

import pytest

from compliance.history import History

SCENARIO = Path(__file__).parent / "scenarios" / "steady.toml"
RATE_PER_S = 40
PAUSE_S = 1.5

pytestmark = pytest.mark.xdist_group("live")


def test_a_paused_api_is_charged_with_every_email_that_was_due(start, tmp_path):
    run = start("run", SCENARIO)
    run.wait_for("offering 40/s")
    api = run.children()["reference.api"]
    time.sleep(1)
    api.send_signal(signal.SIGSTOP)
    time.sleep(PAUSE_S)
    api.send_signal(signal.SIGCONT)
    assert run.finish(120) == 0, run.log.read_text()

    history = History(tmp_path / "runs" / "latest" / "steady")
    late = history.one("select count(*) from attempts where invoked_s - intended_s > 0.5")
    waited = history.one(
        "select count(*) from attempts where completed_s - intended_s > $half", half=PAUSE_S / 2
    )
    assert late == 0
    # Those due in the first half of the pause; a closed loop would charge one sender each.
    assert waited >= 0.8 * RATE_PER_S * PAUSE_S / 2
