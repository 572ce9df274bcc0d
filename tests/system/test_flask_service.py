"""The example suite in flask_service/ is red when its service is broken, and says what is wrong.

That it is green when the service is well, it shows itself: it runs with all other tests.
"""

import hashlib
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

pytestmark = pytest.mark.xdist_group("live")

SUITE = Path(__file__).parent / "flask_service"
MISTAKES = {"ACK_EARLY": "1", "FORGETFUL": "1", "LOG_RECIPIENT": "1"}
ID_OF = {f"acme-{n}": hashlib.sha256(f"acme-{n}".encode()).hexdigest()[:16] for n in range(8)}


@pytest.fixture(scope="module")
def broken(tmp_path_factory):
    """(all that was printed, failure messages by test) of the suite against a broken service."""
    xml = tmp_path_factory.mktemp("broken") / "junit.xml"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-n", "0", f"--junitxml={xml}", SUITE],
        env={**os.environ, **MISTAKES},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    told = {
        case.get("name"): failure.get("message")
        for case in ET.parse(xml).getroot().iter("testcase")  # noqa: S314 - pytest wrote it
        for failure in case.iter("failure")
    }
    return done.stdout, told


def named(message):
    """Keys and ids of the emails that a failure names."""
    return re.findall(r"^ *(acme-\d) \((\w{16})\): ", message, re.MULTILINE)


def test_a_service_that_answers_before_the_write_is_caught_and_the_lost_mail_named(broken):
    told = broken[1]["test_no_mail_that_got_202_is_lost_though_sqs_and_the_provider_fail"]
    assert "no-loss refuted: 8 acknowledged, 7 delivered, 0 parked, 1 lost" in told
    ((key, email_id),) = named(told)
    assert ID_OF[key] == email_id
    assert "202, never delivered, not in the DLQ" in told


def test_a_worker_that_forgets_what_it_sent_is_caught(broken):
    told = broken[1]["test_a_lost_answer_makes_one_mail_not_two_and_none_overtakes"]
    assert "no-duplicates refuted: 8 delivered" in told
    assert named(told)


def test_a_service_that_logs_the_recipient_is_caught_and_the_address_not_repeated(broken):
    output, told = broken
    assert "no-pii-logs refuted" in told["test_logs_name_nobody"]
    assert re.search(r"api\.log:\d+:\d+: email a\*\*\*@e\*\*\* logged", output)
    assert "lovelace" not in output.lower()
