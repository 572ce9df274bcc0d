"""A run of several configurations and its judgement as one CompareView.

Nothing is decided here: verdicts are those of the judgement, figures come from the ledgers.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

from compliance.checks.cost import bill
from compliance.pricing.table import PriceTable
from compliance.verdict import Judgement, Outcome
from reports.compare.capacity import read_capacities
from reports.compare.figures import MONTH_EMAILS, Answer, Stage, read_figures
from reports.compare.limits import NO_CALM_STAGE, Held, find_limit, is_telling
from reports.compare.marks import Better, marks
from reports.compare.model import Cell, CompareTable, CompareView, Curve, CurveChart
from reports.compare.sentences import Compared, sentences
from reports.cost import TRAFFICS, usd
from reports.model import RunView, word
from reports.numbers import Percentiles, figure, precise, significant
from reports.text import shown
from scenarios.configuration import Configuration
from scenarios.evidence import EvidenceError, read_manifest
from scenarios.model import EmailLoad, ScenarioError

SAME_SHARE = 0.02  # figures so close to each other are as good
ANSWERS_SHOWN = 4
CLAIMS = ("no-loss", "no-false-ack", "resend-safe", "order", "one-queue")


def build(
    view: RunView,
    compared: Sequence[Compared],
    troubles: list[str],
    prices: PriceTable,
) -> CompareView:
    """`view` is what the run's own report shows; the others come from `read_compared`."""
    return CompareView(
        run=view,
        scenario=view.experiments[0].scenario if view.experiments else "",
        work=_work(compared[0].figures.load) if compared else "",
        configurations=[
            (each.name, shown(each.figures.configuration.summary)) for each in compared
        ],
        sentences=sentences(compared),
        tables=[
            _speed(compared),
            _safety(compared),
            _feedback(compared),
            _running(compared, prices),
        ],
        charts=[
            _curves("Accepting an email, p99", compared, lambda stage: stage.acceptance),
            _curves("Delivering an email, p99", compared, lambda stage: stage.delivery),
        ],
        costs=_costs(compared, prices),
        troubles=troubles,
    )


def read_compared(
    run: Path, judgement: Judgement, cpu_count: int, prices: PriceTable
) -> tuple[list[Compared], list[str]]:
    """Each configuration of the run that left evidence, and what went wrong with any.

    Raises EvidenceError when `run` is not a readable run directory.
    """
    compared, troubles = [], []
    manifest, capacities = read_manifest(run), read_capacities(run)
    for name in manifest.experiments:
        if manifest.plans[name].is_control:
            continue
        try:
            figures = read_figures(run / name, prices)
        except (EvidenceError, ScenarioError) as error:
            troubles.append(f"{name}: {shown(str(error))}")
            continue
        verdicts = {
            claim.claim: verdict
            for claim in judgement.claims
            for verdict in claim.verdicts
            if verdict.experiment == name
        }
        limit = find_limit(figures.stages, cpu_count)
        compared.append(Compared(name, figures, verdicts, limit, capacities.get(name)))
        troubles += [f"{name}: {shown(trouble)}" for trouble in figures.troubles]
    return compared, troubles


def _work(load: EmailLoad) -> str:
    """The load that every configuration met, in words."""
    groups = f"{load.groups} message groups, skew {load.group_skew:g}"
    return f"{load.in_words}; {groups}; the same seed for all"


def _speed(compared: Sequence[Compared]) -> CompareTable:
    calm = [each.figures.calm for each in compared]
    at = next((f"{stage.planned_per_s:g}/s" for stage in calm if stage), "a calm rate")
    columns: list[tuple[str, list[Cell]]] = [
        ("Reached, emails/s", _reached(compared)),
        ("Held up by", [_held(each) for each in compared]),
    ]
    if any(each.capacity for each in compared):
        columns.append(("Capacity, emails/s", _capacities(compared)))
    for what, of in (("Accepted", _acceptance), ("Delivered", _delivery)):
        for title, quantile in (("p50", _p50), ("p99", _p99)):
            values = [quantile(of(stage)) if stage else None for stage in calm]
            columns.append((f"{what} {title}, ms", _marked(values, "low", precise)))
    return _table(
        "Speed",
        compared,
        columns,
        f"Reached: the most emails a second that were accepted and delivered while they were "
        f"offered. Latencies at {at}, the first rate without faults, from the moment at which "
        "an email was due.",
    )


def _reached(compared: Sequence[Compared]) -> list[Cell]:
    # What this machine held up, and what was not judged, is neither good nor bad.
    own = [each.reached_per_s if is_telling(each.limit) else None for each in compared]
    cells = []
    for each, mark in zip(compared, marks(own, "high", SAME_SHARE), strict=True):
        best = each.figures.best
        offered = f"of {best.offered_per_s:,.0f} offered" if best else ""
        cells.append(Cell(figure(each.reached_per_s, 0), offered, mark))
    return cells


def _capacities(compared: Sequence[Compared]) -> list[Cell]:
    """As the search found them: the highest rate held, the interval, and what held it there."""
    found = [each.capacity for each in compared]
    return _marked(
        [None if each is None else each.held_per_s for each in found],
        "high",
        lambda value: figure(value, 0),
        [f"{each.kind}, {each.interval}; {each.limit_text}" if each else "" for each in found],
    )


def _acceptance(stage: Stage) -> Percentiles:
    return stage.acceptance


def _delivery(stage: Stage) -> Percentiles:
    return stage.delivery


def _p50(values: Percentiles) -> float | None:
    return values.p50_ms


def _p99(values: Percentiles) -> float | None:
    return values.p99_ms


def _held(each: Compared) -> Cell:
    if each.limit is None:
        return Cell("nothing", "all that was offered came through")
    if not isinstance(each.limit, Held):
        return Cell("-", f"{each.limit}: {NO_CALM_STAGE}")
    return Cell(f"at {each.limit.stage.offered_per_s:,.0f}/s", each.limit.what)


def _safety(compared: Sequence[Compared]) -> CompareTable:
    counted = {
        "no-loss": ("lost", "lost"),
        "no-false-ack": ("false_answers", "false"),
        "resend-safe": ("duplicated", "delivered twice"),
        "order": ("reordered", "out of order"),
        "one-queue": ("apart", "in two queues"),
    }
    claims = [claim for claim in CLAIMS if any(claim in each.verdicts for each in compared)]
    columns = []
    for claim in claims:
        figure_name, what = counted[claim]
        values = [each.number(claim, figure_name) for each in compared]
        # What could not be told is not the best, however small its figure.
        sure = [
            None if each.outcome(claim) is Outcome.INCONCLUSIVE else value
            for each, value in zip(compared, values, strict=True)
        ]
        found = marks(sure, "low")
        cells = []
        for each, value, mark in zip(compared, values, found, strict=True):
            verdict = each.verdicts.get(claim)
            detail = "" if value is None else f"{figure(value)} {what}"
            outcome = verdict.outcome if verdict else None
            cells.append(Cell(word(outcome), detail, mark, outcome))
        columns.append((claim, cells))
    repeated = [each.figures.redelivered for each in compared]
    columns.append(("Handed out again", _marked([float(n) for n in repeated], "low", figure)))
    return _table(
        "Safety",
        compared,
        columns,
        f"{_same_faults(compared)} What a configuration does not claim is measured, not judged. "
        "Handed out again: messages that the queue delivered more than once; the ledger of "
        "deliveries keeps most of them from becoming a second email.",
    )


def _same_faults(compared: Sequence[Compared]) -> str:
    planned = {tuple(each.figures.faults) for each in compared}
    if len(planned) != 1:
        return "Not all met the same faults."
    (faults,) = planned
    if not faults:
        return "No faults were planned."
    return f"The same faults for all: {', '.join(map(shown, faults))}."


def _feedback(compared: Sequence[Compared]) -> CompareTable:
    columns = [
        ("A sender learns", [Cell(_learns(each.figures.configuration)) for each in compared]),
        ("When: p50 and p99 of each answer", [_answers(each.figures.answers) for each in compared]),
        ("False answers", [_false(each) for each in compared]),
    ]
    return _table("Feedback to the sender", compared, columns)


def _learns(configuration: Configuration) -> str:
    intake = configuration.intake
    if intake.kind == "api":
        return "202 and the email's id once SQS has the message; else an error to retry on"
    if intake.mapping == "default-200":
        return "200, whatever SQS said"
    return "202 and SQS's message id once SQS has the message; else SQS's error as 4xx or 5xx"


def _answers(answers: Sequence[Answer]) -> Cell:
    told = [
        f"{answer.status or 'no answer'} {answer.count:,}x: "
        f"{precise(significant(answer.p50_ms))} / {precise(significant(answer.p99_ms))} ms"
        for answer in answers[:ANSWERS_SHOWN]
    ]
    return Cell("; ".join(told) or "-")


def _false(each: Compared) -> Cell:
    value = each.number("no-false-ack", "false_answers")
    verdict = each.verdicts.get("no-false-ack")
    return Cell(figure(value), outcome=verdict.outcome if verdict and value else None)


def _running(compared: Sequence[Compared], prices: PriceTable) -> CompareTable:
    figures = [each.figures for each in compared]
    columns = [
        (
            "SQS calls per email",
            _marked(
                [each.calls_per_email for each in figures],
                "low",
                lambda value: figure(value, 2),
                [
                    ", ".join(f"{kind} {count:,}" for kind, count in sorted(each.calls.items()))
                    + (f", throttled {each.throttled_calls:,}" if each.throttled_calls else "")
                    for each in figures
                ],
            ),
        ),
        (
            "$ per million emails more",
            _marked([each.usd_per_million for each in figures], "low", told_usd),
        ),
        (
            f"$ a month, {MONTH_EMAILS / 1e6:g} million emails",
            _marked([each.month_usd for each in figures], "low", told_usd),
        ),
        (
            "Log streams to collect",
            _marked(
                [float(each.log_files) for each in figures],
                "low",
                figure,
                [f"{each.log_bytes / 1e6:,.1f} MB" for each in figures],
            ),
        ),
        (
            "Drained in, s",
            _marked(
                [each.drain_s if each.drained else None for each in figures],
                "low",
                lambda value: figure(value, 1) if value is not None else "did not drain",
                tolerance=0.25,
            ),
        ),
    ]
    return _table(
        "Running it",
        compared,
        columns,
        f"Dollars at list prices of {prices.region} on {prices.as_of}, without free tier and mail "
        "provider, from the calls, Lambda time, CPU and logs of this very run. A month has the "
        "fixed costs, too: load balancer, alarms, the fewest tasks.",
    )


def told_usd(value: float | None) -> str:
    """Dollars, or a dash."""
    return "-" if value is None else usd(value)


def _marked(
    values: Sequence[float | None],
    better: Better,
    told: Callable[[float | None], str],
    details: Sequence[str] | None = None,
    tolerance: float = SAME_SHARE,
) -> list[Cell]:
    found = marks(values, better, tolerance)
    return [
        Cell(told(value), detail, mark)
        for value, detail, mark in zip(values, details or [""] * len(values), found, strict=True)
    ]


def _table(
    title: str,
    compared: Sequence[Compared],
    columns: Sequence[tuple[str, Sequence[Cell]]],
    note: str = "",
) -> CompareTable:
    rows = [
        (each.name, [cells[index] for _, cells in columns]) for index, each in enumerate(compared)
    ]
    return CompareTable(title, [name for name, _ in columns], rows, note)


def _costs(compared: Sequence[Compared], prices: PriceTable) -> CurveChart:
    """What a million emails cost, their share of the fixed costs included, over the traffic."""
    curves = []
    for each in compared:
        cost = each.figures.cost
        if cost is not None:
            points = [
                (float(emails), bill(cost, prices, emails).usd_per_million) for emails in TRAFFICS
            ]
            curves.append(Curve(each.name, points))
    return CurveChart("Cost of a million emails", "USD", "emails a month", curves, is_x_log=True)


def _curves(
    title: str, compared: Sequence[Compared], of: Callable[[Stage], Percentiles]
) -> CurveChart:
    curves = []
    for each in compared:
        points = [
            (round(stage.reached_per_s, 1), p99_ms)
            for stage in each.figures.stages
            if stage.is_calm and (p99_ms := of(stage).p99_ms) is not None
        ]
        if points:
            curves.append(Curve(each.name, points))
    return CurveChart(title, "ms", "emails a second that went through", curves)
