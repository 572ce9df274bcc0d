"""Trials of one configuration: a rate is offered for some seconds, and judged from its folder."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from compliance.capacity.calls import judge_calls_trial
from compliance.capacity.objective import Objective, TrialVerdict, judge_trial
from compliance.history import History
from loadtests.capacity.search import Result, Seen
from loadtests.live import Progress
from loadtests.sim.as_toml import as_toml
from queueproof.suite import Planned, plan_more, run_one
from scenarios.configuration import Configuration
from scenarios.evidence import RunManifest
from scenarios.model import EmailLoad, Expectation, Retries, Scenario, SqsCallLoad
from scenarios.skews import skewed

SENDERS_MIN, SENDERS_MAX = 128, 2_000
SENDERS_PER_RATE = 2  # so many seconds may answers take before senders run out
PEOPLE = 50  # who writes to whom does not matter here; inventing people takes time
DRAIN_TIMEOUT_S = 30.0
Work = Literal["emails", "calls"]


@dataclass(frozen=True)
class Tried:
    """One trial: where its evidence is, and what it showed."""

    name: str
    rate_per_s: float
    verdict: TrialVerdict

    @property
    def result(self) -> Result:
        if self.verdict.doubts:
            return Result.GENERATOR_BOUND
        return Result.MISSED if self.verdict.missed else Result.MET


@dataclass
class Trials:
    """Makes trials and keeps what they showed; the manifest names each before it begins."""

    run: Path
    manifest: RunManifest
    configuration: tuple[Configuration, str]
    work: Work
    skew: str
    seconds: float
    objective: Objective
    say: Progress
    tried: list[Tried] = field(default_factory=list)

    def try_rate(self, rate_per_s: float) -> Seen:
        """Offer a rate, and say whether the configuration held it."""
        configuration, text = self.configuration
        if self.work == "emails":
            scenario, judge = trial_of_emails(rate_per_s, self.seconds, self.skew), judge_trial
        else:
            scenario, judge = trial_of_calls(rate_per_s, self.seconds), judge_calls_trial
        number = len(self.tried) + 1
        spread = self.skew if self.work == "emails" else self.work
        name = f"{configuration.name}-{spread}-{number:02d}-at-{rate_per_s:.0f}"
        planned = Planned(name, scenario, as_toml(scenario), configuration, text)
        self.manifest = plan_more(self.run, self.manifest, planned)
        run_one(planned, self.run, self.manifest.seed, self.say)
        history = History(self.run / name)
        try:
            verdict = judge(history, self.objective, cpu_count=self.manifest.machine.cpu_count)
        finally:
            history.close()
        tried = Tried(name, rate_per_s, verdict)
        self.tried.append(tried)
        figures = verdict.figures
        self.say("; ".join([f"{name}: {tried.result}", *verdict.missed, *verdict.doubts]))
        return Seen(tried.result, min(figures.accepted_per_s, figures.delivered_per_s))


def trial_of_emails(rate_per_s: float, seconds: float, skew: str) -> Scenario:
    """One rate, evenly: a random process would have bursts that no rate is to blame for."""
    senders = min(max(SENDERS_MIN, int(rate_per_s * SENDERS_PER_RATE)), SENDERS_MAX)
    load = EmailLoad(
        kind="emails",
        rate_per_s=rate_per_s,
        duration_s=seconds,
        arrivals="even",
        people=PEOPLE,
        senders=senders,
        retries=Retries(attempts_max=2),
    )
    return Scenario(
        name="capacity-trial",
        summary=f"{rate_per_s:g} emails a second for {seconds:g} seconds, groups {skew}.",
        load=skewed(load, skew),
        expect=Expectation(drain_timeout_s=DRAIN_TIMEOUT_S),
    )


def trial_of_calls(rate_per_s: float, seconds: float) -> Scenario:
    """Each of send, receive and delete at the rate, straight at the queue."""
    senders = min(max(SENDERS_MIN, int(rate_per_s * SENDERS_PER_RATE)), SENDERS_MAX)
    return Scenario(
        name="capacity-trial",
        summary=f"{rate_per_s:g} calls a second of each kind for {seconds:g} seconds.",
        load=SqsCallLoad(
            kind="sqs-calls", rate_per_s=rate_per_s, duration_s=seconds, senders=senders
        ),
        expect=Expectation(drain_timeout_s=DRAIN_TIMEOUT_S),
    )
