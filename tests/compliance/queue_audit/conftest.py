"""A queue and a log group as the default profile asks, to plant one fault at a time."""

import pytest

from compliance.queue_audit.facts import (
    LogGroupFacts,
    Place,
    QueueFacts,
    Redrive,
    RedriveAllow,
)
from compliance.queue_audit.profile import DEFAULT_PROFILE, load_profile
from compliance.queue_audit.rules import RULE_IDS

ARN = "arn:aws:sqs:us-east-1:123456789012:emails.fifo"
DLQ_ARN = "arn:aws:sqs:us-east-1:123456789012:dead.fifo"


def tls_only(arn):
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "TlsOnly",
                "Effect": "Deny",
                "Principal": "*",
                "Action": "sqs:*",
                "Resource": arn,
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            }
        ],
    }


def queue_facts(**changes):
    facts = {
        "name": "emails.fifo",
        "place": Place("queues.yaml", 3),
        "arn": ARN,
        "is_fifo": True,
        "is_dead_letter": False,
        "sse_sqs": True,
        "kms_key": None,
        "policy": tls_only(ARN),
        "retention_s": 345_600,
        "visibility_s": 30,
        "redrive": Redrive(DLQ_ARN, 5),
        "redrive_allow": None,
    }
    return QueueFacts(**{**facts, **changes})


def dead_letter_facts(**changes):
    facts = {
        "name": "dead.fifo",
        "arn": DLQ_ARN,
        "is_dead_letter": True,
        "policy": tls_only(DLQ_ARN),
        "retention_s": 1_209_600,
        "redrive": None,
        "redrive_allow": RedriveAllow("byQueue", (ARN,)),
    }
    return queue_facts(**{**facts, **changes})


@pytest.fixture(scope="session")
def make_queue():
    """A clean source queue with a clean dead-letter queue, but for the changes."""

    def make(*, dead_letter=None, **changes):
        return queue_facts(dead_letter=dead_letter or dead_letter_facts(), **changes)

    return make


@pytest.fixture(scope="session")
def make_dead_letter():
    return dead_letter_facts


@pytest.fixture(scope="session")
def make_policy():
    """A policy that denies plain text, with elements of its statement changed."""

    def make(*more, **changes):
        policy = tls_only(ARN)
        statement = {**policy["Statement"][0], **changes}
        kept = {name: value for name, value in statement.items() if value is not ...}
        return {**policy, "Statement": [kept, *more]}

    return make


@pytest.fixture(scope="session")
def make_log_group():
    def make(**changes):
        facts = {
            "name": "/aws/lambda/mailer",
            "place": Place("cloudwatch:/aws/lambda/mailer"),
            "retention_days": 30,
            "masked": frozenset({"EmailAddress", "Name", "Address"}),
        }
        return LogGroupFacts(**{**facts, **changes})

    return make


@pytest.fixture(scope="session")
def profile():
    return load_profile(DEFAULT_PROFILE, RULE_IDS)
