"""The plugin that pytest loads: fixtures, their settings, and the two hooks that they need.

pytest imports this module in every project that has queueproof installed, so it imports nothing
dear: classes are loaded by the package when a fixture first names one.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

import queueproof.pytest_plugin as plugin

if TYPE_CHECKING:
    from collections.abc import Generator

SCOPES = ("function", "class", "module", "package", "session")
CORRELATION_HEADER = "X-Queueproof-Key"

_CASE = pytest.StashKey["plugin.Case"]()
_WITHHELD = pytest.StashKey[bool]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addini(
        "queueproof_correlation_header",
        "header of an email that holds its sender's key",
        default=CORRELATION_HEADER,
    )
    parser.addini(
        "queueproof_scope",
        f"of local_sqs and mail_sink: {', '.join(SCOPES)}",
        default="function",
    )


def pytest_configure(config: pytest.Config) -> None:
    scope = config.getini("queueproof_scope")
    if scope not in SCOPES:
        raise pytest.UsageError(
            f"queueproof_scope is {str(scope)[:80]!r}; wanted one of {', '.join(SCOPES)}"
        )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> "Generator[None, Any, Any]":
    """A fault that never fired fails the test: nothing was broken, so nothing was survived."""
    outcome = yield
    case = item.stash.get(_CASE, None)
    if case is not None and (silent := case.silent_faults()):
        pytest.fail(
            f"{'; '.join(silent)}, so the test proves nothing; is the action the one that your "
            "service calls? (may_stay_silent=True if that is meant)",
            pytrace=False,
        )
    return outcome


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> "Generator[None, pytest.TestReport, pytest.TestReport]":
    """What a test printed is not shown when it may hold the values that were found."""
    report = yield
    if item.stash.get(_WITHHELD, False):
        report.sections = [("Captured output", "withheld by assert_no_pii")]
    return report


def _scope(fixture_name: str, config: pytest.Config) -> Any:
    del fixture_name
    return config.getini("queueproof_scope")


@pytest.fixture(scope="session")
def queueproof_correlation_header(request: pytest.FixtureRequest) -> str:
    """The header of an email that holds its sender's key. Override it to name your own."""
    return str(request.config.getini("queueproof_correlation_header"))


# What the public fixtures share goes by these names, so that a project's own `ledger` or `faults`
# does not get in between.
@pytest.fixture(scope=_scope)
def _queueproof_sqs() -> "Iterator[plugin.LocalSqs]":
    from queueproof.pytest_plugin.local_sqs import serving  # noqa: PLC0415 - only when asked

    with serving() as sqs:
        yield sqs


@pytest.fixture(scope=_scope)
def _queueproof_sink(
    tmp_path_factory: pytest.TempPathFactory, queueproof_correlation_header: str
) -> "Iterator[plugin.MailSink]":
    from queueproof.pytest_plugin.mail_sink import listening  # noqa: PLC0415 - only when asked

    folder = tmp_path_factory.mktemp("mail_sink")
    with listening(folder, queueproof_correlation_header) as sink:
        yield sink


@pytest.fixture
def _queueproof_case(request: pytest.FixtureRequest, tmp_path: "Any") -> "plugin.Case":
    node = request.node
    name = getattr(node, "originalname", None) or node.name
    # Without parameters: they may be personal data.
    nodeid = node.nodeid.partition("[")[0]
    case = plugin.Case(tmp_path / "queueproof", name, nodeid)
    if "_queueproof_sqs" in request.fixturenames:
        case.sqs = request.getfixturevalue("_queueproof_sqs")
    if "_queueproof_sink" in request.fixturenames:
        case.sink = request.getfixturevalue("_queueproof_sink")
    node.stash[_CASE] = case
    return case


@pytest.fixture(scope=_scope)
def local_sqs(_queueproof_sqs: "plugin.LocalSqs") -> "plugin.LocalSqs":
    """A local SQS on a free port: endpoint_url, env, create_queue(), client(), set_env()."""
    return _queueproof_sqs


@pytest.fixture(scope=_scope)
def mail_sink(_queueproof_sink: "plugin.MailSink") -> "plugin.MailSink":
    """A provider that takes every email and keeps no text: host, port, url, delivered."""
    return _queueproof_sink


@pytest.fixture
def ledger(_queueproof_case: "plugin.Case") -> "plugin.Ledger":
    """What your sender saw: send(call, key=...), or invoke() and then ok(), fail() or info()."""
    return _queueproof_case.ledger


@pytest.fixture
def faults(
    _queueproof_case: "plugin.Case", _queueproof_sqs: "plugin.LocalSqs"
) -> "Iterator[plugin.Faults]":
    """Breaks local_sqs: faults.lose_answer("SendMessage", nth_call=3); faults.mail: mail_sink."""
    sink = _queueproof_case.sink
    injected = plugin.Faults(_queueproof_sqs.endpoint_url, None if sink is None else sink.url)
    _queueproof_case.faults = injected
    yield injected
    injected.forget()


@pytest.fixture
def assert_no_loss(_queueproof_case: "plugin.Case") -> "plugin.AssertNoLoss":
    """assert_no_loss(timeout_s=30): drains, and fails unless what was accepted arrived."""
    return plugin.AssertNoLoss(_queueproof_case)


@pytest.fixture
def assert_no_duplicates(_queueproof_case: "plugin.Case") -> "plugin.AssertNoDuplicates":
    """assert_no_duplicates(timeout_s=30): drains, and fails if an email arrived twice."""
    return plugin.AssertNoDuplicates(_queueproof_case)


@pytest.fixture
def assert_in_order(_queueproof_case: "plugin.Case") -> "plugin.AssertInOrder":
    """assert_in_order(timeout_s=30): fails if an email overtook another of its message group."""
    return plugin.AssertInOrder(_queueproof_case)


@pytest.fixture
def assert_no_pii(request: pytest.FixtureRequest, tmp_path: "Any") -> "plugin.AssertNoPii":
    """assert_no_pii(path, caplog, canaries=[("email", ...)]): fails if logs name anybody."""

    def withhold_output() -> None:
        request.node.stash[_WITHHELD] = True

    return plugin.AssertNoPii(
        tmp_path / "queueproof-logs", request.config.rootpath, withhold_output
    )
