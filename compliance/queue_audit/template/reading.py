"""A template's queues, queue policies and log groups as facts.

A queue's defaults are CloudFormation's: SSE-SQS on, four days' retention, 30 s visibility
(AWS CloudFormation User Guide, aws-resource-sqs-queue.html).
"""

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import replace
from pathlib import Path
from typing import Any

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
    RedriveAllow,
    Unknown,
)
from compliance.queue_audit.template.intrinsics import ABSENT, QUEUE, Resolver
from compliance.queue_audit.template.loading import Source, TemplateError, load
from scenarios.model import shown

RETENTION_S_DEFAULT = 345_600
VISIBILITY_S_DEFAULT = 30
# These transforms leave queues, queue policies and log groups as they are written.
_HARMLESS_TRANSFORMS = frozenset({"AWS::Serverless-2016-10-31"})
_POLICY_TYPES = ("AWS::SQS::QueuePolicy", "AWS::SQS::QueueInlinePolicy")
_LOG_GROUP = "AWS::Logs::LogGroup"


def read_template(
    path: Path, *, parameters: Mapping[str, str], log_groups: tuple[str, ...] = ()
) -> Facts:
    """All that a template says. Log groups are those of the template; `log_groups` must be there.

    Raises TemplateError.
    """
    source = load(path)
    try:
        return _Reader(source, Resolver(source, parameters)).facts(log_groups)
    except RecursionError as error:
        raise TemplateError(f"{path}: its functions refer to each other too deep") from error


class _Reader:
    def __init__(self, source: Source, resolver: Resolver) -> None:
        self._source = source
        self._resolver = resolver

    def facts(self, wanted_groups: tuple[str, ...]) -> Facts:
        queue_ids = list(self._present(QUEUE))
        if not queue_ids:
            raise TemplateError(f"{self._source.path}: has no {QUEUE}; nothing to audit")
        policies = self._policies(queue_ids)
        queues = [self._queue(logical_id, policies) for logical_id in queue_ids]
        groups = [self._log_group(logical_id) for logical_id in self._present(_LOG_GROUP)]
        missing = [name for name in wanted_groups if name not in {group.name for group in groups}]
        gaps = [
            (Place(str(self._source.path)), f"log group {name} is not in it") for name in missing
        ]
        return Facts(
            tuple(_with_dead_letters(queues)),
            tuple(groups),
            (*self._what_transforms_may_change(), *gaps),
        )

    def _present(self, kind: str) -> Iterator[str]:
        """Resources of a type whose condition does not certainly fail."""
        for logical_id, resource in self._resolver.resources.items():
            if self._resolver.type_of(logical_id) != kind:
                continue
            condition = resource.get("Condition")
            if condition is None or self._resolver.condition(str(condition)) is not False:
                yield logical_id

    def _what_transforms_may_change(self) -> Iterator[tuple[Place, str]]:
        written = self._source.values.get("Transform", [])
        transforms = written if isinstance(written, list) else [written]
        place = Place(str(self._source.path), self._source.line("Transform"))
        for name in transforms:
            if str(name) not in _HARMLESS_TRANSFORMS:
                yield place, f"transform {shown(name)} may change what is written here"
        for logical_id in self._resolver.resources:
            if logical_id.startswith("Fn::"):
                place = Place(str(self._source.path), self._source.line("Resources", logical_id))
                yield place, f"{logical_id} makes resources that are not seen here"

    def _queue(self, logical_id: str, policies: Mapping[str, Any]) -> QueueFacts:
        read = self._properties(logical_id)
        return QueueFacts(
            name=logical_id,
            place=Place(str(self._source.path), self._source.line("Resources", logical_id)),
            arn=self._resolver.queue_arn(logical_id),
            is_fifo=as_bool(read("FifoQueue"), default=False),
            is_dead_letter=False,
            sse_sqs=as_bool(read("SqsManagedSseEnabled"), default=True),
            kms_key=_text_or_none(read("KmsMasterKeyId")),
            policy=policies.get(logical_id),
            retention_s=as_whole_number(read("MessageRetentionPeriod"), RETENTION_S_DEFAULT),
            visibility_s=as_whole_number(read("VisibilityTimeout"), VISIBILITY_S_DEFAULT),
            redrive=as_redrive(read("RedrivePolicy")),
            redrive_allow=as_redrive_allow(read("RedriveAllowPolicy")),
        )

    def _policies(self, queue_ids: list[str]) -> dict[str, Any]:
        """The policy of each queue that has one, by logical id."""
        id_of_url = {self._resolver.queue_url(each): each for each in queue_ids}
        found: dict[str, Any] = {}
        astray: Unknown | None = None
        for kind in _POLICY_TYPES:
            for policy_id in self._present(kind):
                read = self._properties(policy_id)
                document = as_document(read("PolicyDocument"))
                for url in self._urls(read):
                    if isinstance(url, Unknown):
                        astray = Unknown(f"{policy_id} may be its policy: {url.why}")
                    elif isinstance(url, str) and url in id_of_url:
                        queue_id = id_of_url[url]
                        clash = Unknown(f"{policy_id} and another resource both set its policy")
                        found[queue_id] = clash if queue_id in found else document
        return {each: found.get(each, astray) for each in queue_ids}

    def _urls(self, read: Any) -> list[Any]:
        urls = read("Queues")
        if urls is None:
            urls = read("Queue")
        return urls if isinstance(urls, list) else [urls]

    def _log_group(self, logical_id: str) -> LogGroupFacts:
        read = self._properties(logical_id)
        name = read("LogGroupName")
        policy = as_document(read("DataProtectionPolicy"))
        return LogGroupFacts(
            name=name if isinstance(name, str) else logical_id,
            place=Place(str(self._source.path), self._source.line("Resources", logical_id)),
            retention_days=as_whole_number(read("RetentionInDays"), None),
            masked=masked_identifiers(policy),
        )

    def _properties(self, logical_id: str) -> Any:
        """A function from a property's name to its value, None when it is not set."""
        properties = self._resolver.properties(logical_id)

        def read(name: str) -> Any:
            value = self._resolver.value(properties.get(name))
            return None if value is ABSENT else value

        return read


def _with_dead_letters(queues: Sequence[QueueFacts]) -> Iterator[QueueFacts]:
    """Queues that know their dead-letter queue, and whether they are one."""
    by_arn = {queue.arn: queue for queue in queues}
    redrives = [queue.redrive for queue in queues]
    targets = {each.target_arn if isinstance(each, Redrive) else each for each in redrives}
    for queue in queues:
        yield replace(
            queue,
            is_dead_letter=_is_dead_letter(queue, targets),
            dead_letter=_target(queue, by_arn),
        )


def _is_dead_letter(queue: QueueFacts, targets: Set[Maybe[str] | None]) -> Maybe[bool]:
    if queue.arn in targets:
        return True
    if isinstance(queue.redrive, Redrive):
        return False
    if isinstance(queue.redrive_allow, RedriveAllow):  # for queues of other stacks, perhaps
        permission = queue.redrive_allow.permission
        return permission if isinstance(permission, Unknown) else permission != "denyAll"
    unknown = next((target for target in targets if isinstance(target, Unknown)), None)
    return Unknown(f"it may be a dead-letter queue: {unknown.why}") if unknown else False


def _target(
    queue: QueueFacts, by_arn: Mapping[Any, QueueFacts]
) -> Maybe[QueueFacts | Missing | None]:
    if not isinstance(queue.redrive, Redrive):
        return None  # unset, or unknown, which the rule about it tells
    arn = queue.redrive.target_arn
    if isinstance(arn, Unknown):
        return arn
    return by_arn.get(arn, Unknown(f"its dead-letter queue {arn} is not in the template"))


def _text_or_none(value: Any) -> Maybe[str | None]:
    return value if value is None or isinstance(value, str | Unknown) else str(value)
