"""A scenario: what load to offer, what to break meanwhile, which claims the outcome decides.

Scenarios are TOML files; `load_scenario` turns one into frozen models or refuses it with file,
key, value and what was wanted. `Scenario.model_json_schema()` is the format's JSON Schema.
"""

import itertools
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, Self, TypeVar

from pydantic import BaseModel, Field, ValidationError, model_validator

from scenarios.base import Model, Name
from scenarios.faults import Fault, Provider, Storm

CATALOG = Path(__file__).parent / "catalog"
SCENARIO_BYTES_MAX = 64 * 1024
ARRIVALS_MAX = 10_000_000  # of one load; more would not fit into memory when judged
VALUE_CHARS_SHOWN = 80  # characters of a refused value that an error message repeats

M = TypeVar("M", bound=BaseModel)


class ScenarioError(Exception):
    """A scenario that does not exist or cannot be understood; the message says what to mend."""


class Retries(Model):
    """How a sender tries again, with the same idempotency key, after a 5xx or no answer."""

    attempts_max: int = Field(8, ge=1, le=100)
    backoff_s: float = Field(0.25, gt=0, le=60)  # doubled for each attempt, jittered by the seed
    backoff_max_s: float = Field(2.0, gt=0, le=600)


class Stage(Model):
    """From a time on, another rate."""

    start_s: float = Field(gt=0, le=86_400)
    rate_per_s: float = Field(gt=0, le=100_000)


class EmailLoad(Model):
    """Emails offered to the API in an open model: senders do not wait for each other."""

    kind: Literal["emails"]
    rate_per_s: float = Field(gt=0, le=100_000)
    duration_s: float = Field(gt=0, le=86_400)
    stages: list[Stage] = Field(default_factory=list, max_length=50)  # what follows rate_per_s
    arrivals: Literal["even", "poisson"] = "poisson"
    groups: int = Field(20, ge=1, le=100_000)
    group_skew: float = Field(1.0, ge=0, le=10)  # Zipf exponent; 0 spreads evenly
    hot_share: float = Field(0.0, ge=0, lt=1)  # in one group; the others share the rest by skew
    people: int = Field(200, ge=1, le=5_000)
    senders: int = Field(128, ge=1, le=10_000)  # requests that may be under way at once
    timeout_s: float = Field(10.0, gt=0, le=600)
    retries: Retries = Retries()

    @model_validator(mode="after")
    def _is_bounded(self) -> Self:
        starts_s = [stage.start_s for stage in self.stages]
        if any(later <= start for start, later in itertools.pairwise(starts_s)):
            raise ValueError("stages: each must start after the one before it")
        if self.hot_share and self.groups == 1:
            raise ValueError("hot_share: one group has everything; a hot one needs others")
        _check_bounded(self.emails)
        return self

    @property
    def rates(self) -> list[tuple[float, float, float]]:
        """(start_s, end_s, rate_per_s) of each stretch of the load, in order."""
        starts_s = [0.0, *(stage.start_s for stage in self.stages)]
        rates = [self.rate_per_s, *(stage.rate_per_s for stage in self.stages)]
        ends_s = [*starts_s[1:], self.duration_s]
        return [
            (start_s, min(end_s, self.duration_s), rate_per_s)
            for start_s, end_s, rate_per_s in zip(starts_s, ends_s, rates, strict=True)
            if start_s < self.duration_s
        ]

    @property
    def in_words(self) -> str:
        return ", ".join(
            f"{rate_per_s:g}/s for {end_s - start_s:g} s"
            for start_s, end_s, rate_per_s in self.rates
        )

    @property
    def emails(self) -> float:
        """How many are to be expected."""
        return sum((end_s - start_s) * rate_per_s for start_s, end_s, rate_per_s in self.rates)


CALLED_ACTIONS = ("SendMessage", "ReceiveMessage", "DeleteMessage")


class SqsCallLoad(Model):
    """Calls straight to SQS, each of CALLED_ACTIONS at the same rate, to find a quota."""

    kind: Literal["sqs-calls"]
    rate_per_s: float = Field(gt=0, le=100_000)  # of each action
    duration_s: float = Field(gt=0, le=3_600)
    groups: int = Field(1_000, ge=1, le=100_000)
    senders: int = Field(64, ge=1, le=10_000)
    timeout_s: float = Field(10.0, gt=0, le=600)

    @model_validator(mode="after")
    def _is_bounded(self) -> Self:
        _check_bounded(self.rate_per_s * self.duration_s)
        return self

    @property
    def in_words(self) -> str:
        return f"{self.rate_per_s:g}/s for {self.duration_s:g} s"


def _check_bounded(arrivals: float) -> None:
    if arrivals > ARRIVALS_MAX:
        raise ValueError(f"rate_per_s times duration_s must be at most {ARRIVALS_MAX:,}")


class LogScan(Model):
    """No load: the logs of other experiments of the same run are scanned for personal data."""

    kind: Literal["log-scan"]
    of: list[Name] = Field(min_length=1)
    components: list[Literal["api", "worker"]] = Field(min_length=1)


class Recorded(Model):
    """No load of ours: a test of somebody's own sent what it wanted, and recorded what it saw."""

    kind: Literal["recorded"]


class Queue(Model):
    """The FIFO queue that the pipeline is given."""

    visibility_timeout_s: int = Field(30, ge=1, le=43_200)
    max_receive_count: int = Field(5, ge=1, le=1_000)
    quotas: Literal["strict", "off"] = "strict"


class Control(Model):
    """The same seed without faults; when this fails, the experiment proves nothing."""

    duration_s: float = Field(gt=0, le=3_600)


class Expectation(Model):
    """What the evidence must look like before a verdict is more than inconclusive."""

    sample_min: int = Field(100, ge=1)  # emails, or calls of each action
    drain_timeout_s: float = Field(60.0, gt=0, le=3_600)
    late_p99_ms_max: float = Field(50.0, gt=0)  # generator: from intended to actual start
    achieved_share_min: float = Field(0.99, gt=0, le=1)
    acknowledged_share_min: float = Field(0.99, ge=0, le=1)  # of the emails, retries included
    # Once all faults are over: the longest that an email may be neither delivered nor parked.
    stuck_after_s: float | None = Field(None, gt=0, le=3_600)
    resent_min: int = Field(0, ge=0)  # emails sent again after the queue had stored them


class Scenario(Model):
    """One experiment, as written in one TOML file."""

    name: Name
    summary: str = Field(max_length=300)
    claims: list[Name] = Field(default_factory=list)
    load: EmailLoad | SqsCallLoad | LogScan | Recorded = Field(discriminator="kind")
    queue: Queue = Queue()
    providers: list[Provider] = Field(default=["smtp"], min_length=1)  # in order of failover
    faults: list[Fault] = Field(default_factory=list, max_length=50)
    configuration: Name = "fifo"  # the queue configuration that it is written for
    storm: Storm | None = None  # more faults, drawn by the seed
    control: Control | None = None
    expect: Expectation = Expectation()

    @model_validator(mode="after")
    def _parts_fit_together(self) -> Self:
        if not isinstance(self.load, EmailLoad):
            self._check_has_no_service()
        elif self.storm is not None and self.storm.count > self.load.duration_s:
            raise ValueError("storm: count must be at most one fault for each second of the load")
        labels = [fault.label for fault in self.faults]
        if len(set(labels)) < len(labels):
            raise ValueError("faults: each label may be used once")
        if self.storm is not None and any(label.startswith("storm-") for label in labels):
            raise ValueError("faults: labels that begin with storm- are the storm's own")
        if len(set(self.providers)) < len(self.providers):
            raise ValueError("providers: each may stand once")
        for fault in self.faults:
            if fault.at == "provider" and fault.provider not in {None, *self.providers}:
                raise ValueError(f"faults: {fault.label} is of a provider that is not in providers")
        return self

    def _check_has_no_service(self) -> None:
        if self.control is not None:
            raise ValueError("control: only a load of emails can have a control run")
        if self.storm is not None:
            raise ValueError("storm: only a load of emails can have a storm")
        if self.faults and isinstance(self.load, LogScan):
            raise ValueError("faults: a log scan has nothing to break")
        for fault in self.faults:
            if fault.at != "sqs":
                raise ValueError(
                    f"faults: {fault.label} is at {fault.at}; calls to SQS meet faults at sqs alone"
                )

    def as_control(self) -> "Scenario":
        """This scenario without its faults, as short as its control asks for."""
        if self.control is None or not isinstance(self.load, EmailLoad):
            raise ValueError(f"scenario {self.name} has no control run")
        duration_s = min(self.load.duration_s, self.control.duration_s)
        return self.model_copy(
            update={
                "faults": [],
                "storm": None,
                "control": None,
                "load": self.load.model_copy(update={"duration_s": duration_s}),
                "expect": self.expect.model_copy(update={"resent_min": 0}),
            }
        )


class Claim(Model):
    """A promise of the design, and the scenarios that try to refute it."""

    id: Name
    text: str = Field(max_length=300)
    scenarios: list[Name] = Field(default_factory=list)
    # Commands that show evidence for what no scenario judges.
    see: list[str] = Field(default_factory=list)


class ClaimCatalog(Model):
    claim: list[Claim]


def parse_scenario(text: str, source: str) -> Scenario:
    """Raises ScenarioError; `source` names the text in its message."""
    return validated(text, source, Scenario)


def load_scenario(name_or_path: str) -> tuple[Scenario, str]:
    """A scenario of the catalogue by name, or any by the path of its file, with its text.

    Raises ScenarioError.
    """
    path = named_file(name_or_path, CATALOG, catalog_names(), "scenario")
    text = read_text(path)
    return parse_scenario(text, str(path)), text


def named_file(name_or_path: str, folder: Path, names: Sequence[str], what: str) -> Path:
    """Where a file of ours, or any by its path, is. Raises ScenarioError for an unknown name."""
    if name_or_path.endswith(".toml"):
        return Path(name_or_path)
    if name_or_path in names:
        return folder / f"{name_or_path}.toml"
    raise ScenarioError(f"unknown {what} {shown(name_or_path)}; known: {', '.join(names)}")


def catalog_names() -> list[str]:
    return sorted(path.stem for path in CATALOG.glob("*.toml") if path.name != "claims.toml")


def load_claims(path: Path = CATALOG / "claims.toml") -> Sequence[Claim]:
    """All claims in the catalogue's order. Raises ScenarioError."""
    return validated(read_text(path), str(path), ClaimCatalog).claim


def shown(value: object) -> str:
    """A value for an error message: quoted, without control characters, of bounded length."""
    text = repr(value)
    return text if len(text) <= VALUE_CHARS_SHOWN else f"{text[:VALUE_CHARS_SHOWN]}..."


def read_text(path: Path) -> str:
    """A file of bounded size. Raises ScenarioError."""
    where = shown(str(path))
    try:
        if not path.is_file():  # a pipe or a device would be read without end
            raise ScenarioError(f"{where}: no such file")
        with path.open("rb") as file:
            raw = file.read(SCENARIO_BYTES_MAX + 1)
        if len(raw) > SCENARIO_BYTES_MAX:
            raise ScenarioError(f"{where}: larger than {SCENARIO_BYTES_MAX} bytes")
        return raw.decode()
    except UnicodeDecodeError as error:
        raise ScenarioError(f"{where}: not UTF-8 (byte {error.start})") from error
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        raise ScenarioError(f"{where}: {getattr(error, 'strerror', error)}") from error


def validated(text: str, source: str, kind: type[M]) -> M:
    """A TOML text as a model; raises ScenarioError with file, key, value and what was wanted."""
    try:
        values = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # also numbers of a thousand digits
        raise ScenarioError(f"{source}: not TOML: {error}") from error
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        problems = [
            f"{source}: {'.'.join(str(part) for part in item['loc']) or kind.__name__.lower()}: "
            f"{item['msg']} (got {shown(item['input'])})"
            for item in error.errors(include_url=False)
        ]
        raise ScenarioError("\n".join(problems)) from error
