"""report.md: the claims and what refutes them, for a pull request or a job summary."""

import re

from reports.model import CostView, ExperimentView, Offence, RunView, VerdictView, word
from reports.numbers import figure, precise

CARDS_SHOWN = 5  # of one verdict; report.html shows all

_MARKUP = re.compile(r"([\\`*_{}\[\]<>#|~$])")
_BACKTICKS = re.compile(r"`+")


def render(view: RunView) -> str:
    """The whole document."""
    counts = ", ".join(
        f"{count} {word(outcome).lower()}" for outcome, count in view.outcome_counts.items()
    )
    lines = [
        f"# {escape(view.name)}: {word(view.outcome)}",
        "",
        f"{counts or 'no claims'}. Started {escape(view.started_at)}, "
        + (f"finished {escape(view.finished_at)}" if view.finished_at else "**did not finish**")
        + f", seed {view.seed}, commit {code(view.commit)}.",
        "",
        *table(
            ["Claim", "Verdict", "Figures"],
            [
                [
                    escape(claim.claim),
                    f"**{word(claim.outcome)}**",
                    f"{escape(claim.summary)}<br>*{escape(claim.text)}*",
                ]
                for claim in view.claims
            ],
        ),
    ]
    if view.untried:
        names = ", ".join(escape(claim.untried) for claim in view.untried)
        lines += [f"Not tried in this run: {names}.", ""]
    for experiment in view.experiments:
        lines += _experiment(experiment)
    if view.elsewhere:
        lines += ["## Verdicts on other experiments", ""]
        for verdict in view.elsewhere:
            lines += _verdict(verdict)
    lines += ["## Again", "", "```sh", _fenced(view.command)]
    lines += [f"queueproof judge {_fenced(view.replay_folder)}", "```", ""]
    return "\n".join(lines)


def _experiment(experiment: ExperimentView) -> list[str]:
    title = f"## {escape(experiment.name)}" + (" (control)" if experiment.is_control else "")
    lines = [title, ""]
    troubles = [experiment.unreadable, experiment.interrupted, *experiment.problems]
    lines += [f"- {escape(trouble)}" for trouble in troubles if trouble]
    lines += [""] if any(troubles) else []
    for verdict in experiment.verdicts:
        lines += _verdict(verdict)
    if experiment.rates:
        lines += table(
            ["Rate", "Count", "Per second while sends were due", "Peak"],
            [
                [
                    escape(f"{rate.what} {rate.label}"),
                    figure(rate.count),
                    figure(rate.per_s, 1),
                    figure(rate.peak_per_s, 1),
                ]
                for rate in experiment.rates
            ],
        )
    if experiment.latencies:
        lines += table(
            ["Time, ms", "Counted from", "n", "p50", "p95", "p99", "max"],
            [
                [
                    escape(latency.label),
                    escape(latency.counted_from),
                    figure(latency.values.count),
                    precise(latency.values.p50_ms),
                    precise(latency.values.p95_ms),
                    precise(latency.values.p99_ms),
                    precise(latency.values.max_ms),
                ]
                for latency in experiment.latencies
            ],
        )
    if experiment.cost:
        lines += _cost(experiment.cost)
    return lines


def _cost(cost: CostView) -> list[str]:
    lines = [
        f"Cost on AWS: {escape(cost.usd_per_million)} for a million emails more, and "
        f"{escape(cost.provider_usd_per_million)} to the provider. {escape(cost.basis)}.",
        "",
        *table(
            ["Cost", "For a million emails", "USD", "USD a month, whatever the traffic"],
            [
                [escape(each) for each in (row.what, row.per_million, row.usd_per_million)]
                + [escape(row.usd_per_month)]
                for row in cost.rows
            ],
        ),
        *table(
            ["Emails a month", "Pipeline", "of it for a million", "Provider"],
            [
                [escape(each) for each in (m.emails, m.pipeline, m.per_million, m.provider)]
                for m in cost.months
            ],
        ),
    ]
    return [*lines, *(f"- {escape(note)}" for note in cost.notes), *([""] if cost.notes else [])]


def _verdict(verdict: VerdictView) -> list[str]:
    lines = [
        f"**{escape(verdict.claim)}** {word(verdict.outcome)}: {escape(verdict.summary)}",
        "",
        *(f"- {escape(reason)}" for reason in verdict.reasons),
        *(
            f"- {code(offence.id)} {escape(offence.what)}"
            + ("" if offence.at_s is None else f", at {figure(offence.at_s, 3)} s")
            for offence in verdict.offences
        ),
    ]
    if verdict.offence_count > len(verdict.offences):
        lines.append(f"- {figure(verdict.offence_count - len(verdict.offences))} more")
    for offence in [each for each in verdict.offences if each.card][:CARDS_SHOWN]:
        lines += _card(offence)
    if verdict.replay:
        lines += ["", f"Try it again: {code(verdict.replay)}"]
    return [*lines, ""]


def _card(offence: Offence) -> list[str]:
    """What happened to one email, folded away."""
    card = offence.card
    assert card is not None
    steps = [[step.at, step.after, step.where, escape(step.what)] for step in card.steps]
    if card.left_out:
        steps.insert(card.left_out_before, ["", "", "", f"({figure(card.left_out)} left out)"])
    faults = [
        f"- {escape(fault.what)}, {escape(fault.span)}, {escape(fault.named)}"
        for fault in card.faults
    ]
    return [
        "",
        "<details><summary>What happened to this email</summary>",
        "",
        "; ".join(f"{kind} {code(name)}" for kind, name in card.names)
        + (f"; group {code(card.group)}" if card.group else "")
        + f"; seed {card.seed}",
        "",
        *table(["At s", "After", "Where", "What"], steps),
        "Faults that were on meanwhile:" if faults else "No fault was on meanwhile.",
        "",
        *faults,
        "",
        "</details>",
    ]


def table(head: list[str], rows: list[list[str]]) -> list[str]:
    """Cells that are escaped already, as lines; none without rows."""
    if not rows:
        return []
    lines = [head, ["---"] * len(head), *rows]
    return [*(f"| {' | '.join(cells)} |" for cells in lines), ""]


def escape(text: str) -> str:
    """Foreign text as text: no markup, no link of its own, nobody mentioned."""
    escaped = _MARKUP.sub(r"\\\1", text.replace("&", "&amp;"))
    # Hosts make links of bare addresses, and notify whoever has the name after an @.
    escaped = escaped.replace("://", ":\\//").replace("www.", "www\\.")
    return escaped.replace("@", "@<!-- -->")


def code(text: str) -> str:
    """Foreign text as a code span, fenced by more backticks than it holds."""
    longest = max((len(run) for run in _BACKTICKS.findall(text)), default=0)
    fence = "`" * (longest + 1)
    return f"{fence} {text} {fence}" if text else ""


def _fenced(text: str) -> str:
    """One line inside a fenced block, which three backticks at its start would close."""
    return text.lstrip("`")
