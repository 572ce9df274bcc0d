"""What all tables of this bench share: how much to measure, the servers, and fresh queues."""

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.figures import BenchError, Row
from benchmarks.http_load import Load
from benchmarks.sqs.measures import Measured, Prepare, in_turns, missing
from benchmarks.sqs.servers import MINISTACK, MOTO, Server, Servers
from benchmarks.sqs.stock import Stock
from benchmarks.sqs.traffic import Queue, create_queue
from benchmarks.stage import Stage
from loadtests.processes import Components

# Told the number of its repeat, 0 for the warm-up; prepares, and returns the load that counts.
Measure = Callable[[Server, int], Callable[[], Load]]
OURS_MAX_S = 10.0  # of one repeat; never needed where calls are quick


@dataclass(frozen=True, kw_only=True)
class Extent:
    """How much is measured."""

    repeats: int
    calls: int  # a repeat
    rival_s: float  # a repeat of another server takes no longer, though it be fewer calls
    rival_fill_s: float
    few: int = 1_000  # messages waiting
    many: int = 10_000
    very_many: int
    starts: int


FULL = Extent(repeats=5, calls=3_000, rival_s=0.8, rival_fill_s=6, very_many=1_000_000, starts=5)
QUICK = Extent(repeats=3, calls=1_000, rival_s=0.4, rival_fill_s=2, very_many=20_000, starts=2)


class Lab:
    """Ours and those that do nothing, which must start, and the rivals that do."""

    def __init__(self, stage: Stage, components: Components) -> None:
        """Raises BenchError when ours does not start."""
        self.stage = stage
        self.extent = QUICK if stage.is_quick else FULL
        self.servers = Servers(stage.folder, components)
        self._queues = 0
        stage.say("starting the servers")
        self.ours = self.servers.ours()
        self.empty, self.bare = self.servers.empty(), self.servers.bare()
        self.rivals: list[Server] = []
        self._absent: dict[str, str] = {}
        for name, start in ((MINISTACK, self.servers.ministack), (MOTO, self.servers.moto)):
            try:
                self.rivals.append(start())
            except BenchError as error:
                self._absent[name] = str(error)

    def rows_of_absent(self, unit: str) -> list[Row]:
        """A row for each rival that did not start."""
        return [missing(name, unit, why) for name, why in self._absent.items()]

    def rival(self, name: str) -> Server | None:
        """A rival by its name without version."""
        return next((each for each in self.rivals if each.name.startswith(name)), None)

    def stock(self, server: Server, *, is_fifo: bool = False) -> Stock:
        """A new, empty queue."""
        self._queues += 1
        if server in (self.empty, self.bare):  # they have none, and do not mind
            return Stock(Queue(server.port, f"http://127.0.0.1:{server.port}/bench", is_fifo))
        return Stock(create_queue(server.port, f"bench-{self._queues}", is_fifo=is_fifo))

    def repeat_s(self, server: Server) -> float:
        """How long one repeat may take."""
        return self.extent.rival_s if server in self.rivals else OURS_MAX_S

    def fill_s(self, server: Server) -> float:
        """How long filling a queue may take."""
        return self.extent.rival_fill_s if server in self.rivals else OURS_MAX_S

    def compare(self, servers: list[Server], measure: Measure) -> dict[str, Measured]:
        """One measure on several servers, by their names."""

        def on(server: Server) -> Prepare:
            return lambda repeat: measure(server, repeat)

        measures = {server.name: (server, on(server)) for server in servers}
        return in_turns(measures, self.extent.repeats)

    def stop_rivals(self) -> None:
        """For what follows is about ours alone, and the machine is small."""
        for server in self.rivals:
            self.servers.stop(server)
        self.rivals = []
