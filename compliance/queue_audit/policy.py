"""Questions to a queue's access policy, answered yes, no, or unknown.

Only elements that decide the two questions are read: whom a statement means, which actions, which
resources, under which condition. Source: AWS Identity and Access Management User Guide,
reference_policies_elements.html and reference_policies_condition-keys.html.
"""

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from compliance.queue_audit.facts import Answer, Maybe, Unknown, all_of, any_of, negated

# What a message's content travels with; the batch calls need the same permissions.
CONTENT_ACTIONS = ("sqs:SendMessage", "sqs:ReceiveMessage")
# Keys that say who calls. aws:SecureTransport or aws:CurrentTime say how and when, not who.
_WHO_KEYS = frozenset(
    {
        "aws:principalaccount",
        "aws:principalarn",
        "aws:principalorgid",
        "aws:principalorgpaths",
        "aws:sourceaccount",
        "aws:sourcearn",
        "aws:sourceip",
        "aws:sourceorgid",
        "aws:sourceorgpaths",
        "aws:sourceowner",
        "aws:sourcevpc",
        "aws:sourcevpce",
        "aws:userid",
        "aws:vpcsourceip",
    }
)
# They match only when the key is there and equal; ...IfExists and ForAllValues also match without.
_NARROWING = frozenset(
    {
        "stringequals",
        "stringequalsignorecase",
        "stringlike",
        "arnequals",
        "arnlike",
        "ipaddress",
    }
)
_EVERYBODY = frozenset({"*", "0.0.0.0/0", "::/0"})


def statements(policy: Mapping[str, Any]) -> list[Any]:
    """The policy's statements; a single one need not stand in a list."""
    found = policy.get("Statement", [])
    return found if isinstance(found, list) else [found]


def denies_without_tls(policy: Mapping[str, Any], arn: Maybe[str], action: str) -> Answer:
    """Whether some statement refuses everybody this action on this queue without TLS."""
    return any_of(
        all_of(
            (
                _has_effect(statement, "Deny"),
                _means_everybody(statement),
                _covers_action(statement, action),
                _covers_resource(statement, arn),
                _is_for_plain_text_only(statement),
            )
        )
        for statement in statements(policy)
    )


def public_statements(policy: Mapping[str, Any]) -> Iterator[tuple[str, Answer]]:
    """Each statement's label, and whether it lets anybody in."""
    for number, statement in enumerate(statements(policy), start=1):
        sid = statement.get("Sid") if isinstance(statement, Mapping) else None
        label = f"statement {sid!r}" if isinstance(sid, str) else f"statement {number}"
        everybody = any_of((_means_everybody(statement), _has(statement, "NotPrincipal")))
        yield (
            label,
            all_of(
                (_has_effect(statement, "Allow"), everybody, negated(_limits_who(statement))),
            ),
        )


def _has_effect(statement: Any, effect: str) -> Answer:
    found = _element(statement, "Effect")
    return found if isinstance(found, Unknown) else found == effect


def _has(statement: Any, element: str) -> Answer:
    return statement if isinstance(statement, Unknown) else _element(statement, element) is not None


def _means_everybody(statement: Any) -> Answer:
    principal = _element(statement, "Principal")
    if isinstance(principal, Mapping):
        principal = principal.get("AWS")
    return any_of(
        each if isinstance(each, Unknown) else each == "*" for each in _as_list(principal)
    )


def _covers_action(statement: Any, action: str) -> Answer:
    if _element(statement, "NotAction") is not None:
        return negated(_any_matches(_element(statement, "NotAction"), action, ignore_case=True))
    return _any_matches(_element(statement, "Action"), action, ignore_case=True)


def _covers_resource(statement: Any, arn: Maybe[str]) -> Answer:
    resource = _element(statement, "Resource")
    if "*" in _as_list(resource):
        return True
    if isinstance(arn, Unknown):
        return arn
    return _any_matches(resource, arn)


def _is_for_plain_text_only(statement: Any) -> Answer:
    """Whether the condition is aws:SecureTransport false and nothing else.

    A second condition would let requests through that do not meet it.
    """
    condition = _element(statement, "Condition")
    if isinstance(condition, Unknown):
        return condition
    if not isinstance(condition, Mapping) or len(condition) != 1:
        return False
    [(operator, keys)] = condition.items()
    if isinstance(keys, Unknown):
        return keys
    if str(operator).lower() not in {"bool", "boolifexists"} or not isinstance(keys, Mapping):
        return False
    if [str(key).lower() for key in keys] != ["aws:securetransport"]:
        return False
    values = _as_list(next(iter(keys.values())))
    return all_of(
        value if isinstance(value, Unknown) else str(value).lower() == "false" for value in values
    )


def _limits_who(statement: Any) -> Answer:
    """Whether the condition lets only named callers through."""
    condition = _element(statement, "Condition")
    if isinstance(condition, Unknown):
        return condition
    if not isinstance(condition, Mapping):
        return False
    return any_of(
        keys if isinstance(keys, Unknown) else _names_callers(str(operator), keys)
        for operator, keys in condition.items()
    )


def _names_callers(operator: str, keys: Any) -> Answer:
    if operator.lower().removeprefix("foranyvalue:") not in _NARROWING:
        return False
    if not isinstance(keys, Mapping):
        return False
    return any_of(
        all_of(
            value if isinstance(value, Unknown) else str(value) not in _EVERYBODY
            for value in _as_list(values)
        )
        for key, values in keys.items()
        if str(key).lower() in _WHO_KEYS
    )


def _any_matches(patterns: Any, text: str, *, ignore_case: bool = False) -> Answer:
    return any_of(
        each if isinstance(each, Unknown) else _matches(str(each), text, ignore_case=ignore_case)
        for each in _as_list(patterns)
    )


def _matches(pattern: str, text: str, *, ignore_case: bool) -> bool:
    if ignore_case:
        pattern, text = pattern.lower(), text.lower()
    # IAM knows * and ?; fnmatch would also read brackets.
    return fnmatchcase(text, pattern.replace("[", "[[]"))


def _element(statement: Any, name: str) -> Any:
    if isinstance(statement, Unknown):
        return statement
    return statement.get(name) if isinstance(statement, Mapping) else None


def _as_list(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
