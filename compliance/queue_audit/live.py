"""Facts from a running SQS and CloudWatch Logs, read and nothing else.

Without credentials an endpoint on this machine is asked with made-up ones: stand-ins for AWS check
no signature, but moto reads from it which service is meant.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import urlsplit

import boto3
from botocore import exceptions as boto
from botocore.config import Config

from compliance.queue_audit.documents import (
    as_bool,
    as_document,
    as_redrive,
    as_redrive_allow,
    as_whole_number,
    masked_identifiers,
)
from compliance.queue_audit.facts import (
    Facts,
    LogGroupFacts,
    Maybe,
    Missing,
    Place,
    QueueFacts,
    Redrive,
    Unknown,
)

CONNECT_TIMEOUT_S = 5
READ_TIMEOUT_S = 10
ATTEMPTS_MAX = 2
REGION_DEFAULT = "us-east-1"

_MADE_UP_KEYS = ("local", "local")
_AWS_HOST = re.compile(r"(?:sqs\.)?(?P<region>[a-z]{2}(?:-[a-z]+)+-\d)?.*\.amazonaws\.com(\.cn)?")
_ARN = re.compile(r"arn:[^:]+:sqs:[^:]*:(?P<account>[^:]*):(?P<name>[^:]+)")
_NOT_THERE = ("AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist")

T = TypeVar("T")


class ReadError(Exception):
    """A queue that could not be read. The text names the call, where it went and what failed."""


class CallError(Exception):
    """One call that failed. `code` is AWS's own, or the kind of failure."""

    def __init__(self, what: str, code: str) -> None:
        super().__init__(f"{what}: {code}")
        self.code = code


def read_live(
    queue_url: str, *, endpoint_url: str | None, region: str | None, log_groups: tuple[str, ...]
) -> Facts:
    """Facts of a queue, its dead-letter queue and log groups.

    `endpoint_url` answers for SQS and CloudWatch Logs alike; without one, a queue URL outside
    amazonaws.com names its endpoint itself. Raises ReadError when the queue cannot be read.
    """
    endpoint = endpoint_url or _endpoint_of(queue_url)
    connect = _Connections(endpoint, region or _region_of(queue_url))
    queues = _Queues(connect("sqs"))
    try:
        queue = queues.queue(queue_url)
    except CallError as error:
        raise ReadError(f"{queue_url}: {error}") from error
    found = [queue]
    if isinstance(queue.dead_letter, QueueFacts):
        found.append(queue.dead_letter)
    groups: list[LogGroupFacts] = []
    gaps: list[tuple[Place, str]] = []
    logs = _LogGroups(connect("logs")) if log_groups else None
    for name in log_groups if logs else ():
        assert logs is not None
        try:
            groups.append(logs.group(name))
        except CallError as error:
            gaps.append((Place(f"cloudwatch:{name}"), str(error)))
    return Facts(tuple(found), tuple(groups), tuple(gaps))


class _Connections:
    """Makes clients of one endpoint."""

    def __init__(self, endpoint_url: str | None, region: str | None) -> None:
        self._endpoint_url = endpoint_url
        self._region = region

    def __call__(self, service: Any) -> Any:
        try:
            session = boto3.session.Session()
            if _is_loopback(self._endpoint_url) and session.get_credentials() is None:
                session = boto3.session.Session(*_MADE_UP_KEYS)
            return session.client(
                service,
                region_name=self._region or session.region_name or REGION_DEFAULT,
                endpoint_url=self._endpoint_url,
                config=Config(
                    connect_timeout=CONNECT_TIMEOUT_S,
                    read_timeout=READ_TIMEOUT_S,
                    retries={"total_max_attempts": ATTEMPTS_MAX, "mode": "standard"},
                ),
            )
        except (boto.BotoCoreError, ValueError) as error:
            raise ReadError(f"no client for {service} can be made: {_reason(error)}") from error


class _Queues:
    """Reads queues through one client."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def queue(self, url: str) -> QueueFacts:
        """A queue and its dead-letter queue. Raises CallError."""
        texts = self._attributes(url)
        redrive = as_redrive(texts.get("RedrivePolicy"))
        return _queue_facts(
            url,
            texts,
            is_dead_letter=self._is_dead_letter(url),
            redrive=redrive,
            dead_letter=self._dead_letter(redrive) if isinstance(redrive, Redrive) else None,
        )

    def _attributes(self, url: str) -> Mapping[str, str]:
        answer = _called(
            "SQS GetQueueAttributes",
            lambda: self._client.get_queue_attributes(QueueUrl=url, AttributeNames=["All"]),
        )
        texts = answer.get("Attributes")
        if not isinstance(texts, dict) or "QueueArn" not in texts:
            raise CallError("SQS GetQueueAttributes", "the answer has no attributes; is it SQS?")
        return texts

    def _is_dead_letter(self, url: str) -> Maybe[bool]:
        try:
            answer = _called(
                "SQS ListDeadLetterSourceQueues",
                lambda: self._client.list_dead_letter_source_queues(QueueUrl=url),
            )
        except CallError as error:
            return Unknown(f"whether it is a dead-letter queue: {error}")
        return bool(answer.get("queueUrls"))

    def _dead_letter(self, redrive: Redrive) -> Maybe[QueueFacts | Missing | None]:
        if isinstance(redrive.target_arn, Unknown):
            return redrive.target_arn
        match = _ARN.fullmatch(redrive.target_arn)
        if match is None:
            return Unknown("deadLetterTargetArn is not the ARN of a queue")
        try:
            url = _called(
                "SQS GetQueueUrl",
                lambda: self._client.get_queue_url(
                    QueueName=match["name"], QueueOwnerAWSAccountId=match["account"]
                ),
            )["QueueUrl"]
            texts = self._attributes(url)
        except CallError as error:
            if error.code in _NOT_THERE:
                return Missing(match["name"])
            return Unknown(f"its dead-letter queue {match['name']} could not be read: {error}")
        redrive_of_it = as_redrive(texts.get("RedrivePolicy"))
        return _queue_facts(url, texts, is_dead_letter=True, redrive=redrive_of_it)


class _LogGroups:
    """Reads log groups through one client."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def group(self, name: str) -> LogGroupFacts:
        """Raises CallError when the group cannot be read."""
        what = "CloudWatch Logs DescribeLogGroups"
        answer = _called(
            what, lambda: self._client.describe_log_groups(logGroupNamePrefix=name, limit=50)
        )
        found = [each for each in answer.get("logGroups", []) if each.get("logGroupName") == name]
        if not found:
            raise CallError(what, f"log group {name} does not exist")
        return LogGroupFacts(
            name=name,
            place=Place(f"cloudwatch:{name}"),
            retention_days=as_whole_number(found[0].get("retentionInDays"), None),
            masked=self._masked(name),
        )

    def _masked(self, name: str) -> Maybe[frozenset[str] | None]:
        """What the group's own policy masks, and the account's, which holds for every group."""
        try:
            own = _called(
                "CloudWatch Logs GetDataProtectionPolicy",
                lambda: self._client.get_data_protection_policy(logGroupIdentifier=name),
            )
            of_account = _called(
                "CloudWatch Logs DescribeAccountPolicies",
                lambda: self._client.describe_account_policies(policyType="DATA_PROTECTION_POLICY"),
            )
        except CallError as error:
            return Unknown(str(error))
        masked: frozenset[str] | None = None
        for policy in (own, *of_account.get("accountPolicies", [])):
            identifiers = masked_identifiers(as_document(policy.get("policyDocument")))
            if isinstance(identifiers, Unknown):
                return identifiers
            if identifiers is not None:
                masked = (masked or frozenset()) | identifiers
        return masked


def _queue_facts(
    url: str,
    texts: Mapping[str, str],
    *,
    is_dead_letter: Maybe[bool],
    redrive: Maybe[Redrive | None],
    dead_letter: Maybe[QueueFacts | Missing | None] = None,
) -> QueueFacts:
    def number(name: str) -> Maybe[int]:
        found = as_whole_number(texts.get(name), None)
        return Unknown(f"the endpoint does not tell {name}") if found is None else found

    sse = texts.get("SqsManagedSseEnabled")
    return QueueFacts(
        name=texts["QueueArn"].rpartition(":")[2],
        place=Place(url),
        arn=texts["QueueArn"],
        is_fifo=as_bool(texts.get("FifoQueue"), default=False),
        is_dead_letter=is_dead_letter,
        sse_sqs=Unknown("the endpoint does not tell SqsManagedSseEnabled")
        if sse is None
        else as_bool(sse, default=False),
        kms_key=texts.get("KmsMasterKeyId") or None,
        policy=as_document(texts.get("Policy")),
        retention_s=number("MessageRetentionPeriod"),
        visibility_s=number("VisibilityTimeout"),
        redrive=redrive,
        redrive_allow=as_redrive_allow(texts.get("RedriveAllowPolicy")),
        dead_letter=dead_letter,
    )


def _called(what: str, call: Callable[[], T]) -> T:
    """Raises CallError instead of what botocore raises, and for answers that make no sense."""
    try:
        return call()
    except boto.ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", "refused"))
        raise CallError(what, code) from error
    except (boto.BotoCoreError, ValueError, KeyError, TypeError) as error:
        raise CallError(what, _reason(error)) from error


def _reason(error: Exception) -> str:
    """What to tell of a failure: botocore's own texts are of endpoints and settings."""
    if isinstance(error, boto.NoCredentialsError):
        return "no credentials; set AWS_PROFILE or AWS_ACCESS_KEY_ID"
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def _endpoint_of(queue_url: str) -> str | None:
    parts = urlsplit(queue_url)
    if _AWS_HOST.fullmatch(parts.hostname or ""):
        return None
    return f"{parts.scheme}://{parts.netloc}"


def _region_of(queue_url: str) -> str | None:
    match = _AWS_HOST.fullmatch(urlsplit(queue_url).hostname or "")
    return match["region"] if match else None


def _is_loopback(endpoint_url: str | None) -> bool:
    host = urlsplit(endpoint_url or "").hostname or ""
    return host in {"localhost", "::1"} or re.fullmatch(r"127(\.\d{1,3}){3}", host) is not None
