"""What an experiment used, counted from its folder: calls, CPU seconds, Lambda time, log bytes.

The window is load and drain: before it the processes only start up, which no email pays for. Lambda
time and log bytes are taken whole: only emails invoke the function, and of what was logged before
the load, the few lines of a start are in.
Counters are sampled once a second and may begin again when a process does; what a killed process
counted after its last sample is not known, at most a second of it.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from compliance.checks.cost import LambdaUse, QueueUse, ServiceUse, Usage
from compliance.ledgers import Ledgers
from scenarios.evidence import ExperimentRecord

SERVICES = ("api", "worker")
GATEWAY = "api-gateway"  # as the metrics name it
LAMBDA_STREAMS = "[[]$LATEST]*.log"
REPORT = re.compile(
    rb"^REPORT RequestId: .*\bBilled Duration: (\d+) ms\s+Memory Size: (\d+) MB", re.MULTILINE
)
MB_PER_GB = 1024
ARRIVED_SHARE_MIN = 0.99  # of the acknowledged; fewer are worth a word
EMAILS_MIN = 1_000

# What each counter rose by inside the window. A fall is a new beginning, from nothing.
COUNTED = """
    with steps as (
        select source, name, at_s, value, lag(value) over each as earlier
        from metrics
        where starts_with(source, 'queue:')
        window each as (partition by source, name order by at_s))
    select source, name,
        sum(case when earlier is null or value < earlier then value else value - earlier end)
    from steps where at_s > $from_s
    group by source, name order by source, name
"""
# `cpu_share` is of the time since the sample before.
CPU = """
    with steps as (
        select source, at_s, value,
            at_s - lag(at_s) over (partition by source order by at_s) as since_s
        from metrics where name = 'cpu_share')
    select source, sum(value * since_s) from steps
    where at_s > $from_s and since_s is not null
    group by source order by source
"""
KINDS = ("send", "receive", "delete", "change-visibility")


def read_usage(ledgers: Ledgers, record: ExperimentRecord) -> Usage | None:
    """What was used.

    None where no email arrived through a service, or nobody measured while the load was on.
    """
    load = record.phase("load")
    last_s = ledgers.rows("select max(at_s) from metrics")[0][0]
    (emails, deliveries) = ledgers.rows("select count(distinct key), count(*) from sink")[0]
    if load is None or last_s is None or last_s <= load.start_s or not emails:
        return None
    counted: dict[str, dict[str, float]] = {}
    for source, name, rise in ledgers.rows(COUNTED, from_s=load.start_s):
        counted.setdefault(source.removeprefix("queue:"), {})[name] = rise
    cpu_s = dict(ledgers.rows(CPU, from_s=load.start_s))
    is_api_gateway = GATEWAY in cpu_s
    if _cpu_of("api", cpu_s) is None and not is_api_gateway:
        return None  # somebody called the queue itself
    ((requests,),) = ledgers.rows("select count(*) from sender where kind = 'invoke'")
    grouped = {
        name
        for (name,) in ledgers.rows('select distinct queue from queue where "group" is not null')
    }
    queues = tuple(_queue_use(name, each, grouped) for name, each in counted.items())
    logs = ledgers.experiment / "logs"
    services = tuple(
        ServiceUse(name=name, cpu_s=used)
        for name in SERVICES
        if (used := _cpu_of(name, cpu_s)) is not None
    )
    lambdas = _lambda_use(logs)
    logged = [service.name for service in services]
    if is_api_gateway:
        logged.append("api")  # whose part the gateway plays: its access log, ours to pay for
    return Usage(
        emails=emails,
        deliveries=deliveries,
        duration_s=last_s - load.start_s,
        http_requests=requests,
        http_body_bytes=_body_bytes(counted, requests),
        is_api_gateway=is_api_gateway,
        queues=queues,
        services=services,
        lambdas=lambdas,
        log_bytes=_log_bytes(logs, logged),
        notes=tuple(
            _notes(ledgers, emails, has_queues=bool(queues), has_lambdas=lambdas is not None)
        ),
    )


def _notes(ledgers: Ledgers, emails: int, *, has_queues: bool, has_lambdas: bool) -> Iterator[str]:
    """What makes the figures less than they seem."""
    ((acknowledged,),) = ledgers.rows("select count(distinct key) from sender where kind = 'ok'")
    if emails < ARRIVED_SHARE_MIN * acknowledged:
        yield (
            f"only {emails:,} of {acknowledged:,} acknowledged emails arrived, and they bear the "
            "cost of all"
        )
    if emails < EMAILS_MIN:
        yield f"{emails:,} emails are few: what processes do once weighs on each of them"
    if not has_queues:
        yield "nobody counted the queue's calls, so they are not priced"
    if has_lambdas:
        yield (
            "the milliseconds that Lambda bills are those of this machine; on AWS a function's CPU "
            "goes by its memory"
        )


def _queue_use(name: str, counted: dict[str, float], grouped: set[str]) -> QueueUse:
    empty = int(counted.get("NumberOfEmptyReceives", 0))
    requests = {kind: _requests(kind, counted) for kind in KINDS}
    # Each of them is one of the receives, and never has a payload.
    requests["receive"] = max(0, requests["receive"] - empty)
    return QueueUse(
        name=name,
        is_fifo=name.endswith(".fifo"),
        carries_groups=name in grouped,
        requests={kind: count for kind, count in requests.items() if count},
        empty_receives=empty,
        throttled=int(sum(n for key, n in counted.items() if key.startswith("throttled_calls."))),
    )


def _requests(kind: str, counted: dict[str, float]) -> int:
    """Admitted calls, and one request more for each 64 KiB that a call carried beyond its first."""
    more = counted.get(f"further_chunks.{kind}", 0)
    return int(counted.get(f"admitted_calls.{kind}", 0) + more)


def _body_bytes(counted: dict[str, dict[str, float]], requests: int) -> int:
    """Of all attempts: as many bytes as the messages that the accepted ones became."""
    sent = sum(each.get("NumberOfMessagesSent", 0) for each in counted.values())
    sent_bytes = sum(each.get("SentMessageSize", 0) for each in counted.values())
    return int(sent_bytes / sent * requests) if sent else 0


def _cpu_of(service: str, cpu_s: dict[str, float]) -> float | None:
    """Of all processes of a service: `worker`, `worker-2`, ..."""
    mine = [used for name, used in cpu_s.items() if _is_of(service, name)]
    return sum(mine) if mine else None


def _is_of(service: str, name: str) -> bool:
    return re.fullmatch(rf"{service}(-\d+)?", name) is not None


def _lambda_use(logs: Path) -> LambdaUse | None:
    """From the REPORT lines of its log streams, one an invocation."""
    reports = [
        (int(billed_ms), int(memory_mb))
        for stream in sorted(logs.rglob(LAMBDA_STREAMS))
        for billed_ms, memory_mb in REPORT.findall(stream.read_bytes())
    ]
    if not reports:
        return None
    return LambdaUse(
        invocations=len(reports),
        gb_s=sum(billed_ms / 1000 * memory_mb / MB_PER_GB for billed_ms, memory_mb in reports),
    )


def _log_bytes(logs: Path, services: Sequence[str]) -> int:
    """What CloudWatch Logs would take in: of our services, API Gateway and Lambda.

    What plays the trigger here logs under the worker's name; AWS's own logs nothing.
    """
    ours = [log for log in logs.glob("*.log") if any(_is_of(name, log.stem) for name in services)]
    return sum(log.stat().st_size for log in [*ours, *logs.rglob(LAMBDA_STREAMS)])
