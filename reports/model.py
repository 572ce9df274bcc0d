"""What a report shows, as plain values: rounded, relative to the origin, cleaned of hostile text.

`view` fills these in; html, markdown, junit and terminal only lay them out.
"""

from dataclasses import dataclass, field
from typing import Literal

from compliance.verdict import Outcome
from reports.numbers import Percentiles


@dataclass(frozen=True, kw_only=True)
class Rate:
    """Events of one kind: how many in all, and how many a second while sends were due."""

    what: str  # emails, or the action of a call
    label: str
    count: int
    per_s: float | None
    peak_per_s: float | None  # the busiest bin of the chart


@dataclass(frozen=True, kw_only=True)
class Latency:
    """One distribution, and from which moment it counts."""

    label: str
    counted_from: str
    values: Percentiles


@dataclass(frozen=True, kw_only=True)
class OutcomeCount:
    """How often senders, or direct calls, met one outcome."""

    kind: str
    status: int | None
    code: str
    meaning: str
    count: int


@dataclass(frozen=True)
class Series:
    """One line of a chart: a value a bin, None where nothing was measured."""

    label: str
    values: list[float | None]


@dataclass(frozen=True, kw_only=True)
class Chart:
    """One quantity over an experiment's time."""

    title: str
    unit: str
    t_s: list[float]
    series: list[Series]
    is_log: bool = False
    has_fault_lanes: bool = False  # each fault with its firings above the lines
    note: str = ""

    @property
    def description(self) -> str:
        """The chart in words, for those who cannot see it."""
        parts = []
        for line in self.series:
            known = [value for value in line.values if value is not None]
            if known:
                low, high = (f"{value:,.10g}" for value in (min(known), max(known)))
                parts.append(f"{line.label} between {low} and {high}")
        return f"{self.title} in {self.unit} over time: {'; '.join(parts) or 'no values'}."


@dataclass(frozen=True)
class Span:
    """A stretch of time in which a fault was on; `is_closed` is False if its end was not seen."""

    start_s: float
    end_s: float
    is_closed: bool = True


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One fault of the scenario. `mark` names it in charts, where a long label has no room."""

    mark: str
    label: str
    kind: str
    where: str  # action and queue, as far as they are limited
    spans: list[Span]
    fired: int
    fired_stored: int  # of these: the message was stored all the same
    fired_s: list[float] = field(default_factory=list)  # when, in order; the near ones as one


@dataclass(frozen=True)
class Phase:
    """A named stretch of the experiment, on its own time."""

    name: str
    start_s: float
    end_s: float


@dataclass(frozen=True, kw_only=True)
class Cpu:
    """The share of one core that a component took; 1.0 is one core."""

    component: str
    mean: float
    peak: float


@dataclass(frozen=True)
class CpuTable:
    """Every component's CPU share in every experiment that measured any: the harness's overhead.

    A row holds one share an experiment, None where the component did not run; `totals` their sums.
    """

    experiments: list[str]
    rows: list[tuple[str, list[Cpu | None]]]
    totals: list[float]


@dataclass(frozen=True, kw_only=True)
class CostRow:
    """One thing that is paid for, in words."""

    what: str
    per_million: str  # units for a million emails
    usd_per_million: str
    usd_per_month: str  # whatever the traffic


@dataclass(frozen=True, kw_only=True)
class CostMonth:
    """The bill of a month of so many emails."""

    emails: str
    pipeline: str
    per_million: str  # the pipeline's, its fixed costs shared out
    provider: str


@dataclass(frozen=True, kw_only=True)
class CostView:
    """What an experiment's work costs on AWS."""

    rows: list[CostRow]
    usd_per_million: str
    provider_usd_per_million: str
    months: list[CostMonth]
    basis: str
    left_out: list[str]
    notes: list[str]


@dataclass(frozen=True)
class LedgerFile:
    """One ledger of the evidence."""

    name: str
    rows: int


@dataclass(frozen=True)
class CardStep:
    """One thing that happened to an email; times in words, in seconds."""

    at: str  # since the experiment's origin
    after: str  # since the first invoke, signed; empty where there was none
    where: str
    what: str


@dataclass(frozen=True)
class CardFault:
    """A fault that was on while an email was under way."""

    what: str
    span: str
    named: str  # how often it fired on this very email


@dataclass(frozen=True, kw_only=True)
class CardView:
    """What happened to one email."""

    experiment: str
    names: list[tuple[str, str]]  # kind of id, id
    group: str
    seed: int
    steps: list[CardStep]
    left_out: int
    left_out_before: int  # the index of the step that follows the gap
    faults: list[CardFault]
    replay: str


@dataclass(frozen=True)
class Offence:
    """One counter-example."""

    id: str
    what: str
    at_s: float | None
    card: CardView | None = None


@dataclass(frozen=True, kw_only=True)
class VerdictView:
    """One claim, judged on one experiment."""

    anchor: str
    claim: str
    experiment: str
    outcome: Outcome
    summary: str
    figures: list[tuple[str, str]]
    offences: list[Offence]
    offence_count: int
    reasons: list[str]
    replay: str


@dataclass(frozen=True, kw_only=True)
class ClaimView:
    """One claim over the whole run, with its verdicts further down the page."""

    claim: str
    text: str
    outcome: Outcome | None
    summary: str
    verdicts: list[VerdictView]
    see: list[str]

    @property
    def untried(self) -> str:
        """Its name in a list of those that were not tried, with the commands to see instead."""
        return f"{self.claim} (see {', '.join(self.see)})" if self.see else self.claim


@dataclass(frozen=True, kw_only=True)
class ExperimentView:
    """One scenario, driven once. `unreadable` says why there is nothing but verdicts to show."""

    anchor: str
    name: str
    unreadable: str | None = None
    scenario: str = ""
    seed: int | None = None
    is_control: bool = False
    control: str = ""
    target: str = ""
    started_at: str = ""
    duration_s: float = 0.0
    drain: str = ""
    interrupted: str = ""
    problems: list[str] = field(default_factory=list)
    generators: list[str] = field(default_factory=list)  # workers that shared the load
    queue: list[tuple[str, str]] = field(default_factory=list)
    phases: list[Phase] = field(default_factory=list)
    rates: list[Rate] = field(default_factory=list)
    latencies: list[Latency] = field(default_factory=list)
    outcomes: list[OutcomeCount] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    cpu: list[Cpu] = field(default_factory=list)
    charts: list[Chart] = field(default_factory=list)
    cost: CostView | None = None
    ledgers: list[LedgerFile] = field(default_factory=list)
    scenario_toml: str = ""
    verdicts: list[VerdictView] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class RunView:
    """All that is shown about a run."""

    folder: str  # the run directory, as it was given
    replay_folder: str  # the same for a reader elsewhere: `runs/<time>-<name>`, shell-quoted
    name: str
    outcome: Outcome
    outcome_counts: dict[Outcome | None, int]
    started_at: str
    finished_at: str | None
    seed: int
    commit: str
    command: str
    machine: list[tuple[str, str]]
    versions: list[tuple[str, str]]
    cpu_count: int
    cpu: CpuTable
    claims: list[ClaimView]
    untried: list[ClaimView]
    experiments: list[ExperimentView]
    elsewhere: list[VerdictView]  # on experiments of which the run has no evidence


Status = Literal["verified", "REFUTED", "inconclusive", "not claimed", "not tried"]


def word(outcome: Outcome | None) -> Status:
    """A verdict as it is written everywhere; a refutation stands out without any colour."""
    match outcome:
        case Outcome.VERIFIED:
            return "verified"
        case Outcome.REFUTED:
            return "REFUTED"
        case Outcome.INCONCLUSIVE:
            return "inconclusive"
        case Outcome.NOT_CLAIMED:
            return "not claimed"
        case None:
            return "not tried"
