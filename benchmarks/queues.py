"""What a pool of FIFO queues and batched sends bring, at SQS and through the API.

At SQS: SendMessage calls beyond the quota, each to the queue that the pool gives its message group,
as fast as a client without an SDK can make them. Through the API: as many emails as 128 connections
get accepted, with the CPU time of the API's process, which tells quota from machine.
"""

import itertools
import json
from collections.abc import Iterator, Sequence

import psutil

from benchmarks.figures import BenchError, Row, Table, at_least, at_most, within
from benchmarks.http_load import Load, Request, Script, offer
from benchmarks.sqs.servers import Server, Servers
from benchmarks.sqs.stock import CONNECTIONS
from benchmarks.sqs.traffic import BODY, create_queue, request
from benchmarks.stage import Bench, Stage
from loadtests.processes import Component, ComponentError, Components
from reference.queues.pool import Pool

QUOTA_PER_S = 300.0
QUOTA_SHARE = 0.01
OVERLOAD = 2.0
POOL = 4
GROUPS = 1_000
SKIPPED_S = 1.0  # where the burst allowance shows
API_CONNECTIONS = 128
BATCH_MAX = 10
KEY = "benchmark-key"
ONE, EVEN, HOT = "one queue", f"pool of {POOL}, even groups", f"pool of {POOL}, one hot group"
_NUMBERS = itertools.count()  # no deduplication id is used twice


def run(stage: Stage) -> Iterator[Table]:
    """Raises BenchError."""
    with Components() as components:
        servers = Servers(stage.folder, components)
        server = servers.ours(quotas="strict")
        window_s = 3.0 if stage.is_quick else 5.0
        yield admitted(stage, server, window_s)
        yield accepted(stage, server, components, window_s)


def admitted(stage: Stage, server: Server, window_s: float) -> Table:
    """Send calls that the quota lets through; the first second is left out."""
    rows: list[Row] = []
    for name, count, groups, goals in (
        (ONE, 1, GROUPS, (within(QUOTA_PER_S, QUOTA_SHARE),)),
        (EVEN, POOL, GROUPS, (at_least(3.9, of=ONE),)),
        (HOT, POOL, 1, (at_most(1.02, of=ONE),)),
    ):
        stage.say(name)
        urls = _queues(server, f"sqs-{len(rows)}", count)
        offered_per_s = OVERLOAD * QUOTA_PER_S * count
        load = offer(
            server.port,
            [_sends(Pool(urls), groups) for _ in range(CONNECTIONS)],
            time_max_s=SKIPPED_S + window_s,
            rate_per_s=offered_per_s,
            accepts=lambda status: status in (200, 403),
        )
        window = _in_window(load, window_s)
        rows.append(
            Row(
                name=name,
                unit="calls/s",
                samples=(window.count(200) / window_s,),
                goals=goals,
                note=f"of {len(window) / window_s:,.0f} answered a second",
            )
        )
    title = f"SendMessage admitted, at {OVERLOAD:g}x the quota of all queues, over {window_s:g} s"
    return Table(title=title, rows=rows, reference=ONE)


def _in_window(load: Load, window_s: float) -> list[int]:
    """The statuses of what was answered in it."""
    ends_s = SKIPPED_S + window_s
    return [status for at_s, status in load.answered if SKIPPED_S <= at_s < ends_s]


def _queues(server: Server, stem: str, count: int) -> tuple[str, ...]:
    return tuple(create_queue(server.port, f"{stem}-{n}", is_fifo=True).url for n in range(count))


def _sends(pool: Pool, groups: int) -> Script:
    for number in _NUMBERS:
        group = f"g{number % groups}"
        message = {
            "QueueUrl": pool.owner(group),
            "MessageBody": BODY,
            "MessageGroupId": group,
            "MessageDeduplicationId": f"d{number}",
        }
        yield request("SendMessage", message, units=1)


def accepted(stage: Stage, server: Server, components: Components, window_s: float) -> Table:
    """Emails that the API accepts from as many connections as keep it busy."""
    rows: list[Row] = []
    for name, count, batch_max, goals in (
        (f"{ONE}, a call each", 1, 1, (at_most(QUOTA_PER_S * (1 + QUOTA_SHARE)),)),
        (f"pool of {POOL}, a call each", POOL, 1, ()),
        (f"{ONE}, batches of {BATCH_MAX}", 1, BATCH_MAX, (at_least(2_000),)),
    ):
        stage.say(f"through the API: {name}")
        urls = _queues(server, f"api-{len(rows)}", count)
        env = _api_env(server, urls, batch_max)
        component, port = _start_api(stage, components, f"api-{len(rows)}", env)
        process = psutil.Process(component.pid)
        before = process.cpu_times()
        load = offer(
            port,
            [_posts() for _ in range(API_CONNECTIONS)],
            time_max_s=SKIPPED_S + window_s,
            accepts=lambda status: status in (202, 503),
        )
        after = process.cpu_times()
        cpu_s = after.user + after.system - before.user - before.system
        components.running.remove(component)
        component.stop()
        good = _in_window(load, window_s).count(202)
        rows.append(
            Row(
                name=name,
                unit="emails/s",
                samples=(good / window_s,),
                goals=goals,
                note=(
                    f"API {cpu_s / load.elapsed_s:.2f} of a core, client "
                    f"{load.client_cpu_s / load.elapsed_s:.2f}, of {psutil.cpu_count()} cores"
                ),
            )
        )
    return Table(title=f"Emails accepted by one API process, over {window_s:g} s", rows=rows)


def _api_env(server: Server, urls: Sequence[str], batch_max: int) -> dict[str, str]:
    return {
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "EMAIL_API_QUEUE_URLS": ",".join(urls),
        "EMAIL_API_SQS_ENDPOINT_URL": f"http://127.0.0.1:{server.port}",
        "EMAIL_API_KEYS": json.dumps({"bench": KEY}),
        "EMAIL_API_SEND_BATCH_MAX": str(batch_max),
        "EMAIL_API_LOG_LEVEL": "warning",
    }


def _start_api(
    stage: Stage, components: Components, name: str, env: dict[str, str]
) -> tuple[Component, int]:
    port_file = stage.folder / f"{name}.port"
    env = {**env, "EMAIL_API_PORT_FILE": str(port_file)}
    try:
        api = components.add(
            Component(name, ["reference.api"], log=stage.folder / f"{name}.log", env=env)
        )
        return api, api.wait_for_port(port_file)
    except ComponentError as error:
        raise BenchError(str(error)) from error


def _posts() -> Script:
    email = {
        "from": "ann@example.com",
        "to": ["bob@example.com"],
        "subject": "bench",
        "text": BODY,
    }
    body = json.dumps(email).encode()
    for number in _NUMBERS:
        yield Request(_head(number, len(body)) + body, 1)


def _head(number: int, length: int) -> bytes:
    lines: Sequence[str] = (
        "POST /v1/emails HTTP/1.1",
        "Host: 127.0.0.1",
        "Content-Type: application/json",
        f"Authorization: Bearer {KEY}",
        f"Idempotency-Key: bench-{number}",
        f"X-Message-Group: g{number % GROUPS}",
        f"Content-Length: {length}",
        "",
        "",
    )
    return "\r\n".join(lines).encode()


QUEUES = Bench(
    name="queues",
    summary="a pool of FIFO queues and batched sends, at SQS and through the API",
    budget_s=55,
    quick_budget_s=30,
    run=run,
)
