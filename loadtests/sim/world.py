"""One simulation from beginning to end: the pipeline in virtual time, into ledgers."""

import logging
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from unittest.mock import patch

import structlog
from email_validator import ValidatedEmail, validate_email

from loadtests.sim.api import CONNECT_TIMEOUT_S as API_CONNECT_TIMEOUT_S
from loadtests.sim.api import READ_TIMEOUT_S as API_READ_TIMEOUT_S
from loadtests.sim.api import ApiLife, MakeIntake, reference_intake
from loadtests.sim.components import Component, ComponentClock, Life
from loadtests.sim.faults import Breakable, FaultDriver
from loadtests.sim.ledgers import LedgerJournal, Ledgers, ProcessJournal, Row
from loadtests.sim.network import Link, Network, Route
from loadtests.sim.plan import Plan
from loadtests.sim.scheduler import Process, Scheduler
from loadtests.sim.senders import Senders
from loadtests.sim.sink import SimProvider, SinkLife
from loadtests.sim.sqs import QUEUE_URL, SqsClient, SqsLife, SqsQueues
from loadtests.sim.threads import SimThreads
from loadtests.sim.worker import (
    CALL_TIMEOUT_S,
    CONNECT_TIMEOUT_S,
    PROVIDER_TIMEOUT_S,
    DiskLedger,
    MakeWorker,
    WorkerLife,
    WorkerParts,
    reference_worker,
)
from reference import domain
from reference.api.limits import Limits
from reference.clock import VirtualClock
from reference.cloud.mail_sink.faults import ProviderFaults
from reference.cloud.mail_sink.sink import Sink
from reference.sqs_client import SqsQueue
from reference.worker.ledger.port import RETENTION_MAX_S
from reference.worker.ledger.sqlite import SqliteLedger
from reference.worker.loop import Pace
from scenarios.arrivals import CORRELATION_HEADER, Person
from scenarios.evidence import Phase
from scenarios.faults import LINKS

START_S = 1.0  # of the load; by then everything is up
SENDERS_FINISH_S = 180.0  # after the last email was due, as live
EMPTY_S = 0.5  # so long a queue is to stay empty before it counts as drained, as live
LOOK_S = 0.1


@dataclass(frozen=True)
class Twin:
    """How the parts that decide are put together: as in the reference, or with a planted bug."""

    make_intake: MakeIntake = reference_intake
    make_worker: MakeWorker = reference_worker


REFERENCE = Twin()


@dataclass
class Story:
    """What happened: the evidence of one simulation."""

    plan: Plan
    people: list[Person]
    rows: dict[str, list[Row]]
    phases: list[Phase] = field(default_factory=list)
    drained: bool = False
    problems: list[str] = field(default_factory=list)
    virtual_s: float = 0.0
    steps: int = 0


def simulate(plan: Plan, people: list[Person], twin: Twin = REFERENCE) -> Story:
    """Raises SimulationError."""
    known_addresses = patch.object(domain, "validate_email", _validated)
    with _own_randomness(plan), _silence(), known_addresses:
        return _World(plan, people, twin).run()


@contextmanager
def _own_randomness(plan: Plan) -> Iterator[None]:
    """The pipeline draws its jitter from the process's generator."""
    state = random.getstate()
    random.seed(f"pipeline/{plan.seed}/{plan.luck}")
    try:
        yield
    finally:
        random.setstate(state)


@contextmanager
def _silence() -> Iterator[None]:
    """Nobody reads the log of a component that does not exist."""
    config = structlog.get_config()
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL),
        cache_logger_on_first_use=True,
    )
    try:
        yield
    finally:
        structlog.configure(**config)


@cache
def _validated(address: str, *, allow_smtputf8: bool, check_deliverability: bool) -> ValidatedEmail:
    """The few addresses are validated once, and not in every seed ten times each."""
    return validate_email(
        address, allow_smtputf8=allow_smtputf8, check_deliverability=check_deliverability
    )


class _World:
    def __init__(self, plan: Plan, people: list[Person], twin: Twin) -> None:
        self._plan = plan
        self._people = people
        self._twin = twin
        self._clock = VirtualClock()
        self._scheduler = Scheduler(self._clock)
        self._kernel = Process(self._scheduler, "kernel")
        self._ledgers = Ledgers(self._clock)
        self._story = Story(plan, people, self._ledgers.rows)
        # Virtual senders take no time, so they cannot be what limits the rate.
        no_share = {"source": "generator", "name": "cpu_share", "value": 0.0}
        self._ledgers.write("metrics", {"at_s": START_S, **no_share})
        self._network = Network(self._kernel, self._random("network"))
        self._threads: list[SimThreads] = []  # of all lives
        self._api_lives: list[ApiLife] = []
        self._links: dict[tuple[str, str], Link] = {link: Link() for link in LINKS}
        names = ("api", "worker", "sqs", "sink")
        self._clocks = {name: ComponentClock(self._clock) for name in names}
        self._queues = SqsQueues(
            self._clocks["sqs"],
            self._ledgers,
            plan.configuration.queue,
            plan.scenario.queue,
            self._random("ids"),
        )
        self._deliveries = SqliteLedger(
            Path(":memory:"), self._clocks["worker"], retention_s=RETENTION_MAX_S
        )
        provider_faults = ProviderFaults(
            self._clock, LedgerJournal(self._ledgers, "faults"), seed=plan.seed
        )
        self._sink = Sink(
            LedgerJournal(self._ledgers, "sink"),
            self._clock,
            provider_faults,
            correlation_header=CORRELATION_HEADER,
        )
        begin: dict[str, Callable[[Process], Life]] = {
            "api": self._begin_api,
            "worker": self._begin_worker,
            "sqs": lambda process: SqsLife(process, self._queues),
            "sink": lambda process: SinkLife(process, self._sink),
        }
        self._components = {
            name: Component(name, self._scheduler, self._network, begin[name]) for name in names
        }
        self._faults = FaultDriver(
            self._kernel,
            self._ledgers,
            Breakable(
                components=self._components,
                clocks=self._clocks,
                links=self._links,
                sqs=self._queues.faults,
                providers=provider_faults,
            ),
            seed=plan.seed,
            load_s=plan.load.duration_s,
        )

    def run(self) -> Story:
        for name in ("sqs", "sink", "api", "worker"):
            self._components[name].start()
        self._scheduler.run(deadline_s=START_S)
        self._clock.advance(START_S - self._clock.now_s())
        self._load()
        self._drain()
        self._story.virtual_s = self._clock.now_s()
        self._story.steps = self._scheduler.steps
        for threads in self._threads:
            threads.process.kill()
            threads.bury()
        for life in self._api_lives:
            life.bury()
        self._deliveries.close()
        return self._story

    def _load(self) -> None:
        load = self._plan.load
        process = Process(self._scheduler, "senders")
        end_s = START_S + self._plan.load_s

        def end_load() -> None:
            self._kernel.call_at(max(end_s, self._clock.now_s()), self._scheduler.stop)

        Senders(
            process,
            self._route("senders", "api", self._new_threads(process)),
            self._ledgers,
            schedule=self._plan.schedule(),
            people=self._people,
            timeout_s=load.timeout_s,
            done=end_load,
        )
        self._faults.inject(self._plan.faults)
        if not self._scheduler.run(deadline_s=end_s + SENDERS_FINISH_S):
            self._story.problems.append("the senders did not finish in time")
        self._phase("load", START_S)
        self._faults.heal()

    def _drain(self) -> None:
        start_s = self._clock.now_s()
        timeout_s = self._plan.scenario.expect.drain_timeout_s
        self._look(empty_since_s=None)
        self._story.drained = self._scheduler.run(deadline_s=start_s + timeout_s)
        self._phase("drain", start_s)

    def _look(self, empty_since_s: float | None) -> None:
        """Whether the queue is empty, again and again until it stays so."""
        now_s = self._clock.now_s()
        if not self._queues.is_empty():
            empty_since_s = None
        elif empty_since_s is None:
            empty_since_s = now_s
        elif now_s - empty_since_s >= EMPTY_S:
            self._scheduler.stop()
        self._kernel.call_at(now_s + LOOK_S, self._look, empty_since_s)

    def _phase(self, name: str, start_s: float) -> None:
        self._story.phases.append(Phase(name=name, start_s=start_s, end_s=self._clock.now_s()))

    def _random(self, name: str) -> random.Random:
        return random.Random(f"{name}/{self._plan.seed}/{self._plan.luck}")

    def _new_threads(self, process: Process) -> SimThreads:
        threads = SimThreads(process, self._random(f"threads {len(self._threads)}"))
        self._threads.append(threads)
        return threads

    def _begin_api(self, process: Process) -> ApiLife:
        threads = self._new_threads(process)
        queue = self._sqs_queue("api", threads, API_CONNECT_TIMEOUT_S, API_READ_TIMEOUT_S)
        intake = self._plan.configuration.intake
        limits = Limits(send_batch_max=intake.batch_max, send_linger_s=intake.linger_ms / 1_000)
        life = ApiLife(
            process,
            self._clocks["api"],
            threads,
            queue,
            limits=limits,
            make=self._twin.make_intake,
        )
        self._api_lives.append(life)
        return life

    def _begin_worker(self, process: Process) -> WorkerLife:
        threads = self._new_threads(process)
        pace = Pace(visibility_s=self._plan.scenario.queue.visibility_timeout_s)
        poll_timeout_s = pace.wait_s + CALL_TIMEOUT_S
        parts = WorkerParts(
            polls=self._sqs_queue("worker", threads, CONNECT_TIMEOUT_S, poll_timeout_s),
            calls=self._sqs_queue("worker", threads, CONNECT_TIMEOUT_S, CALL_TIMEOUT_S),
            providers=[
                SimProvider(
                    name,
                    self._route("worker", "sink", threads),
                    timeout_s=PROVIDER_TIMEOUT_S,
                )
                for name in self._plan.scenario.providers
            ],
            ledger=DiskLedger(self._deliveries, threads.lose_turn),
            journal=ProcessJournal(self._ledgers, "worker", process, threads.lose_turn),
            clock=self._clocks["worker"],
            pace=pace,
            threads=threads,
        )
        return WorkerLife(process, parts, self._twin.make_worker)

    def _route(self, client: str, server: str, threads: SimThreads) -> Route:
        return Route(self._network, threads, self._links[client, server], self._components[server])

    def _sqs_queue(
        self, client: str, threads: SimThreads, connect_timeout_s: float, read_timeout_s: float
    ) -> SqsQueue:
        sqs_client = SqsClient(
            self._route(client, "sqs", threads),
            connect_timeout_s=connect_timeout_s,
            read_timeout_s=read_timeout_s,
        )
        return SqsQueue(sqs_client, QUEUE_URL)  # type: ignore[arg-type]
