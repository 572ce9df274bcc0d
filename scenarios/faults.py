"""What a scenario may break: one model a kind of fault, told apart by `at`, then by `kind`.

Times count from the start of the load. Faults of processes, network, disk and clock may wait for a
trigger instead, and then count from it; those of SQS and of the providers are fired by the calls
that they meet, so `nth_call` is their trigger. Whoever injects a fault, the `faults` ledger shows
when it started, fired and ended.
"""

from typing import Annotated, Any, Literal, Self, get_args

from pydantic import Discriminator, Field, Tag, model_validator

from scenarios.base import Model, Name, Probability, Seconds

Component = Literal["api", "worker", "sqs", "sink"]
Part = Literal["senders", "api", "worker", "sqs", "sink"]
Provider = Literal["smtp", "ses", "sendgrid", "mailgun"]
SqsAction = Literal[
    "SendMessage",
    "SendMessageBatch",
    "ReceiveMessage",
    "DeleteMessage",
    "DeleteMessageBatch",
    "ChangeMessageVisibility",
    "ChangeMessageVisibilityBatch",
]

# Who opens connections to whom; nothing else can be cut.
LINKS: tuple[tuple[Part, Part], ...] = (
    ("senders", "api"),
    ("api", "sqs"),
    ("worker", "sqs"),
    ("worker", "sink"),
)
# The events of each ledger that a fault may wait for.
TRIGGER_EVENTS: dict[str, frozenset[str]] = {
    "queue": frozenset({"stored", "absorbed", "received", "deleted", "parked"}),
    "worker": frozenset({"received", "sent", "failed", "deleted", "released"}),
    "sink": frozenset({"delivered"}),  # every row of that ledger is a delivery
    "faults": frozenset({"start", "fired", "end"}),
}


class Trigger(Model):
    """The moment at which the count-th such row appears in a ledger, since the load's start."""

    ledger: Literal["queue", "worker", "sink", "faults"]
    event: str
    count: int = Field(1, ge=1, le=10_000_000)

    @model_validator(mode="after")
    def _can_happen(self) -> Self:
        if self.event not in TRIGGER_EVENTS[self.ledger]:
            known = ", ".join(sorted(TRIGGER_EVENTS[self.ledger]))
            raise ValueError(f"event of the {self.ledger} ledger must be one of: {known}")
        return self


class _Fault(Model):
    label: Name  # how ledgers and reports call it
    start_s: Seconds = 0.0


class _Window(_Fault):
    end_s: Seconds | None = None  # none: until the load ends

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> Self:
        if self.end_s is not None and self.end_s <= self.start_s:
            raise ValueError(f"end_s must be greater than start_s ({self.start_s})")
        return self

    def planned_s(self, load_s: float) -> float:
        """How long it is to last under a load of `load_s`."""
        return max(0.0, min(self.end_s or load_s, load_s) - self.start_s)


class _SqsFault(_Window):
    at: Literal["sqs"] = "sqs"
    actions: list[SqsAction] = Field(default_factory=list)  # none named: every action
    probability: Probability = 1.0
    nth_call: int | None = Field(None, ge=1)  # only the nth call that it could meet


class Refuse(_SqsFault):
    """SQS answers an error and does nothing."""

    kind: Literal["refuse"]
    error: Literal["InternalFailure", "ServiceUnavailable", "throttle", "AccessDenied"] = (
        "InternalFailure"
    )


class LoseAnswer(_SqsFault):
    """SQS does what was asked, and its answer never arrives."""

    kind: Literal["lose-answer"]
    how: Literal["reset", "timeout"] = "reset"


class Outage(_SqsFault):
    """SQS aborts every connection."""

    kind: Literal["outage"]


class Delay(_SqsFault):
    """SQS answers late."""

    kind: Literal["delay"]
    delay_s: float = Field(gt=0, le=3_600)


class SlowBody(_SqsFault):
    """SQS answers at once, and the answer's body trickles in."""

    kind: Literal["slow-body"]
    body_s: float = Field(gt=0, le=3_600)


class HalfBatch(_SqsFault):
    """SQS answers 200 to a batch, and every second entry has failed; of those alone, half."""

    kind: Literal["half-batch"]


class WrongMd5(_SqsFault):
    """The digest that SQS answers is not that of the message."""

    kind: Literal["wrong-md5"]


class EmptyReceive(_SqsFault):
    """A receive finds nothing, though messages wait."""

    kind: Literal["empty-receive"]


class EarlyExpiry(_SqsFault):
    """A received message is visible again sooner than asked."""

    kind: Literal["early-expiry"]
    visibility_s: int = Field(ge=0, le=43_200)


class Duplicate(_SqsFault):
    """A delete fails unnoticed, and the message is delivered once more."""

    kind: Literal["duplicate"] = "duplicate"


class Reorder(_SqsFault):
    """A receive hands out any of the messages that come next."""

    kind: Literal["reorder"] = "reorder"


# What only a standard queue may do: no scenario plans it, it comes with the configuration.
Nature = Duplicate | Reorder

# Faults of the SQS endpoint, as it names them. In the order given, the first that fires on a call
# wins.
SqsFault = Annotated[
    Refuse
    | LoseAnswer
    | Outage
    | Delay
    | SlowBody
    | HalfBatch
    | WrongMd5
    | EmptyReceive
    | EarlyExpiry,
    Field(discriminator="kind"),
]


class ProcessFault(_Fault):
    """A component is killed (SIGKILL), paused (SIGSTOP) or restarted (SIGTERM).

    After `down_s` it is started again, or continued.
    """

    at: Literal["process"]
    kind: Literal["kill", "pause", "restart"]
    component: Component
    down_s: float = Field(1.0, ge=0, le=3_600)
    after: Trigger | None = None

    def planned_s(self, load_s: float) -> float:
        """How long it is to last under a load of `load_s`."""
        return max(0.0, min(self.down_s, load_s - self.start_s))


class _NetworkFault(_Window):
    at: Literal["network"]
    between: tuple[Part, Part]
    direction: Literal["both", "to", "from"] = "both"  # to the second, or from it
    after: Trigger | None = None

    @model_validator(mode="after")
    def _is_a_link(self) -> Self:
        if self.between not in LINKS and self.between[::-1] not in LINKS:
            known = ", ".join("-".join(link) for link in LINKS)
            raise ValueError(f"between must be a link of the pipeline: {known}")
        return self


class Partition(_NetworkFault):
    """Nothing gets through, and nobody is told: no reset, no refusal."""

    kind: Literal["partition"]


class NetworkDelay(_NetworkFault):
    """Everything arrives later."""

    kind: Literal["delay"]
    delay_s: float = Field(gt=0, le=60)


class Loss(_NetworkFault):
    """Packets vanish; TCP sends them again. Needs a kernel that can lose packets."""

    kind: Literal["loss"]
    probability: Probability


class Slow(_NetworkFault):
    """A thin line."""

    kind: Literal["slow"]
    bytes_per_s: int = Field(ge=100, le=1_000_000_000)


NetworkFault = Annotated[
    Partition | NetworkDelay | Loss | Slow,
    Field(discriminator="kind"),
]


class _ProviderFault(_Window):
    at: Literal["provider"]
    provider: Provider | None = None  # none: any
    probability: Probability = 1.0
    nth_call: int | None = Field(None, ge=1)
    period_s: float | None = Field(None, gt=0, le=3_600)  # flaps: on in each period's first half


class SlowProvider(_ProviderFault):
    """The provider answers late."""

    kind: Literal["slow"]
    delay_s: float = Field(gt=0, le=3_600)


class FailingProvider(_ProviderFault):
    """The provider does not do what it is asked, or does not say so.

    throttle: 429, SMTP 450. unavailable: 503, SMTP 421. reject: permanent, 400, SMTP 550.
    lose-answer: accepted and delivered, then the connection is reset. outage: connections are
    aborted.
    """

    kind: Literal["throttle", "unavailable", "reject", "lose-answer", "outage"]


ProviderFault = Annotated[SlowProvider | FailingProvider, Field(discriminator="kind")]


class DiskFault(_Window):
    """A component cannot write.

    full: every file it writes to has no room left. unwritable-log: what it logs to is broken.
    """

    at: Literal["disk"]
    kind: Literal["full", "unwritable-log"]
    component: Component
    after: Trigger | None = None


class ClockFault(_Window):
    """The wall clock of one component is wrong by `step_s`; then it is right again."""

    at: Literal["clock"]
    kind: Literal["step"]
    component: Component
    step_s: float = Field(ge=-1e9, le=1e9)
    after: Trigger | None = None


def _place(fault: Any) -> Any:
    return fault.get("at", "sqs") if isinstance(fault, dict) else getattr(fault, "at", None)


Fault = Annotated[
    Annotated[SqsFault, Tag("sqs")]
    | Annotated[ProcessFault, Tag("process")]
    | Annotated[NetworkFault, Tag("network")]
    | Annotated[ProviderFault, Tag("provider")]
    | Annotated[DiskFault, Tag("disk")]
    | Annotated[ClockFault, Tag("clock")],
    Discriminator(
        _place,
        custom_error_type="fault_place",
        custom_error_message="at must be one of: sqs, process, network, provider, disk, clock",
    ),
]

StormKind = Literal[
    "sqs-refuse",
    "sqs-lose-answer",
    "sqs-outage",
    "sqs-delay",
    "sqs-slow-body",
    "sqs-half-batch",
    "sqs-wrong-md5",
    "sqs-empty-receive",
    "sqs-early-expiry",
    "process-kill",
    "process-pause",
    "process-restart",
    "network-partition",
    "network-delay",
    "network-slow",
    "provider-slow",
    "provider-throttle",
    "provider-unavailable",
    "provider-lose-answer",
    "provider-outage",
    "disk-full",
    "disk-unwritable-log",
    "clock-step",
]


class Storm(Model):
    """Faults drawn at random by the seed: from which kinds, and how many."""

    kinds: list[StormKind] = Field(default_factory=lambda: list(get_args(StormKind)), min_length=1)
    count: int = Field(12, ge=1, le=50)
    # What one fault stops, the next can not break: so many of those drawn must have fired.
    fired_share_min: float = Field(0.65, ge=0.5, le=1)
