"""What goes between processes: requests and answers that take time, wait at a partition, or die.

    client thread --request--> server process        one Exchange a request
                  <--answer--  (or reset, silence)

As TCP does it: what meets a partition is sent again, later and later, and may arrive after its
sender has given up; a connection is new or one from a pool, and only a new one can be refused or
fail to connect, with nothing sent. A process that dies has its connections reset.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, Protocol

from loadtests.sim.scheduler import Process
from loadtests.sim.threads import TIMED_OUT, Parked, SimThreads

# A slow network, mostly quick: whatever is under way long enough is there to be broken.
LATENCY_S_MIN, LATENCY_S_MAX = 0.0002, 0.3
NEW_CONNECTION_SHARE = 0.2  # of requests; the rest take a connection from a pool
STALE_CONNECTION_SHARE = 0.2  # of requests to a dead server: its reset has not been noticed yet
RETRANSMIT_FIRST_S = 0.2  # Linux, TCP_RTO_MIN; doubled each time
CONNECT_FIRST_S = 1.0  # RFC 6298 2.1; doubled each time
LATE_SHARE = 0.5  # of what is sent again, if its sender has left
# Bytes of a request or an answer, for a thin line: an email as this traffic writes it.
MESSAGE_BYTES = 1_500

Way = Literal["to", "from"]


class Outcome(NamedTuple):
    """What a client learned of its request."""

    kind: Literal["answer", "refused", "unreachable", "reset", "timeout"]
    value: Any = None


class Server(Protocol):
    """A component that answers requests."""

    process: Process | None  # None: it is down


@dataclass(eq=False)
class Link:
    """Between two components. Faults change it while they last, and `is_calm` with it."""

    blocked: dict[Way, int] = field(default_factory=lambda: {"to": 0, "from": 0})
    delay_s: dict[Way, float] = field(default_factory=lambda: {"to": 0.0, "from": 0.0})
    loss: dict[Way, float] = field(default_factory=lambda: {"to": 0.0, "from": 0.0})
    on_use: list[Callable[[Way], None]] = field(default_factory=list)  # told of what faults meet
    is_calm: bool = True  # nothing of the above

    def tell(self, way: Way) -> None:
        for told in list(self.on_use):
            told(way)


class Exchange:
    """One request. For the server it is its connection, too: see `reference.cloud.sqs.exchange`."""

    local_address = "sqs.sim"

    def __init__(
        self, network: "Network", link: Link, client: Process, server: Server, request: Any
    ) -> None:
        self._network = network
        self.link = link
        self.client = client
        self.server = server
        self.request = request
        self.is_new = False
        self.client_waits = True
        self.parked: Parked | None = None
        self.serving: Process | None = None  # the life of the server that has it in hand
        self.is_lost = False
        self.trickle_s = 0.0  # over which the answer's bytes are spread
        self._on_lost: Callable[[], None] | None = None

    def answer(self, value: Any) -> None:
        self._network.reply(self, Outcome("answer", value))

    def abort(self) -> None:
        """Close the connection without an answer."""
        self._network.reply(self, Outcome("reset"))

    def when_lost(self, run: Callable[[], None] | None) -> None:
        if run is not None and self.is_lost:
            run()
        else:
            self._on_lost = run

    def forget_client(self) -> None:
        """Nobody minds any more whether it leaves."""
        self._on_lost = None

    def trickle(self, seconds: float) -> None:
        self.trickle_s = seconds

    def lose(self) -> None:
        """The server learns that the client has left."""
        self.is_lost = True
        if self._on_lost is not None:
            self._on_lost()
            self._on_lost = None


@dataclass(frozen=True)
class Route:
    """From the threads of one process to a server."""

    network: "Network"
    threads: SimThreads
    link: Link
    server: Server

    def call(self, request: Any, *, connect_timeout_s: float, timeout_s: float) -> Outcome:
        """Block the current thread until something is known, at most for the time-out."""
        network = self.network
        exchange = network.begin(self, request)
        if exchange.is_new:
            exchange.parked = Parked(self.threads, connect_timeout_s)
            network.connect(exchange, 0)
            outcome = exchange.parked.wait()
            if outcome is TIMED_OUT:
                network.leave(exchange)
                return Outcome("unreachable")
            if outcome is not None:
                return network.end(exchange, outcome)
        exchange.parked = Parked(self.threads, timeout_s)
        network.carry(exchange, "to", 0)
        outcome = exchange.parked.wait()
        if outcome is TIMED_OUT:
            network.leave(exchange)
            return Outcome("timeout")
        return network.end(exchange, outcome)


class Network:
    """Carries exchanges. It lives on when processes die: it is the machines' kernels."""

    def __init__(self, kernel: Process, randomness: random.Random) -> None:
        self._kernel = kernel
        self._random = randomness.random
        self._under_way: dict[Exchange, None] = {}

    def begin(self, route: Route, request: Any) -> Exchange:
        exchange = Exchange(self, route.link, route.threads.process, route.server, request)
        exchange.is_new = self._random() < NEW_CONNECTION_SHARE
        self._under_way[exchange] = None
        return exchange

    def end(self, exchange: Exchange, outcome: Outcome) -> Outcome:
        """The client has its outcome."""
        exchange.client_waits = False
        self._under_way.pop(exchange, None)
        return outcome

    def leave(self, exchange: Exchange) -> None:
        """The client waits no more; the server hears of it if the link lets it."""
        exchange.client_waits = False
        self._under_way.pop(exchange, None)
        if exchange.serving is not None:
            passage_s = self._passage_s(exchange.link, "to")
            if passage_s is not None:
                exchange.serving.call_later(passage_s, exchange.lose)

    def reply(self, exchange: Exchange, outcome: Outcome) -> None:
        """The server has done with it."""
        exchange.serving = None
        exchange.forget_client()
        if exchange.client_waits:
            self.carry(exchange, "from", 0, outcome)

    def end_of(self, process: Process) -> None:
        """The process died: its connections are reset, its own requests abandoned."""
        for exchange in list(self._under_way):
            if exchange.client is process:
                self.leave(exchange)
            elif exchange.serving is process:
                self.reply(exchange, Outcome("reset"))

    def connect(self, exchange: Exchange, resent: int) -> None:
        """Open a connection; `resent` counts the tries before."""
        if not exchange.client_waits:
            return
        there_s = self._passage_s(exchange.link, "to")
        back_s = None if there_s is None else self._passage_s(exchange.link, "from")
        if there_s is None or back_s is None:
            pause_s = CONNECT_FIRST_S * 2**resent
            self._kernel.call_later(pause_s, self.connect, exchange, resent + 1)
            return
        is_up = exchange.server.process is not None
        self._tell(exchange, there_s + back_s, None if is_up else Outcome("refused"))

    def carry(
        self, exchange: Exchange, way: Way, resent: int, outcome: Outcome | None = None
    ) -> None:
        """Bring the request to the server, or its outcome to the client."""
        if resent and not exchange.client_waits and self._random() > LATE_SHARE:
            return
        passage_s = self._passage_s(exchange.link, way)
        if passage_s is None:
            pause_s = RETRANSMIT_FIRST_S * 2**resent
            self._kernel.call_later(pause_s, self.carry, exchange, way, resent + 1, outcome)
        elif way == "to":
            self._kernel.call_later(passage_s, self._arrive, exchange)
        else:
            self._tell(exchange, passage_s, outcome)

    def _arrive(self, exchange: Exchange) -> None:
        process = exchange.server.process
        if process is None:
            is_stale = not exchange.is_new and self._random() < STALE_CONNECTION_SHARE
            self.reply(exchange, Outcome("reset" if is_stale or exchange.is_new else "refused"))
            return
        exchange.serving = process
        process.enter(process.serve, exchange)
        if not exchange.client_waits:
            process.call_soon(exchange.lose)

    def _tell(self, exchange: Exchange, latency_s: float, outcome: Outcome | None) -> None:
        if exchange.client_waits and exchange.parked is not None:
            exchange.client.call_later(latency_s, exchange.parked.resume, outcome)

    def _passage_s(self, link: Link, way: Way) -> float | None:
        """How long a packet is on its way; None when it is lost."""
        latency_s = LATENCY_S_MIN + (LATENCY_S_MAX - LATENCY_S_MIN) * self._random() ** 4
        if link.is_calm:
            return latency_s
        if link.blocked[way] or (link.loss[way] and self._random() < link.loss[way]):
            link.tell(way)
            return None
        if link.delay_s[way]:
            link.tell(way)
        return latency_s + link.delay_s[way]
