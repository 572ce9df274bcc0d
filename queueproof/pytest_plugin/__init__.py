"""queueproof inside your own test-suite: fixtures that break the queue and judge what became of it.

    your test --ledger.send--> your service --> local_sqs --> your worker --> mail_sink
                  |                               | faults                        |
                  +-------- one run directory: what was answered, stored, delivered
                                      |
                      assert_no_loss: the verdict that `queueproof judge` gives

Installing queueproof makes the fixtures known to pytest; nothing is loaded until a test asks for
one. None of ours stands in your service: it is told an endpoint and an SMTP port, and has to put
the sender's key into each email, as a header of your choice or in the Message-ID.

Fixtures

    local_sqs             an SQS on a free port: endpoint_url, region, env, create_queue(),
                          client(), set_env() when your code runs inside the test
    faults                of SQS: refuse(), lose_answer(), outage(), delay(), half_batch(), ... by
                          action, nth_call, probability or time; of the mail sink: mail.reject(),
                          mail.lose_answer(), ... `with` heals, the test's end heals all. A fault
                          that never fired fails the test, since it proved nothing
    mail_sink             SMTP at host and port, the APIs of SES v2, SendGrid and Mailgun at url;
                          delivered, wait_for()
    ledger                what your sender saw: send(call, key=...), or invoke() and then
                          ok() (accepted), fail() (certainly not done) or info() (nobody knows);
                          delivered() for a service whose work is not an email
    assert_no_loss        drains, then judges: what was accepted is delivered, or in the DLQ.
                          Faults that would go on for ever end as soon as they have fired
    assert_no_duplicates  no email was delivered twice
    assert_in_order       within a message group, emails left as they were accepted
    assert_no_pii         scans logs (paths, caplog or text); shows masked values only

Keys and ids. A key is yours: one for each email, the same when it is sent again. What your service
calls the email is learned from its answers (`ledger.ok(key, email_id)`). A message in the queue is
recognised by its deduplication id, by its message id, or when its body or attributes hold exactly
one key or id that was sent. A delivered email is recognised by the header that the fixture
`queueproof_correlation_header` names (override it, or set the ini value of that name), else by the
local part of its Message-ID, when that is a key or id. With the Message-ID alone, an email whose
answer was lost has no id that anybody knows: give the key a header if you break answers.

Settings (ini)

    queueproof_correlation_header   default: X-Queueproof-Key
    queueproof_scope                of local_sqs and mail_sink: function (default), class, module,
                                    package or session. Each test's evidence is its own all the same

Evidence. Each test that asserts leaves a run directory in its `tmp_path / "queueproof"`; a failure
names it, and `queueproof judge` and `queueproof report` take it. Keys and ids stand in evidence and
messages, so they must not be personal data; a key that could be an address is refused.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from compliance.pii.canaries import Canary
    from queueproof.pytest_plugin.assertions import (
        AssertInOrder,
        AssertNoDuplicates,
        AssertNoLoss,
    )
    from queueproof.pytest_plugin.case import Case
    from queueproof.pytest_plugin.faults import FaultError, Faults, InjectedFault, MailFaults
    from queueproof.pytest_plugin.ledger import Answer, Ledger
    from queueproof.pytest_plugin.local_sqs import LocalSqs, Queue
    from queueproof.pytest_plugin.mail_sink import Delivery, MailSink
    from queueproof.pytest_plugin.no_pii import AssertNoPii

__all__ = [
    "Answer",
    "AssertInOrder",
    "AssertNoDuplicates",
    "AssertNoLoss",
    "AssertNoPii",
    "Canary",
    "Case",
    "Delivery",
    "FaultError",
    "Faults",
    "InjectedFault",
    "Ledger",
    "LocalSqs",
    "MailFaults",
    "MailSink",
    "Queue",
]

_HOME = {
    "Answer": "ledger",
    "AssertInOrder": "assertions",
    "AssertNoDuplicates": "assertions",
    "AssertNoLoss": "assertions",
    "AssertNoPii": "no_pii",
    "Case": "case",
    "Delivery": "mail_sink",
    "FaultError": "faults",
    "Faults": "faults",
    "InjectedFault": "faults",
    "Ledger": "ledger",
    "LocalSqs": "local_sqs",
    "MailFaults": "faults",
    "MailSink": "mail_sink",
    "Queue": "local_sqs",
}


def __getattr__(name: str) -> Any:
    """Load a class when it is first asked for: pytest imports this package in every project."""
    if name == "Canary":
        return importlib.import_module("compliance.pii.canaries").Canary
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
