"""AddPermission and RemovePermission: statements of the queue's policy, by label.

The policy is kept and shown; nothing here is denied because of it.
Source: API AddPermission (at most seven actions a statement), RemovePermission.
"""

import json
import re
from typing import Any

from reference.cloud.sqs.checks import shown
from reference.cloud.sqs.errors import InvalidParameterValue, OverLimit

_ACTIONS_MAX = 7
_LABEL = re.compile(r"[A-Za-z0-9_-]{1,80}")
_ACCOUNT_ID = re.compile(r"[0-9]{12}")
_ACTION = re.compile(r"\*|[A-Z][A-Za-z]{1,60}")


def with_permission(
    policy: str | None, arn: str, label: str, account_ids: list[str], actions: list[str]
) -> str:
    """The policy with one more statement. Raises InvalidParameterValue or OverLimit."""
    statements = _statements(policy)
    if not _LABEL.fullmatch(label):
        raise _invalid("Label", label, "1 to 80 alphanumeric characters, hyphens, underscores.")
    if any(statement.get("Sid") == label for statement in statements):
        raise _invalid("Label", label, "Already exists.")
    if not account_ids:
        raise _invalid("AWSAccountIds", "", "At least one account is needed.")
    if not actions:
        raise _invalid("Actions", "", "At least one action is needed.")
    for account_id in account_ids:
        if not _ACCOUNT_ID.fullmatch(account_id):
            raise _invalid("PrincipalId", account_id, "Unable to verify.")
    for action in actions:
        if not _ACTION.fullmatch(action):
            raise _invalid("ActionName", action, "Only the queue owner is allowed to invoke this.")
    if len(actions) > _ACTIONS_MAX:
        raise OverLimit(f"{len(actions)} Actions were found, maximum allowed is {_ACTIONS_MAX}.")
    statements.append(
        {
            "Sid": label,
            "Effect": "Allow",
            "Principal": {"AWS": [f"arn:aws:iam::{each}:root" for each in account_ids]},
            "Action": [f"SQS:{action}" for action in actions],
            "Resource": arn,
        }
    )
    return _policy(arn, statements)


def without_permission(policy: str | None, arn: str, label: str) -> str:
    """The policy without that statement; empty when none is left.

    Raises InvalidParameterValue.
    """
    statements = _statements(policy)
    left = [statement for statement in statements if statement.get("Sid") != label]
    if len(left) == len(statements):
        raise _invalid("Label", label, "can't find label on existing policy.")
    return _policy(arn, left) if left else ""


def _statements(policy: str | None) -> list[dict[str, Any]]:
    found = json.loads(policy).get("Statement", []) if policy else []
    statements = found if isinstance(found, list) else [found]
    if not all(isinstance(statement, dict) for statement in statements):
        raise _invalid("Policy", policy or "", "Its statements are not all JSON objects.")
    return statements


def _policy(arn: str, statements: list[dict[str, Any]]) -> str:
    # The version that AWS writes here, as recorded, though 2012-10-17 is the current one.
    return json.dumps(
        {"Version": "2008-10-17", "Id": f"{arn}/SQSDefaultPolicy", "Statement": statements}
    )


def _invalid(parameter: str, value: str, reason: str) -> InvalidParameterValue:
    return InvalidParameterValue(
        f"Value {shown(value)} for parameter {parameter} is invalid. Reason: {reason}"
    )
