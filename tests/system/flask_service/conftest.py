"""What a team adds to its own suite: how its service is started, and which header it uses."""

import importlib.util
from pathlib import Path

import pytest

_SPEC = importlib.util.spec_from_file_location(
    "mailer_running", Path(__file__).parent / "mailer" / "running.py"
)
mailer_running = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(mailer_running)


def pytest_collection_modifyitems(items):
    """In this repository, tests that start processes run one at a time."""
    for item in items:
        if item.path.parent == Path(__file__).parent:
            item.add_marker(pytest.mark.xdist_group("live"))


@pytest.fixture(scope="session")
def queueproof_correlation_header():
    return "X-Request-Id"


@pytest.fixture
def mailer(local_sqs, mail_sink, tmp_path):
    """The service under test, told where the local SQS and the mail sink are."""
    queue = local_sqs.create_queue("mails", visibility_timeout_s=2)
    smtp = {"SMTP_HOST": mail_sink.host, "SMTP_PORT": str(mail_sink.port)}
    with mailer_running.started({**local_sqs.env, "QUEUE_URL": queue.url, **smtp}, tmp_path) as it:
        yield it
