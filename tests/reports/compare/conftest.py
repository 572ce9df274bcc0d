"""Figures written by hand."""

from dataclasses import replace

import pytest

from compliance.verdict import Offence, Outcome, Verdict
from reports.compare.figures import Answer, Figures, Stage
from reports.compare.limits import find_limit
from reports.compare.sentences import Compared
from reports.numbers import Percentiles
from scenarios.configuration import parse_configuration
from scenarios.model import EmailLoad

CPU_COUNT = 2


def stage(offered=300.0, reached=None, **changes):
    """A stage in which all that was offered came through, unless told otherwise."""
    reached = offered if reached is None else reached
    quick = Percentiles(int(offered * 10), 5.0, 20.0, 40.0, 60.0)
    fields = {
        "planned_per_s": offered,
        "emails": int(offered * 10),
        "offered_per_s": offered,
        "accepted_per_s": reached,
        "delivered_per_s": reached,
        "acceptance": quick,
        "delivery": replace(quick, p99_ms=400.0),
        "is_calm": True,
        "late_p99_ms": 4.0,
        "throttled": {},
        "admitted_per_s": {},
        "hottest_share": 0.0,
        "busy_cores": 1.0,
        "carried_share": reached / offered,
        "cpu": {"api": 0.4, "worker": 0.3},
    }
    return Stage(**(fields | changes))


def verdict(claim, outcome=Outcome.VERIFIED, offences=(), **figures):
    return Verdict(
        claim=claim,
        experiment="e",
        outcome=outcome,
        summary=f"{claim} was looked at",
        figures=figures,
        offences=[Offence(id=each, what="gone") for each in offences],
        offence_count=len(offences),
    )


def compared(name, *stages, queue='type = "fifo"', verdicts=(), **changes):
    text = f'name = "{name}"\nsummary = "x"\n[queue]\n{queue}\n'
    fields = {
        "configuration": parse_configuration(text, "x.toml"),
        "load": EmailLoad(kind="emails", rate_per_s=100, duration_s=10),
        "stages": list(stages) or [stage()],
        "faults": ["write-refused (sqs refuse of SendMessage)"],
        "writes_failed": 0,
        "answers": [Answer(kind="ok", status=202, count=3000, p50_ms=5.0, p99_ms=40.0)],
        "calls": {"send": 3000, "receive": 700, "delete": 700},
        "throttled_calls": 0,
        "empty_receives": 20,
        "delivered": 3000,
        "redelivered": 0,
        "log_files": 2,
        "log_bytes": 1_000_000,
        "drain_s": 1.0,
        "drained": True,
        "troubles": [],
        "cost": None,
        "month_usd": None,
    }
    figures = Figures(**(fields | changes))
    return Compared(
        name,
        figures,
        {each.claim: each for each in verdicts},
        find_limit(figures.stages, CPU_COUNT),
    )


@pytest.fixture
def make_stage():
    return stage


@pytest.fixture
def make_verdict():
    return verdict


@pytest.fixture
def make_compared():
    return compared
