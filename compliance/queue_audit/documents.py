"""Values of queue attributes and template properties, brought to their types.

SQS hands out text, CloudFormation takes text as well as typed values; what is neither becomes
Unknown, because to guess would be to pass it.
"""

import json
from collections.abc import Mapping
from typing import Any, TypeVar

from compliance.queue_audit.facts import Maybe, Redrive, RedriveAllow, Unknown
from scenarios.model import shown

D = TypeVar("D", int, None)


def as_bool(value: Any, *, default: bool) -> Maybe[bool]:
    if value is None:
        return default
    if isinstance(value, bool | Unknown):
        return value
    known = {"true": True, "false": False}
    return known.get(str(value).lower(), Unknown(f"{shown(value)} is neither true nor false"))


def as_whole_number(value: Any, default: D) -> Maybe[int] | D:
    if value is None:
        return default
    if isinstance(value, Unknown):
        return value
    text = str(value)
    if isinstance(value, bool) or not (text.isascii() and text.isdecimal() and len(text) < 16):
        return Unknown(f"{shown(value)} is not a whole number")
    return int(text)


def as_document(value: Any) -> Maybe[Mapping[str, Any] | None]:
    """A JSON object, perhaps as text; None when it is not set."""
    if value is None or value == "" or isinstance(value, Unknown):
        return value or None
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return Unknown("a document that is not JSON")
    return value if isinstance(value, dict) else Unknown("a document that is not a JSON object")


def as_redrive(value: Any) -> Maybe[Redrive | None]:
    document = as_document(value)
    if document is None or isinstance(document, Unknown):
        return document
    count = as_whole_number(document.get("maxReceiveCount"), None)
    return Redrive(
        _text(document, "deadLetterTargetArn"),
        Unknown("RedrivePolicy has no maxReceiveCount") if count is None else count,
    )


def as_redrive_allow(value: Any) -> Maybe[RedriveAllow | None]:
    document = as_document(value)
    if document is None or isinstance(document, Unknown):
        return document
    arns = document.get("sourceQueueArns", [])
    return RedriveAllow(
        _text(document, "redrivePermission"),
        tuple(
            arn if isinstance(arn, str | Unknown) else Unknown("sourceQueueArns: not an ARN")
            for arn in (arns if isinstance(arns, list) else [arns])
        ),
    )


def masked_identifiers(policy: Maybe[Mapping[str, Any] | None]) -> Maybe[frozenset[str] | None]:
    """The data identifiers that a data protection policy de-identifies.

    Source: Amazon CloudWatch Logs User Guide, cloudwatch-logs-data-protection-policies.html.
    """
    if policy is None or isinstance(policy, Unknown):
        return policy
    found: set[str] = set()
    written = policy.get("Statement", [])
    for statement in written if isinstance(written, list) else [written]:
        if isinstance(statement, Unknown):
            return statement
        operation = statement.get("Operation") if isinstance(statement, Mapping) else None
        if isinstance(operation, Unknown):
            return operation
        if not isinstance(operation, Mapping) or "Deidentify" not in operation:
            continue
        identifiers = statement.get("DataIdentifier", [])
        for each in identifiers if isinstance(identifiers, list) else [identifiers]:
            if isinstance(each, Unknown):
                return each
            found.add(str(each).rpartition("/")[2])
    return frozenset(found)


def _text(document: Mapping[str, Any], key: str) -> Maybe[str]:
    value = document.get(key)
    return value if isinstance(value, str | Unknown) else Unknown(f"{key} is missing or not text")
