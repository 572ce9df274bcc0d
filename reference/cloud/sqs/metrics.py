"""What CloudWatch shows of a queue, at the moment of asking; plus the calls that quotas judged.

Sums (`NumberOf...Sent`, `...Received`, ...) count since the queue was created, as Prometheus
counters do; a CloudWatch period is the difference of two samples.
Source: DG sqs-available-cloudwatch-metrics.html.
"""

from typing import Any

from reference.cloud.sqs.engine import Engine
from reference.cloud.sqs.queue import Queue
from reference.cloud.sqs.quotas import FAMILY_OF_ACTION, Quotas

_COUNTERS = {
    "NumberOfMessagesSent",
    "NumberOfMessagesReceived",
    "NumberOfMessagesDeleted",
    "NumberOfEmptyReceives",
    "NumberOfDeduplicatedSentMessages",
    "SentMessageSize",
}


def queue_metrics(queue: Queue) -> dict[str, float]:
    """By CloudWatch's names. The age is left out while no message counts for it, as in AWS."""
    depth, counters = queue.depth(), queue.counters
    values: dict[str, float] = {
        "ApproximateNumberOfMessagesVisible": depth.visible,
        "ApproximateNumberOfMessagesNotVisible": depth.in_flight,
        "ApproximateNumberOfMessagesDelayed": depth.delayed,
        "NumberOfMessagesSent": counters.sent,
        "NumberOfMessagesReceived": counters.received,
        "NumberOfMessagesDeleted": counters.deleted,
        "NumberOfEmptyReceives": counters.empty_receives,
        "SentMessageSize": counters.sent_bytes,
    }
    if queue.attributes.is_fifo:
        values["ApproximateNumberOfGroupsWithInflightMessages"] = depth.groups_in_flight
        values["NumberOfDeduplicatedSentMessages"] = counters.deduplicated
    else:
        values["ApproximateNumberOfNoisyGroups"] = depth.noisy_groups
    age_s = queue.oldest_age_s()
    if age_s is not None:
        values["ApproximateAgeOfOldestMessage"] = age_s
    return values


def as_json(engine: Engine, quotas: Quotas, now_s: float) -> dict[str, Any]:
    """{at_s, queues: {name: {metric: value, admitted_calls: {family: n}, throttled_calls: ...}}}

    `further_chunks`, by family too: what AWS bills beside the calls for payloads above 64 KiB.
    """
    queues: dict[str, Any] = {
        queue.name: {
            **queue_metrics(queue),
            "further_chunks": {
                "send": queue.counters.sent_further_chunks,
                "receive": queue.counters.received_further_chunks,
            },
        }
        for queue in engine
    }
    # In front of another SQS only the calls are known here.
    for name in {*queues, *quotas.queue_names()}:
        counts = quotas.counts(name)
        queues.setdefault(name, {}).update(
            admitted_calls={family: each.admitted for family, each in counts.items()},
            throttled_calls={family: each.throttled for family, each in counts.items()},
        )
    return {"at_s": now_s, "queues": queues}


def as_prometheus(engine: Engine, quotas: Quotas) -> str:
    """The same as Prometheus text; a CloudWatch name becomes `sqs_<name_in_snake_case>`."""
    samples: dict[str, list[str]] = {}
    for queue in engine:
        for metric, value in queue_metrics(queue).items():
            name = f"sqs_{_snake(metric)}{'_total' if metric in _COUNTERS else ''}"
            samples.setdefault(name, []).append(f'{name}{{queue="{queue.name}"}} {value}')
    for queue_name in sorted(quotas.queue_names()):
        for action, counts in quotas.counts_by_action(queue_name).items():
            family = FAMILY_OF_ACTION[action]
            labels = f'queue="{queue_name}",family="{family}",action="{action}"'
            for outcome, count in (("admitted", counts.admitted), ("throttled", counts.throttled)):
                name = f"sqs_{outcome}_calls_total"
                samples.setdefault(name, []).append(f"{name}{{{labels}}} {count}")
    lines = []
    for name in sorted(samples):
        lines.append(f"# TYPE {name} {'counter' if name.endswith('_total') else 'gauge'}")
        lines.extend(samples[name])
    return "\n".join(lines) + "\n"


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)[1:]
