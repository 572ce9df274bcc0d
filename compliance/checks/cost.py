"""What a run's work costs on AWS: dollars per million emails, and a month's bill at any traffic.

    Usage (counted in the run) + PriceTable -> Cost (rows) -> Bill (a month at a given traffic)

Each row has two parts, because cost follows two things. Emails: every call, retry, duplicate and
log line of the run, shared out over the emails that arrived. Time: what is paid while nothing
happens, such as polls of an empty queue, a load balancer's hours, alarms, the fewest tasks.
What an email costs at the provider is the same for every configuration and is kept apart.
Not a claim of its own: it decides nothing, so there is no verdict here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from compliance.pricing.table import Deployment, PriceTable, TaskSize
from scenarios.base import Model

HOURS_PER_MONTH = 730.0
SECONDS_PER_MONTH = HOURS_PER_MONTH * 3600
MILLION = 1_000_000
BYTES_PER_GB = 1e9
DAYS_PER_MONTH = 30.0
CONNECTIONS_PER_LCU_HOUR = 25 * 3600
PROVIDER_ITEM = "ses-email"


@dataclass(frozen=True, kw_only=True)
class QueueUse:
    """Requests of one queue, as SQS bills them: each 64 KiB of payload is one more."""

    name: str
    is_fifo: bool
    carries_groups: bool = False  # messages with a group id on a standard queue: a fair queue
    requests: Mapping[str, int]  # by kind: send, receive (with messages), delete, ...
    empty_receives: int = 0
    throttled: int = 0

    @property
    def is_read(self) -> bool:
        """Whether somebody polls it; nobody does a dead-letter queue."""
        return self.empty_receives > 0 or self.requests.get("receive", 0) > 0


@dataclass(frozen=True, kw_only=True)
class ServiceUse:
    """A service of ours that would run in Fargate tasks."""

    name: str  # api or worker
    cpu_s: float


@dataclass(frozen=True, kw_only=True)
class LambdaUse:
    invocations: int
    gb_s: float  # billed duration times memory


@dataclass(frozen=True, kw_only=True)
class Usage:
    """All that one experiment used while its load and drain lasted."""

    emails: int  # that arrived, each once
    deliveries: int  # that the provider was paid for: duplicates included
    duration_s: float
    http_requests: int  # attempts of senders: retries included
    http_body_bytes: int  # what these carried
    is_api_gateway: bool = False  # they went to API Gateway; else to a load balancer
    queues: tuple[QueueUse, ...] = ()
    services: tuple[ServiceUse, ...] = ()
    lambdas: LambdaUse | None = None
    log_bytes: int = 0
    notes: tuple[str, ...] = field(default=())  # what could not be counted


class CostRow(Model):
    """One thing that is paid for."""

    what: str
    item: str  # of the price list
    unit: str
    per_email: float = 0.0  # units for each email that arrived
    per_month: float = 0.0  # units that time takes, whatever the traffic
    is_floor: bool = False  # per_month is the least, not an addition
    usd_per_million: float = 0.0  # of per_email, before any discount
    usd_per_month: float = 0.0  # of per_month, likewise

    def units(self, emails: float) -> float:
        """What a month of so many emails takes."""
        followed = self.per_email * emails
        return max(followed, self.per_month) if self.is_floor else followed + self.per_month


class Cost(Model):
    """What the work of one experiment costs."""

    emails: int  # that it rests on
    duration_s: float
    rows: list[CostRow]
    region: str
    as_of: str  # day of the price list
    notes: list[str]

    @property
    def usd_per_million(self) -> float:
        """What a million more emails cost, the provider left out."""
        return sum(row.usd_per_million for row in self.rows if row.item != PROVIDER_ITEM)

    @property
    def provider_usd_per_million(self) -> float:
        return sum(row.usd_per_million for row in self.rows if row.item == PROVIDER_ITEM)


class BillRow(Model):
    what: str
    item: str
    units: float
    usd: float


class Bill(Model):
    """A month at a given traffic."""

    emails_per_month: float
    rows: list[BillRow]
    pipeline_usd: float  # everything but the provider
    provider_usd: float

    @property
    def usd_per_million(self) -> float:
        """Of the pipeline, its share of fixed costs included."""
        return self.pipeline_usd / self.emails_per_month * MILLION


def cost_of(usage: Usage, prices: PriceTable) -> Cost:
    """Raises ValueError when no email arrived or no time passed: nothing to share cost out over."""
    if usage.emails < 1 or usage.duration_s <= 0:
        raise ValueError("no email arrived, so there is no cost of an email")
    rows = [
        *_queue_rows(usage, prices.deployment),
        *_intake_rows(usage, prices.deployment),
        *_compute_rows(usage, prices.deployment),
        *_watching_rows(usage, prices.deployment),
        _row("emails handed to the provider", PROVIDER_ITEM, usage.deliveries / usage.emails),
    ]
    return Cost(
        emails=usage.emails,
        duration_s=usage.duration_s,
        rows=[_priced(row, prices) for row in rows if row.per_email or row.per_month],
        region=prices.region,
        as_of=prices.as_of.isoformat(),
        notes=list(usage.notes),
    )


def bill(
    cost: Cost, prices: PriceTable, emails_per_month: float, *, with_free_tier: bool = False
) -> Bill:
    """A month's bill. Discounts and free units go by all units of an item together."""
    if not 0 < emails_per_month < float("inf"):
        raise ValueError(f"emails_per_month is {emails_per_month}; want more than 0")
    units: dict[str, float] = {}
    for row in cost.rows:
        units[row.item] = units.get(row.item, 0.0) + row.units(emails_per_month)
    usd = {
        item: prices.of(item).usd(total, with_free_tier=with_free_tier)
        for item, total in units.items()
    }
    rows = []
    for row in cost.rows:
        taken = row.units(emails_per_month)
        share = taken / units[row.item] if units[row.item] else 0.0
        rows.append(BillRow(what=row.what, item=row.item, units=taken, usd=usd[row.item] * share))
    return Bill(
        emails_per_month=emails_per_month,
        rows=rows,
        pipeline_usd=sum(row.usd for row in rows if row.item != PROVIDER_ITEM),
        provider_usd=sum(row.usd for row in rows if row.item == PROVIDER_ITEM),
    )


def _queue_rows(usage: Usage, deployment: Deployment) -> list[CostRow]:
    """Requests of all queues of a type together, by what they were for."""
    rows = []
    polls = deployment.worker_polls if usage.lambdas is None else deployment.lambda_polls
    for is_fifo, item in ((True, "sqs-fifo-request"), (False, "sqs-standard-request")):
        queues = [queue for queue in usage.queues if queue.is_fifo is is_fifo]
        kinds = dict.fromkeys(kind for queue in queues for kind in queue.requests)
        for kind in kinds:
            count = sum(queue.requests.get(kind, 0) for queue in queues)
            rows.append(_row(f"SQS {kind} requests", item, count / usage.emails))
        throttled = sum(queue.throttled for queue in queues)
        rows.append(_row("SQS throttled requests", item, throttled / usage.emails))
        # A poll that finds nothing is paid by the hour: it comes whether emails come or not. What
        # a busy run saw of them is the least, and so is what its pollers do when it is not busy.
        empty_per_s = sum(queue.empty_receives for queue in queues) / usage.duration_s
        idle_per_s = sum(queue.is_read for queue in queues) * polls.per_s()
        empty = max(empty_per_s, idle_per_s) * SECONDS_PER_MONTH
        rows.append(_row("SQS receives that found nothing", item, per_month=empty))
    fair = [queue for queue in usage.queues if queue.carries_groups and not queue.is_fifo]
    # Which requests AWS means is not said; the dearer reading is all that touch such messages.
    count = sum(sum(queue.requests.values()) for queue in fair)
    rows.append(_row("SQS fair-queue requests", "sqs-fair-request", count / usage.emails))
    return rows


def _intake_rows(usage: Usage, deployment: Deployment) -> list[CostRow]:
    requests = usage.http_requests / usage.emails
    out_gb = requests * deployment.http_answer_bytes / BYTES_PER_GB
    out = _row("answers to senders", "data-out-gb", out_gb)
    if usage.is_api_gateway:
        return [_row("API Gateway calls", "api-gateway-rest-call", requests), out]
    heads = usage.http_requests * deployment.http_head_bytes
    gb = (usage.http_body_bytes + heads) / usage.emails / BYTES_PER_GB
    connections = requests * deployment.connections_per_request
    lcu_hours = max(gb, connections / CONNECTIONS_PER_LCU_HOUR)
    return [
        _row("load balancer", "alb-hour", per_month=HOURS_PER_MONTH),
        _row("load balancer capacity", "alb-lcu-hour", lcu_hours),
        out,
    ]


def _compute_rows(usage: Usage, deployment: Deployment) -> list[CostRow]:
    rows = []
    for service in usage.services:
        size: TaskSize = getattr(deployment, service.name)
        vcpu_h = service.cpu_s / usage.emails / 3600 / deployment.cpu_utilization
        floor_h = size.tasks_min * HOURS_PER_MONTH
        for what, item, amount in (
            ("vCPU", "fargate-vcpu-hour", size.vcpu),
            ("memory", "fargate-gb-hour", size.memory_gb),
        ):
            # Memory comes with the tasks, so it goes by their number.
            rows.append(
                CostRow(
                    what=f"{service.name} tasks, {what}",
                    item=item,
                    unit="",
                    per_email=vcpu_h / size.vcpu * amount,
                    per_month=floor_h * amount,
                    is_floor=True,
                )
            )
    if usage.lambdas is not None:
        invocations, gb_s = usage.lambdas.invocations, usage.lambdas.gb_s
        rows.append(_row("Lambda invocations", "lambda-request", invocations / usage.emails))
        rows.append(_row("Lambda duration", "lambda-gb-second", gb_s / usage.emails))
    return rows


def _watching_rows(usage: Usage, deployment: Deployment) -> list[CostRow]:
    gb = usage.log_bytes / usage.emails / BYTES_PER_GB
    kept_months = deployment.log_retention_days / DAYS_PER_MONTH
    alarms = (
        len(usage.queues) * deployment.alarms_per_queue
        + len(usage.services) * deployment.alarms_per_service
        + (deployment.alarms_per_function if usage.lambdas is not None else 0)
    )
    return [
        _row("logs, taken in", "logs-ingested-gb", gb),
        _row("logs, kept", "logs-stored-gb-month", gb * kept_months),
        _row("alarms", "alarm-month", per_month=alarms),
        _row("metrics of our own", "custom-metric-month", per_month=deployment.custom_metrics),
    ]


def _row(what: str, item: str, per_email: float = 0.0, *, per_month: float = 0.0) -> CostRow:
    return CostRow(what=what, item=item, unit="", per_email=per_email, per_month=per_month)


def _priced(row: CostRow, prices: PriceTable) -> CostRow:
    price = prices.of(row.item)
    return row.model_copy(
        update={
            "unit": price.unit,
            "usd_per_million": row.per_email * MILLION * price.first_usd,
            "usd_per_month": row.per_month * price.first_usd,
        }
    )
