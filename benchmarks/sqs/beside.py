"""Tables that set the local SQS beside servers that do nothing, ministack and moto."""

from collections.abc import Callable, Mapping

from benchmarks.figures import Goal, Row, Table, at_least, at_most
from benchmarks.http_load import Load
from benchmarks.sqs.lab import Lab
from benchmarks.sqs.measures import Measured
from benchmarks.sqs.servers import BARE, EMPTY, MINISTACK, OURS, Server
from benchmarks.sqs.stock import Stock
from reports.numbers import significant


def starts(lab: Lab) -> Table:
    """From the start of the process to the first answer."""
    ours = [lab.ours.start_s]
    for _ in range(lab.extent.starts - 1):
        server = lab.servers.ours()
        ours.append(server.start_s)
        lab.servers.stop(server)
    rows = [Row(name=OURS, unit="s", samples=tuple(ours), goals=(at_most(1.5),))]
    rows += [Row(name=each.name, unit="s", samples=(each.start_s,)) for each in lab.rivals]
    return _table(lab, "Start to first answer", rows, OURS)


def sends(lab: Lab, *, is_fifo: bool = False) -> Table:
    """SendMessage into a new queue each time, so that nothing waits at its start."""

    def send(server: Server, _: int) -> Callable[[], Load]:
        stock = lab.stock(server, is_fifo=is_fifo)
        return lambda: stock.send(lab.extent.calls, lab.repeat_s(server))

    servers = [lab.empty, lab.bare, lab.ours, *lab.rivals]
    results = lab.compare(servers, send)
    goals = {OURS: (at_least(0.6, of=EMPTY), *_beside_ministack(lab))}
    notes = {OURS: _beside_bare(results)}
    rows = [
        results[s.name].row(s.name, "calls/s", *goals.get(s.name, ()), note=notes.get(s.name, ""))
        for s in servers
    ]
    kind = "FIFO" if is_fifo else "standard"
    return _table(lab, f"SendMessage of 1 KB, {kind} queue, nothing waiting", rows, EMPTY)


def batches(lab: Lab) -> Table:
    """SendMessageBatch of ten."""

    def send(server: Server, _: int) -> Callable[[], Load]:
        stock = lab.stock(server)
        return lambda: stock.send_batches(lab.extent.calls, lab.repeat_s(server))

    servers = [lab.ours, *lab.rivals]
    results = lab.compare(servers, send)
    rows = [results[s.name].row(s.name, "messages/s") for s in servers]
    return _table(lab, "SendMessageBatch of 10 x 1 KB, standard queue, nothing waiting", rows, OURS)


def takes(lab: Lab) -> Table:
    """Receive one and delete it, with no fewer than `few` waiting where filling is quick."""
    servers = [lab.ours, *lab.rivals]
    stocks = {server.name: lab.stock(server) for server in servers}

    def take(server: Server, repeat: int) -> Callable[[], Load]:
        stock = stocks[server.name]
        # A rival takes so little that one filling lasts; where filling is slow, one is enough.
        if repeat == 0 or server is lab.ours:
            stock.fill_up_to(lab.extent.few + lab.extent.calls, lab.fill_s(server))
        return lambda: stock.take(lab.extent.calls, lab.repeat_s(server))

    results = lab.compare(servers, take)
    rows = [
        results[s.name].row(
            s.name, "pairs/s", note=f"{stocks[s.name].waiting_min:,} or more waiting"
        )
        for s in servers
    ]
    return _table(lab, "ReceiveMessage of 1 + DeleteMessage, standard queue", rows, OURS)


def sends_with_many_waiting(lab: Lab) -> Table:
    """SendMessage into a queue that holds `many`, or as many as it took in time."""
    servers = [lab.ours, *lab.rivals]
    stocks: dict[str, Stock] = {server.name: lab.stock(server) for server in servers}
    filled: dict[str, int] = {}

    def send(server: Server, repeat: int) -> Callable[[], Load]:
        stock = stocks[server.name]
        if repeat == 0:
            stock.fill_up_to(lab.extent.many, lab.fill_s(server))
            filled[server.name] = stock.waiting
        return lambda: stock.send(lab.extent.calls, lab.repeat_s(server))

    results = lab.compare(servers, send)
    goals = {OURS: _beside_ministack(lab)}
    rows = [
        results[s.name].row(
            s.name,
            "calls/s",
            *goals.get(s.name, ()),
            note=f"{filled.get(s.name, 0):,} waiting at the start",
        )
        for s in servers
    ]
    title = f"SendMessage of 1 KB, standard queue, {lab.extent.many:,} waiting"
    return _table(lab, title, rows, OURS)


def _beside_ministack(lab: Lab) -> tuple[Goal, ...]:
    rival = lab.rival(MINISTACK)
    return (at_least(8, of=MINISTACK if rival is None else rival.name),)


def _beside_bare(results: Mapping[str, Measured]) -> str:
    """What SQS leaves of the rate of its own HTTP server."""
    rates = [results[name].row(name, "").figure for name in (OURS, BARE)]
    ours, bare = rates
    return f"{significant(ours / bare)} x {BARE}" if ours and bare else ""


def _table(lab: Lab, title: str, rows: list[Row], reference: str) -> Table:
    rows = [*rows, *lab.rows_of_absent(rows[0].unit)]
    return Table(title=title, rows=rows, reference=reference)
