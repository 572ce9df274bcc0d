"""What goes between processes: requests and answers that take time, wait at a partition, or die.

    client thread --request--> server process        one Exchange a request
                  <--answer--  (or reset, silence)

As TCP does it: what meets a partition is sent again, later and later, and may arrive after its
sender has given up; a connection is new or one from a pool, and only a new one can be refused or
fail to connect, with nothing sent. A process that dies has its connections reset.
"""

import random
from collections.abc import Callable, Sequence
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
    """Between two components. Faults change it while they last."""

    blocked: dict[Way, int] = field(default_factory=lambda: {"to": 0, "from": 0})
    delay_s: dict[Way, float] = field(default_factory=lambda: {"to": 0.0, "from": 0.0})
    loss: dict[Way, float] = field(default_factory=lambda: {"to": 0.0, "from": 0.0})
    on_use: list[Callable[[Way], None]] = field(default_factory=list)  # told of each passage


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
        return self.network.call(
            self, request, connect_timeout_s=connect_timeout_s, timeout_s=timeout_s
        )


class Network:
    """Carries exchanges. It lives on when processes die: it is the machines' kernels."""

    def __init__(self, kernel: Process, randomness: random.Random) -> None:
        self._kernel = kernel
        self._randomness = randomness
        self._under_way: dict[Exchange, None] = {}

    def call(
        self, route: Route, request: Any, *, connect_timeout_s: float, timeout_s: float
    ) -> Outcome:
        """See `Route.call`."""
        threads = route.threads
        exchange = Exchange(self, route.link, threads.process, route.server, request)
        exchange.is_new = self._randomness.random() < NEW_CONNECTION_SHARE
        self._under_way[exchange] = None
        if exchange.is_new:
            exchange.parked = threads.park(connect_timeout_s)
            self._connect(exchange, 0)
            outcome = exchange.parked.wait()
            if outcome is TIMED_OUT:
                self._leave(exchange)
                return Outcome("unreachable")
            if outcome is not None:
                return self._end(exchange, outcome)
        exchange.parked = threads.park(timeout_s)
        self._carry(exchange, "to", 0)
        outcome = exchange.parked.wait()
        if outcome is TIMED_OUT:
            self._leave(exchange)
            return Outcome("timeout")
        return self._end(exchange, outcome)

    def reply(self, exchange: Exchange, outcome: Outcome) -> None:
        """The server has done with it."""
        exchange.serving = None
        exchange.when_lost(None)
        if exchange.client_waits:
            self._carry(exchange, "from", 0, outcome)

    def end_of(self, process: Process) -> None:
        """The process died: its connections are reset, its own requests abandoned."""
        for exchange in list(self._under_way):
            if exchange.client is process:
                self._leave(exchange)
            elif exchange.serving is process:
                self.reply(exchange, Outcome("reset"))

    def served_by(self, process: Process) -> Sequence[Exchange]:
        """What the process has in hand."""
        return [exchange for exchange in self._under_way if exchange.serving is process]

    def _connect(self, exchange: Exchange, resent: int) -> None:
        link = exchange.link
        if not exchange.client_waits:
            return
        if self._meets(link, "to") or self._meets(link, "from"):
            self._later(CONNECT_FIRST_S * 2**resent, self._connect, exchange, resent + 1)
            return
        is_up = exchange.server.process is not None
        latency_s = self._latency_s(link, "to") + self._latency_s(link, "from")
        self._tell(exchange, latency_s, None if is_up else Outcome("refused"))

    def _carry(
        self, exchange: Exchange, way: Way, resent: int, outcome: Outcome | None = None
    ) -> None:
        """Bring the request to the server, or its outcome to the client."""
        link = exchange.link
        if resent and not exchange.client_waits and self._randomness.random() > LATE_SHARE:
            return
        if self._meets(link, way):
            pause_s = RETRANSMIT_FIRST_S * 2**resent
            self._later(pause_s, self._carry, exchange, way, resent + 1, outcome)
        elif way == "to":
            self._later(self._latency_s(link, way), self._arrive, exchange)
        else:
            self._tell(exchange, self._latency_s(link, way), outcome)

    def _arrive(self, exchange: Exchange) -> None:
        process = exchange.server.process
        if process is None:
            is_stale = not exchange.is_new and self._randomness.random() < STALE_CONNECTION_SHARE
            self.reply(exchange, Outcome("reset" if is_stale or exchange.is_new else "refused"))
            return
        exchange.serving = process
        process.call_soon(process.serve, exchange)
        if not exchange.client_waits:
            process.call_soon(exchange.lose)

    def _tell(self, exchange: Exchange, latency_s: float, outcome: Outcome | None) -> None:
        if exchange.client_waits and exchange.parked is not None:
            at_s = self._kernel.clock.now_s() + latency_s
            exchange.client.call_at(at_s, exchange.parked.resume, outcome)

    def _end(self, exchange: Exchange, outcome: Any) -> Outcome:
        exchange.client_waits = False
        self._under_way.pop(exchange, None)
        assert isinstance(outcome, Outcome)
        return outcome

    def _leave(self, exchange: Exchange) -> None:
        """The client waits no more; the server hears of it if the link lets it."""
        exchange.client_waits = False
        self._under_way.pop(exchange, None)
        serving = exchange.serving
        if serving is not None and not exchange.link.blocked["to"]:
            latency_s = self._latency_s(exchange.link, "to")
            serving.call_at(self._kernel.clock.now_s() + latency_s, exchange.lose)

    def _later(self, seconds: float, callback: Callable[..., None], *args: Any) -> None:
        self._kernel.call_at(self._kernel.clock.now_s() + seconds, callback, *args)

    def _meets(self, link: Link, way: Way) -> bool:
        """Whether a packet is lost on this way, now."""
        if link.blocked[way]:
            for told in link.on_use:
                told(way)
            return True
        return bool(link.loss[way]) and self._randomness.random() < link.loss[way]

    def _latency_s(self, link: Link, way: Way) -> float:
        if link.delay_s[way]:
            for told in link.on_use:
                told(way)
        share = self._randomness.random() ** 4
        return LATENCY_S_MIN + (LATENCY_S_MAX - LATENCY_S_MIN) * share + link.delay_s[way]
