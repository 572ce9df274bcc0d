"""The plugin in somebody else's project: known by its entry point, light, and never in the way."""

import importlib.metadata
import os
import subprocess
import sys
import tomllib
import xml.etree.ElementTree as ET
from pathlib import Path
from types import SimpleNamespace

import pytest

from queueproof.pytest_plugin.fixtures import pytest_configure

ROOT = Path(__file__).parent.parent.parent
PLUGIN = "queueproof.pytest_plugin.fixtures"
STRANGER = '''
"""A project that has queueproof installed and does not use it."""

import sys
import pytest

HEAVY = {
    "locust", "gevent", "spacy", "presidio_analyzer", "duckdb", "pyarrow", "numpy", "pydantic",
    "boto3", "botocore", "uvicorn", "fastapi", "faker", "psutil",
    "reference", "scenarios", "loadtests", "compliance", "reports",
}

def test_nothing_dear_was_imported():
    assert "queueproof.pytest_plugin" in sys.modules
    assert sorted(HEAVY & set(sys.modules)) == []

def test_the_plugin_is_there(request):
    assert request.config.pluginmanager.has_plugin("queueproof.pytest_plugin.fixtures")
'''
USER = '''
"""A project that uses it; some of its tests have to fail."""

import logging
import pytest

@pytest.fixture
def sent(local_sqs, ledger):
    ledger.invoke("mail-1")
    ledger.ok("mail-1")
    ledger.delivered("mail-1")

def test_green(sent, assert_no_loss):
    assert_no_loss(timeout_s=10)

def test_silent_fault(sent, faults, assert_no_loss):
    faults.outage("SendMessage")

def test_silent_fault_that_may(sent, faults):
    faults.outage("SendMessage", may_stay_silent=True)

def test_fault_of_another_action_and_an_assertion(sent, faults, assert_no_loss):
    faults.refuse("SendMessageBatch", label="batch")
    assert_no_loss(timeout_s=10)

def test_output(assert_no_pii, caplog):
    print("hello Ada Lovelace")
    logging.getLogger("shop").error("sent to %s", "ada@example.com")
    assert_no_pii(caplog, canaries=[("email", "ada@example.com")], names=False)

@pytest.mark.parametrize("address", ["ada@example.com"])
def test_parameters(address, sent, ledger, assert_no_loss):
    ledger.invoke("mail-2")
    ledger.ok("mail-2")
    assert_no_loss(timeout_s=10, settle_s=0.1)
'''
OWN_NAMES = '''
"""A project with a `ledger` and a `faults` of its own."""

import pytest

@pytest.fixture
def ledger():
    return ["my own"]

@pytest.fixture
def faults():
    return "mine"

def test_ours_come_first(ledger, faults, local_sqs):
    assert (ledger, faults) == (["my own"], "mine")
    assert local_sqs.create_queue("q").name == "q.fifo"
'''
SHARED = '''
"""One SQS for all tests; each has its own evidence all the same."""

import pytest

@pytest.fixture(scope="session")
def service(local_sqs):
    return local_sqs.create_queue("mails"), local_sqs.endpoint_url

def test_one(service, faults, ledger, assert_no_loss):
    faults.outage("PurgeQueue", may_stay_silent=True)
    for key in ("mail-0", "mail-1"):
        ledger.invoke(key)
        ledger.ok(key)
    ledger.delivered("mail-0")
    with pytest.raises(AssertionError, match="1 lost"):
        assert_no_loss(timeout_s=10, settle_s=0.1)

def test_two(service, local_sqs, faults, ledger, assert_no_loss):
    assert service[1] == local_sqs.endpoint_url
    assert faults.fired_counts() == {}
    ledger.invoke("mail-2")
    ledger.ok("mail-2")
    ledger.delivered("mail-2")
    assert_no_loss(timeout_s=10)
'''


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A folder in which queueproof is installed as far as entry points go: what pip writes."""
    folder = tmp_path_factory.mktemp("site")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    info = folder / "queueproof_of_this_checkout-0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: queueproof-of-this-checkout\n")
    entries = "".join(
        f"{name} = {value}\n" for name, value in project["entry-points"]["pytest11"].items()
    )
    (info / "entry_points.txt").write_text(f"[pytest11]\n{entries}")
    return folder


def run(site, folder, *options, **env):
    """pytest in a process and folder of its own, with nothing said about our plugin."""
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-W", "error", "--junitxml=out.xml", *options],
        cwd=folder,
        env={**os.environ, **env, "PYTHONPATH": os.pathsep.join([str(site), str(ROOT)])},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.fixture(scope="module")
def used(site, tmp_path_factory):
    """(all that was printed, failure messages by test, folder) of the tests in USER."""
    folder = tmp_path_factory.mktemp("used")
    (folder / "test_it.py").write_text(USER)
    done = run(site, folder, "-n", "2", "--basetemp=base")
    told = {
        case.get("name"): problem.get("message")
        for case in ET.parse(folder / "out.xml").getroot().iter("testcase")  # noqa: S314
        for problem in (*case.iter("failure"), *case.iter("error"))
    }
    return done.stdout, told, folder


def test_it_loads_by_its_entry_point_and_nothing_dear_with_it(site, tmp_path):
    """Other plugins of this machine load what they like, so they are left out: not ours."""
    (tmp_path / "test_it.py").write_text(STRANGER)
    others = {
        entry.name
        for entry in importlib.metadata.entry_points(group="pytest11")
        if entry.name != PLUGIN
    }
    done = run(site, tmp_path, *(f"-pno:{name}" for name in sorted(others)))
    assert done.returncode == 0, done.stdout + done.stderr


def test_several_workers_at_once_and_the_red_tests_say_why(used):
    output, told, _ = used
    assert set(told) == {
        "test_silent_fault",
        "test_fault_of_another_action_and_an_assertion",
        "test_output",
        "test_parameters[ada@example.com]",
    }, output
    assert "the fault outage-1 never fired, so the test proves nothing" in told["test_silent_fault"]
    other = told["test_fault_of_another_action_and_an_assertion"]
    assert "because the fault batch never fired" in other
    assert "no-pii-logs refuted" in told["test_output"]
    assert "1 lost" in told["test_parameters[ada@example.com]"]


def test_what_a_test_printed_is_withheld_when_somebody_was_found_in_it(used):
    output, told, _ = used
    assert "withheld by assert_no_pii" in output
    assert "a***@e***" in told["test_output"]
    assert "Lovelace" not in output
    assert "sent to ada" not in output


def test_a_tests_parameters_do_not_get_into_evidence(used):
    folder = next(used[2].glob("base/*/test_parameters*/queueproof"))  # or the link to it
    experiment, manifest = folder / "test-parameters", folder / "manifest.json"
    for text in ((experiment / "experiment.json").read_text(), manifest.read_text()):
        assert "example.com" not in text


def test_one_sqs_can_serve_a_session_and_a_projects_own_fixtures_come_first(site, tmp_path):
    (tmp_path / "test_shared.py").write_text(SHARED)
    (tmp_path / "test_own.py").write_text(OWN_NAMES)
    done = run(site, tmp_path, "-o", "queueproof_scope=session")
    assert done.returncode == 0, done.stdout
    assert "3 passed" in done.stdout


def test_a_scope_that_does_not_exist_is_refused():
    config = SimpleNamespace(getini=lambda name: "day")
    with pytest.raises(
        pytest.UsageError, match="queueproof_scope is 'day'; wanted one of function"
    ):
        pytest_configure(config)
