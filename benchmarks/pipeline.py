"""The pipeline under its own scenarios: what senders wait, and what the harness itself costs.

A real `queueproof` run into a temporary folder; every figure is read from that run's evidence. The
full bench runs `queueproof verify` whole, so its time is measured by the same run.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks import commands
from benchmarks.figures import BenchError, Row, Table, at_most, within
from benchmarks.stage import Bench, Stage
from compliance.checks.quotas import CLAIM, QUOTA_PER_S, TOLERANCE
from compliance.judge import judge
from compliance.verdict import Judgement, Verdict
from reports.model import ExperimentView
from reports.view import build
from scenarios.evidence import EvidenceError
from scenarios.model import CALLED_ACTIONS

EMAILS, QUOTA = "baseline", "fifo-limit"
EXIT_CODES = (0, 1, 3)  # a busy machine makes verdicts inconclusive; the figures stand all the same
STOP_MARGIN_S = 90.0


def run(stage: Stage) -> Iterator[Table]:
    """Raises BenchError when the run could not be made, or left nothing to measure."""
    what = ["run", EMAILS, QUOTA] if stage.is_quick else ["verify"]
    stage.say(f"queueproof {' '.join(what)}")
    finished = commands.run(
        [
            str(Path(sys.executable).with_name("queueproof")),
            *what,
            *("--runs-dir", str(stage.folder / "runs"), "--quiet"),
        ],
        log=stage.folder / "queueproof.log",
        timeout_s=stage.budget_s + STOP_MARGIN_S,
        exit_codes=EXIT_CODES,
    )
    folder = (stage.folder / "runs" / "latest").resolve()
    try:
        judgement = judge(folder)
        views = {view.name: view for view in build(folder, judgement).experiments}
    except EvidenceError as error:
        raise BenchError(str(error)) from error
    yield latencies(_needed(views, EMAILS))
    yield cpu_shares(_needed(views, EMAILS))
    yield admitted(judgement)
    if not stage.is_quick:
        tried = [claim for claim in judgement.claims if claim.outcome is not None]
        verified = sum(str(claim.outcome) == "verified" for claim in tried)
        row = Row(
            name="queueproof verify",
            unit="s",
            samples=(finished.elapsed_s,),
            goals=(at_most(180),),
            note=f"{verified} of {len(tried)} claims verified",
        )
        yield Table(title="The main job, start-up included", rows=[row])


def latencies(view: ExperimentView) -> Table:
    """From the intended send time, so that a sender who is held back does not hide it."""
    rows = []
    for latency in (each for each in view.latencies if each.values.count):
        counted_from = latency.counted_from
        for name, value_ms in (("p50", latency.values.p50_ms), ("p99", latency.values.p99_ms)):
            is_target = name == "p99" and counted_from.startswith("intended")
            rows.append(
                Row(
                    name=f"{latency.label}, {name}",
                    unit="ms",
                    samples=() if value_ms is None else (value_ms,),
                    goals=(at_most(250),) if is_target else (),
                    note=f"from {counted_from}; {latency.values.count:,} emails",
                )
            )
    offered = next((rate.per_s for rate in view.rates if rate.label == "offered"), None)
    return Table(title=f"Latency, {EMAILS}: {offered} emails/s offered", rows=rows)


def cpu_shares(view: ExperimentView) -> Table:
    """Of one core, while the load was on; the generator's is the harness's own cost."""
    rows = [
        Row(name=cpu.component, unit="cores", samples=(cpu.mean,), note=f"peak {cpu.peak}")
        for cpu in view.cpu
    ]
    rows.append(Row(name="all", unit="cores", samples=(sum(cpu.mean for cpu in view.cpu),)))
    return Table(title=f"CPU, {EMAILS}", rows=rows, reference="all")


def admitted(judgement: Judgement) -> Table:
    """What the FIFO quota let through in each action."""
    verdict = _verdict(judgement, QUOTA, CLAIM)
    rows = [
        Row(
            name=action,
            unit="calls/s",
            samples=(float(verdict.figures[f"{action}.admitted_per_s"]),),
            goals=(within(QUOTA_PER_S, TOLERANCE),),
            note="; ".join(
                [f"of {verdict.figures[f'{action}.offered_per_s']}/s offered", *verdict.reasons]
            ),
        )
        for action in CALLED_ACTIONS
        if f"{action}.admitted_per_s" in verdict.figures
    ]
    return Table(title=f"Admitted, {QUOTA}", rows=rows)


def _needed(views: dict[str, ExperimentView], name: str) -> ExperimentView:
    view = views.get(name)
    if view is None or view.unreadable:
        raise BenchError(f"{name} left no evidence: {view and view.unreadable}")
    return view


def _verdict(judgement: Judgement, experiment: str, claim: str) -> Verdict:
    for each in judgement.claims:
        for verdict in each.verdicts:
            if (verdict.experiment, verdict.claim) == (experiment, claim):
                return verdict
    raise BenchError(f"{experiment} was not judged on {claim}")


PIPELINE = Bench(
    name="pipeline",
    summary="latency, CPU and admitted rates of a real run; the time of `queueproof verify`",
    budget_s=200,
    quick_budget_s=80,
    run=run,
)
