"""Access policies: what closes a queue, and the many things that look as if they did."""

import pytest

from compliance.queue_audit.facts import Facts, Unknown
from compliance.queue_audit.judging import audit

NOT_KNOWN = Unknown("a parameter has no default")
ARN = "arn:aws:sqs:us-east-1:123456789012:emails.fifo"
FALSE = {"aws:SecureTransport": "false"}
ACCOUNT = {"AWS": "arn:aws:iam::123456789012:root"}


def answer(rule, queue, profile):
    """Whether a rule is broken, open, or passes."""
    result = audit(Facts((queue,)), profile)
    if rule in {finding.rule.id for finding in result.findings}:
        return "broken"
    return "open" if rule in {each.rule_id for each in result.unanswered} else "passes"


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({}, "passes"),
        ({"Principal": {"AWS": "*"}}, "passes"),
        ({"Principal": {"AWS": ["*"]}}, "passes"),
        ({"Action": "*"}, "passes"),
        ({"Action": "SQS:*"}, "passes"),
        ({"Action": ["sqs:SendMessage", "sqs:Receive*"]}, "passes"),
        ({"Action": ..., "NotAction": "sqs:GetQueueUrl"}, "passes"),
        ({"Resource": "*"}, "passes"),
        ({"Resource": "arn:aws:sqs:*:*:emails.*"}, "passes"),
        ({"Condition": {"Bool": {"AWS:SecureTransport": False}}}, "passes"),
        ({"Condition": {"BoolIfExists": {"aws:SecureTransport": ["false"]}}}, "passes"),
        ({"Effect": "Allow"}, "broken"),
        ({"Principal": ACCOUNT}, "broken"),
        ({"Principal": ..., "NotPrincipal": ACCOUNT}, "broken"),
        ({"Action": "sqs:SendMessage"}, "broken"),
        ({"Action": ..., "NotAction": "sqs:Send*"}, "broken"),
        ({"Resource": ARN + "x"}, "broken"),
        ({"Resource": "arn:aws:sqs:*:*:[e]mails.fifo"}, "broken"),
        ({"Resource": ...}, "broken"),
        ({"Condition": ...}, "broken"),
        ({"Condition": {"Bool": {"aws:SecureTransport": "true"}}}, "broken"),
        ({"Condition": {"Bool": {"aws:MultiFactorAuthPresent": "false"}}}, "broken"),
        ({"Condition": {"Bool": {**FALSE, "aws:ViaAWSService": "false"}}}, "broken"),
        ({"Condition": {"Bool": FALSE, "StringEquals": {"aws:x": "y"}}}, "broken"),
        ({"Condition": {"StringEquals": FALSE}}, "broken"),
        ({"Effect": NOT_KNOWN}, "open"),
        ({"Principal": {"AWS": NOT_KNOWN}}, "open"),
        ({"Action": [NOT_KNOWN]}, "open"),
        ({"Resource": NOT_KNOWN}, "open"),
        ({"Condition": NOT_KNOWN}, "open"),
        ({"Condition": {"Bool": NOT_KNOWN}}, "open"),
        ({"Condition": {"Bool": {"aws:SecureTransport": NOT_KNOWN}}}, "open"),
        ({"Effect": "Allow", "Resource": NOT_KNOWN}, "broken"),  # one No decides
    ],
)
def test_tls_only(make_queue, make_policy, profile, changes, wanted):
    queue = make_queue(policy=make_policy(**changes))
    assert answer("sqs/tls-only", queue, profile) == wanted


def test_two_statements_may_close_one_action_each(make_queue, make_policy, profile):
    whole = make_policy(Action="sqs:SendMessage")
    second = make_policy(Action="sqs:ReceiveMessage")["Statement"][0]
    queue = make_queue(policy={**whole, "Statement": [*whole["Statement"], second]})
    assert answer("sqs/tls-only", queue, profile) == "passes"


def test_a_single_statement_need_not_stand_in_a_list(make_queue, make_policy, profile):
    policy = make_policy()
    queue = make_queue(policy={**policy, "Statement": policy["Statement"][0]})
    assert answer("sqs/tls-only", queue, profile) == "passes"


@pytest.mark.parametrize(
    ("statement", "wanted"),
    [
        ({"Principal": "*"}, "broken"),
        ({"Principal": {"AWS": "*"}}, "broken"),
        ({"Principal": {"AWS": ["arn:aws:iam::123456789012:root", "*"]}}, "broken"),
        ({"NotPrincipal": ACCOUNT}, "broken"),
        ({"Principal": "*", "Condition": {"Bool": {"aws:SecureTransport": "true"}}}, "broken"),
        ({"Principal": "*", "Condition": {"ArnLike": {"aws:SourceArn": "*"}}}, "broken"),
        ({"Principal": "*", "Condition": {"ArnNotEquals": {"aws:SourceArn": ARN}}}, "broken"),
        (
            {"Principal": "*", "Condition": {"StringEqualsIfExists": {"aws:SourceVpce": "v"}}},
            "broken",
        ),
        (
            {
                "Principal": "*",
                "Condition": {"ForAllValues:StringEquals": {"aws:PrincipalOrgID": "o"}},
            },
            "broken",
        ),
        (
            {"Principal": "*", "Condition": {"IpAddress": {"aws:SourceIp": ["0.0.0.0/0"]}}},
            "broken",
        ),
        ({"Principal": ACCOUNT}, "passes"),
        ({"Principal": {"Service": "sns.amazonaws.com"}}, "passes"),
        ({"Principal": "*", "Condition": {"ArnEquals": {"aws:SourceArn": ARN}}}, "passes"),
        (
            {"Principal": "*", "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}},
            "passes",
        ),
        ({"Principal": "*", "Effect": "Deny"}, "passes"),
        ({"Principal": {"AWS": NOT_KNOWN}}, "open"),
        ({"Principal": "*", "Condition": NOT_KNOWN}, "open"),
        ({"Principal": "*", "Condition": {"ArnLike": {"aws:SourceArn": NOT_KNOWN}}}, "open"),
        ("not a statement", "passes"),
    ],
)
def test_public_principals(make_queue, make_policy, profile, statement, wanted):
    if isinstance(statement, dict):
        statement = {"Effect": "Allow", "Action": "sqs:*", "Resource": ARN, **statement}
    queue = make_queue(policy=make_policy(statement))
    assert answer("sqs/no-public-principal", queue, profile) == wanted


def test_the_statement_is_named(make_queue, make_policy, profile):
    public = {"Sid": "Open", "Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}
    [finding] = audit(Facts((make_queue(policy=make_policy(public)),)), profile).findings
    assert "statement 'Open'" in finding.message
