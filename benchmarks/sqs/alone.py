"""Tables about the local SQS alone: its quota, its memory, what a backlog and a disk cost it."""

import itertools
import sys
from collections.abc import Callable, Iterator
from functools import partial

from benchmarks import commands
from benchmarks.figures import Row, Table, at_least, at_most, within
from benchmarks.http_load import Load, Script, offer
from benchmarks.sqs.lab import OURS_MAX_S, Lab
from benchmarks.sqs.measures import in_turns, missing
from benchmarks.sqs.servers import OURS, Server
from benchmarks.sqs.stock import CONNECTIONS
from benchmarks.sqs.traffic import Queue, create_queue, request

QUOTA_PER_S = 300.0
QUOTA_SHARE = 0.005  # +/-
OVERLOAD = 2.0
QUOTA_WINDOW_S = 10.0
SKIPPED_S = 1.0  # where the burst allowance shows
FILL_S_MIN = 90.0  # for a great many messages, though a busy machine has used up the budget
FILL_RESERVE_S = 30.0  # of the budget, for what follows the filling


def quota(lab: Lab) -> Table:
    """A FIFO queue offered twice its quota, on a fixed schedule; the first second is left out."""
    server = lab.servers.ours(quotas="strict")
    rows = []
    for action in ("SendMessage",) if lab.stage.is_quick else ("SendMessage", "ReceiveMessage"):
        lab.stage.say(f"{action} at {OVERLOAD:g} times its quota")
        queue = create_queue(server.port, f"quota-{action}", is_fifo=True)
        offered_per_s, admitted_per_s = offer_over_quota(queue, action)
        rows.append(
            Row(
                name=f"{action} admitted",
                unit="calls/s",
                samples=(admitted_per_s,),
                goals=(within(QUOTA_PER_S, QUOTA_SHARE),),
                note=f"of {offered_per_s:,.1f} answered a second",
            )
        )
    lab.servers.stop(server)
    title = f"FIFO quota at {OVERLOAD:g}x overload, over {QUOTA_WINDOW_S:g} s"
    return Table(title=title, rows=rows)


def offer_over_quota(queue: Queue, action: str) -> tuple[float, float]:
    """Calls answered and calls admitted, a second, in the window."""

    numbers = itertools.count()  # shared: no deduplication id is used twice

    def calls() -> Script:
        for number in numbers:
            message = queue.message(number) if action == "SendMessage" else {}
            yield request(action, {"QueueUrl": queue.url, **message}, units=1)

    load = offer(
        queue.port,
        [calls() for _ in range(CONNECTIONS)],
        time_max_s=SKIPPED_S + QUOTA_WINDOW_S,
        rate_per_s=OVERLOAD * QUOTA_PER_S,
        accepts=lambda status: status in (200, 403),
    )
    window = [status for at_s, status in load.answered if at_s >= SKIPPED_S]
    return len(window) / QUOTA_WINDOW_S, window.count(200) / QUOTA_WINDOW_S


def data(lab: Lab) -> Table:
    """With messages kept on disk, beside memory only."""
    title, in_memory, on_disk = "SendMessage, durable or not", "memory only", "with --data"
    goal = at_least(0.5, of=in_memory)
    if not _has_option(lab, "--data"):
        why = "this local SQS has no --data option"
        return Table(title=title, rows=[missing(on_disk, "calls/s", why, goal)])
    lab.stage.say("SendMessage with --data")
    durable = lab.servers.ours("--data", str(lab.stage.folder / "data"))

    def send_to(server: Server) -> Callable[[], Load]:
        return partial(lab.stock(server).send, lab.extent.calls, OURS_MAX_S)

    results = in_turns(
        {
            in_memory: (lab.ours, lambda _: send_to(lab.ours)),
            on_disk: (durable, lambda _: send_to(durable)),
        },
        lab.extent.repeats,
    )
    lab.servers.stop(durable)
    rows = [
        results[in_memory].row(in_memory, "calls/s"),
        results[on_disk].row(on_disk, "calls/s", goal),
    ]
    return Table(title=title, rows=rows, reference=in_memory)


def backlog(lab: Lab) -> Iterator[Table]:
    """A second process with a great many waiting, beside the first with few."""
    extent = lab.extent
    server = lab.servers.ours()
    stock = lab.stock(server)
    stock.send(extent.few, OURS_MAX_S)  # what first calls bring along is no message's memory
    before_bytes, before = server.rss_bytes(), stock.waiting
    lab.stage.say(f"filling a queue with {extent.very_many:,} messages")
    stock.fill_up_to(extent.very_many, max(FILL_S_MIN, lab.stage.left_s() - FILL_RESERVE_S))
    each_bytes = (server.rss_bytes() - before_bytes) / (stock.waiting - before)
    few, many = f"{extent.few:,} waiting", f"{stock.waiting:,} waiting"
    row = Row(name=OURS, unit="bytes", samples=(each_bytes,), goals=(at_most(2048),), note=many)
    yield Table(title="Memory for each waiting message of 1 KB", rows=[row])

    small = lab.stock(lab.ours)

    def take_few(_: int) -> Callable[[], Load]:
        small.fill_up_to(extent.few + extent.calls, OURS_MAX_S)
        return partial(small.take, extent.calls, OURS_MAX_S)

    lab.stage.say(f"receive and delete with {many}")
    results = in_turns(
        {
            few: (lab.ours, take_few),
            many: (server, lambda _: partial(stock.take, extent.calls, OURS_MAX_S)),
        },
        extent.repeats,
    )
    rows = [
        results[few].row(few, "pairs/s"),
        results[many].row(many, "pairs/s", at_least(0.9, of=few)),
    ]
    yield Table(title="ReceiveMessage of 1 + DeleteMessage by backlog", rows=rows, reference=few)

    lab.stage.say(f"SendMessage with {many}")
    results = in_turns(
        {
            few: (lab.ours, lambda _: partial(small.send, extent.calls, OURS_MAX_S)),
            many: (server, lambda _: partial(stock.send, extent.calls, OURS_MAX_S)),
        },
        extent.repeats,
    )
    rows = [results[few].row(few, "calls/s"), results[many].row(many, "calls/s")]
    yield Table(title="SendMessage of 1 KB by backlog", rows=rows, reference=few)


def _has_option(lab: Lab, option: str) -> bool:
    helped = commands.run(
        [sys.executable, "-m", "reference.cloud.sqs", "--help"],
        log=lab.stage.folder / "help.log",
        timeout_s=30,
    )
    return option in helped.output.decode()
