"""What one simulation is to try: a scenario made small, its emails and its faults."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

from loadtests.schedule import Schedule
from scenarios.arrivals import Arrival, email_arrivals
from scenarios.configuration import DEFAULT, Configuration, load_configuration
from scenarios.faults import Fault, StormKind
from scenarios.model import EmailLoad, Scenario, ScenarioError
from scenarios.storm import planned_faults

EMAILS = 40
LOAD_S = 60.0
GROUPS_MAX, PEOPLE_MAX = 5, 6
FAULTS_MAX = 5
# Waiting costs nothing: long enough for an email that was received in vain so often that its
# pauses have grown to minutes.
DRAIN_S_MIN = 3_600.0
CALM_S = 1.0  # after the last email and fault of a story made short
VISIBILITY_S_MAX = 4  # short enough for a fault to outlast it
# Emails as few as these would never meet within the milliseconds that a batch waits live.
LINGER_MS_MIN = 1_000.0
# Without a disk or a log there is nothing to break.
NOT_SIMULATED: tuple[StormKind, ...] = ("disk-full", "disk-unwritable-log")


@dataclass(frozen=True)
class Plan:
    """One seed's story to come."""

    scenario: Scenario
    seed: int
    arrivals: tuple[Arrival, ...]
    faults: tuple[Fault, ...]
    load_s: float  # how long it lasts
    configuration: Configuration
    luck: int = 0  # other chances in network, threads and jitter, for the same emails and faults

    def with_less(
        self, arrivals: Sequence[Arrival] | None = None, faults: Sequence[Fault] | None = None
    ) -> "Plan":
        """Not everything of it, and no longer than that takes."""
        less = replace(
            self,
            arrivals=self.arrivals if arrivals is None else tuple(arrivals),
            faults=self.faults if faults is None else tuple(faults),
        )
        ends_s = [arrival.intended_s for arrival in less.arrivals]
        ends_s += [fault.start_s + fault.planned_s(self.load_s) for fault in less.faults]
        return replace(less, load_s=min(self.load_s, max(ends_s, default=0.0) + CALM_S))

    def with_luck(self, luck: int) -> "Plan":
        return replace(self, luck=luck)

    @property
    def load(self) -> EmailLoad:
        assert isinstance(self.scenario.load, EmailLoad)
        return self.scenario.load

    def schedule(self) -> Schedule:
        return Schedule({"PostEmail": iter(self.arrivals)}, self.load.retries, self.seed)


def key_prefix(seed: int) -> str:
    """Of the idempotency keys: nothing but the seed decides what happens."""
    return f"sim-{seed}"


def made_small(scenario: Scenario) -> tuple[Scenario, list[str]]:
    """The scenario as it is simulated, and what of it is not.

    As long as a minute, with some dozen emails: short enough for thousands of seeds, and each
    fault still meets several emails. On the queue configuration that it is written for, or else on
    the default one. Raises ScenarioError for a load that is not of emails.
    """
    load = scenario.load
    if not isinstance(load, EmailLoad):
        raise ScenarioError(f"{scenario.name}: only loads of emails can be simulated")
    duration_s = min(load.duration_s, LOAD_S)
    scale = duration_s / load.duration_s
    emails = min(load.emails, EMAILS)
    small = load.model_copy(
        update={
            "rate_per_s": emails / duration_s,
            "duration_s": duration_s,
            "stages": [],
            "groups": min(load.groups, GROUPS_MAX),
            "people": min(load.people, PEOPLE_MAX),
        }
    )
    named = [fault for fault in scenario.faults if fault.at != "disk"]
    skipped = [fault.label for fault in scenario.faults if fault.at == "disk"]
    configuration = scenario.configuration
    if not _is_simulable(load_configuration(configuration)[0]):
        skipped.append(f"configuration {configuration}")
        configuration = DEFAULT
    storm = scenario.storm
    if storm is not None:
        skipped += [kind for kind in storm.kinds if kind in NOT_SIMULATED]
        kinds = [kind for kind in storm.kinds if kind not in NOT_SIMULATED]
        if not kinds:
            raise ScenarioError(f"{scenario.name}: nothing of its storm can be simulated")
        storm = storm.model_copy(update={"kinds": kinds, "count": min(storm.count, FAULTS_MAX)})
    expect = scenario.expect
    few = expect.model_copy(
        update={
            "sample_min": min(expect.sample_min, int(emails / 3)),
            "resent_min": min(expect.resent_min, 1),
            "drain_timeout_s": max(expect.drain_timeout_s, DRAIN_S_MIN),
        }
    )
    changes = {
        "load": small,
        "queue": scenario.queue.model_copy(
            update={
                "visibility_timeout_s": min(scenario.queue.visibility_timeout_s, VISIBILITY_S_MAX)
            }
        ),
        "faults": [_sooner(fault, time=scale, count=emails / load.emails) for fault in named],
        "configuration": configuration,
        "storm": storm,
        "control": None,
        "expect": few,
    }
    return scenario.model_copy(update=changes), skipped


def plan_of(scenario: Scenario, seed: int) -> Plan:
    """What this seed makes of a small scenario."""
    assert isinstance(scenario.load, EmailLoad)
    arrivals = tuple(email_arrivals(scenario.load, seed, key_prefix(seed)))
    faults = tuple(planned_faults(scenario, seed))
    configuration = _configuration(scenario.configuration)
    return Plan(scenario, seed, arrivals, faults, scenario.load.duration_s, configuration)


def _is_simulable(configuration: Configuration) -> bool:
    """One FIFO queue between our API and our worker."""
    queue = configuration.queue
    players = (configuration.intake.kind, configuration.consumer.kind)
    return queue.is_fifo and queue.count == 1 and players == ("api", "worker")


@cache
def _configuration(name: str) -> Configuration:
    """With batches that wait long enough for the few emails of a small scenario."""
    built, _ = load_configuration(name)
    if built.intake.batch_max == 1:
        return built
    linger_ms = max(built.intake.linger_ms, LINGER_MS_MIN)
    intake = built.intake.model_copy(update={"linger_ms": linger_ms})
    return built.model_copy(update={"intake": intake})


def _sooner(fault: Fault, *, time: float, count: float) -> Fault:
    """A fault at the same share of a shorter load with fewer emails."""
    changes: dict[str, object] = {}
    trigger = getattr(fault, "after", None)
    if trigger is None:
        for name in ("start_s", "end_s"):
            if getattr(fault, name, None) is not None:
                changes[name] = getattr(fault, name) * time
    else:
        changes["after"] = trigger.model_copy(update={"count": _share(trigger.count, count)})
    if getattr(fault, "nth_call", None) is not None:
        changes["nth_call"] = _share(getattr(fault, "nth_call", 1), count)
    return fault.model_copy(update=changes)


def _share(number: int, share: float) -> int:
    return max(1, round(number * share))
