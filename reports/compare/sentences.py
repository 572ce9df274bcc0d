"""What the figures of a comparison come to, in plain sentences; each follows from its numbers.

What is so of several configurations is one sentence about them all.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from compliance.verdict import Outcome, Verdict
from reports.compare.capacity import FoundCapacity
from reports.compare.figures import MONTH_EMAILS, Figures
from reports.compare.limits import NO_CALM_STAGE, NOT_JUDGED, OF_ITS_OWN, Held, Limit
from reports.cost import usd
from reports.numbers import figure

FIFO_CALLS_PER_S = 300  # SQS Developer Guide, quotas-queues.html: per API action
NUMBER = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?")
A_MONTH = f"for a month of {MONTH_EMAILS / 1e6:g} million emails"


@dataclass(frozen=True)
class Compared:
    """One configuration's figures, verdicts by claim, and what held it up."""

    name: str
    figures: Figures
    verdicts: dict[str, Verdict]
    limit: Limit
    capacity: FoundCapacity | None = None  # where it was searched for

    def outcome(self, claim: str) -> Outcome | None:
        verdict = self.verdicts.get(claim)
        return verdict.outcome if verdict else None

    def number(self, claim: str, name: str) -> float | None:
        """A figure of a verdict; None where the claim was not tried."""
        verdict = self.verdicts.get(claim)
        value = verdict.figures.get(name) if verdict else None
        return float(value) if isinstance(value, int | float) else None

    @property
    def reached_per_s(self) -> float | None:
        """None where no email was due."""
        best = self.figures.best
        return best.reached_per_s if best else None

    @property
    def keeps_order(self) -> bool:
        return self.outcome("order") is Outcome.VERIFIED


def sentences(compared: Sequence[Compared]) -> list[str]:
    """In the order in which somebody who has to choose would ask."""
    if not compared:
        return ["No configuration left evidence."]
    return [
        sentence
        for part in (_rates, _order, _losses, _feedback, _duplicates, _calls, _costs, _untold)
        for sentence in part(compared)
    ]


def _names(some: Sequence[Compared]) -> str:
    names = [each.name for each in some]
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else names[0]


def _told(
    some: Sequence[Compared], of_one: str, of_more: str, figures: Callable[[Compared], str]
) -> list[str]:
    """One sentence, or none of nobody: of several, the figures are told by name."""
    if not some:
        return []
    if len(some) == 1:
        return [f"{some[0].name} {of_one}: {figures(some[0])}."]
    listed = "; ".join(f"{each.name} {figures(each)}" for each in some)
    return [f"{_names(some)} {of_more}: {listed}."]


def _rates(compared: Sequence[Compared]) -> list[str]:
    told = []
    free = [each for each in compared if each.limit is None]
    if free:
        most = max(each.figures.best_calm.reached_per_s for each in free if each.figures.best_calm)
        told.append(
            f"{_names(free)} took all that was offered, up to {most:,.0f} emails a second: "
            "their limit is higher than this comparison went."
        )
    held = {each.name: each.limit for each in compared if isinstance(each.limit, Held)}
    for kind in sorted(OF_ITS_OWN):
        told += _told(
            [each for each in compared if each.name in held and held[each.name].kind == kind],
            "fell behind",
            "fell behind",
            lambda each: (
                f"{held[each.name].stage.offered_per_s:,.0f} emails a second offered, "
                f"{figure(each.reached_per_s, 0)} reached at most, held up by "
                f"{held[each.name].what}"
            ),
        )
    others = [
        f"{name} at {limit.stage.offered_per_s:,.0f}/s ({limit.what})"
        for name, limit in held.items()
        if not limit.is_its_own
    ]
    if others:
        told.append(
            "This machine, not the configuration, is what the limit of these tells of: "
            f"{'; '.join(others)}."
        )
    unjudged = [each for each in compared if each.limit == NOT_JUDGED]
    if unjudged:
        told.append(f"What {_names(unjudged)} can carry was not judged: {NO_CALM_STAGE}.")
    return told


def _order(compared: Sequence[Compared]) -> list[str]:
    told = []
    ordered = [each for each in compared if each.keeps_order]
    if ordered:
        told.append(f"{_names(ordered)} kept the order of every message group.")
    fast = [(each.reached_per_s or 0, each) for each in ordered]
    fast = [(per_s, each) for per_s, each in fast if per_s > FIFO_CALLS_PER_S]
    if fast:
        most_per_s, best = max(fast, key=lambda pair: pair[0])
        told.append(
            f"Order and more than {FIFO_CALLS_PER_S} emails a second: "
            f"{_names([each for _, each in fast])}; the most was {most_per_s:,.0f} ({best.name})."
            f"{_cheapest([each for _, each in fast])}"
        )
    told += _told(
        [
            each
            for each in compared
            if each.outcome("order") is Outcome.NOT_CLAIMED
            and each.number("order", "reordered") is not None
            and each.number("order", "judged")
        ],
        "claims no order",
        "claim no order",
        lambda each: (
            f"{figure(each.number('order', 'reordered'), 0)} of "
            f"{figure(each.number('order', 'judged'), 0)} emails left out of it"
        ),
    )
    told += _told(
        _refuted(compared, "order"),
        "claims order and broke it",
        "claim order and broke it",
        lambda each: f"{figure(each.number('order', 'reordered'), 0)} times",
    )
    return told


def _refuted(compared: Sequence[Compared], claim: str) -> list[Compared]:
    return [each for each in compared if each.outcome(claim) is Outcome.REFUTED]


def _cheapest(some: Sequence[Compared]) -> str:
    """Of several, at the traffic of the monthly figure; empty where that is not known."""
    known = [(each.figures.month_usd, each.name) for each in some if each.figures.month_usd]
    if len(known) < 2:
        return ""
    cost_usd, name = min(known)
    return f" The cheapest of them is {name}: {usd(cost_usd)} {A_MONTH}."


def _losses(compared: Sequence[Compared]) -> list[str]:
    def lost(each: Compared) -> str:
        ids = ", ".join(offence.id for offence in each.verdicts["no-loss"].offences[:3])
        return f"{figure(each.number('no-loss', 'lost'), 0)}, such as {ids}"

    told = _told(
        _refuted(compared, "no-loss"),
        "lost emails that it had acknowledged",
        "lost emails that they had acknowledged",
        lost,
    )
    safe = [each for each in compared if each.outcome("no-loss") is Outcome.VERIFIED]
    tried = [each for each in safe if each.figures.writes_failed]
    if tried:
        told.append(f"{_names(tried)} lost nothing that was acknowledged, though writes failed.")
    untried = [each for each in safe if not each.figures.writes_failed]
    if untried:
        told.append(
            f"{_names(untried)} lost nothing that was acknowledged; no fault made a write fail."
        )
    return told


def _feedback(compared: Sequence[Compared]) -> list[str]:
    return _told(
        _refuted(compared, "no-false-ack"),
        "told its senders that an email was accepted which SQS had not confirmed, so that they had "
        "no reason to send it again",
        "told their senders that emails were accepted which SQS had not confirmed, so that they "
        "had no reason to send them again",
        lambda each: f"{figure(each.number('no-false-ack', 'false_answers'), 0)} times",
    )


def _duplicates(compared: Sequence[Compared]) -> list[str]:
    def repeated(each: Compared) -> str:
        twice = each.number("resend-safe", "duplicated")
        sent = "" if twice is None else f", and {twice:,.0f} emails were sent twice"
        return f"{each.figures.redelivered:,}{sent}"

    return _told(
        [each for each in compared if each.figures.redelivered],
        "had messages handed out again by its queue",
        "had messages handed out again by their queues",
        repeated,
    )


def _calls(compared: Sequence[Compared]) -> list[str]:
    known = [each for each in compared if each.figures.calls_per_email is not None]
    if len(known) < 2:
        return []

    def calls(each: Compared) -> float:
        return each.figures.calls_per_email or 0.0

    least, most = min(known, key=calls), max(known, key=calls)
    return [
        f"An email took the fewest calls of SQS with {least.name} ({calls(least):.2f}) and the "
        f"most with {most.name} ({calls(most):.2f}): calls are what SQS charges for."
    ]


def _costs(compared: Sequence[Compared]) -> list[str]:
    known = [(each.figures.month_usd, each.name) for each in compared if each.figures.month_usd]
    if len(known) < 2:
        return []
    (least_usd, cheap), (most_usd, dear) = min(known), max(known)
    return [
        f"The cheapest is {cheap} with {usd(least_usd)} {A_MONTH}, the dearest {dear} with "
        f"{usd(most_usd)}, the mail provider left out."
    ]


def _untold(compared: Sequence[Compared]) -> list[str]:
    """What could not be told for reasons that differ in their figures alone is one sentence."""
    alike: dict[str, list[tuple[str, str]]] = {}
    for each in compared:
        unsure = {
            claim: verdict
            for claim, verdict in each.verdicts.items()
            if verdict.outcome is Outcome.INCONCLUSIVE
        }
        if unsure:
            first = next(iter(unsure.values()))
            reason = (first.reasons or [first.summary])[0]
            of = f"{each.name}: {', '.join(unsure)}"
            alike.setdefault(NUMBER.sub("#", reason), []).append((of, reason))
    return [
        f"Could not tell of {'; '.join(of for of, _ in found)}, "
        f"for {_as_one([reason for _, reason in found])}."
        for found in alike.values()
    ]


def _as_one(reasons: Sequence[str]) -> str:
    """One text for several that differ in figures alone; where they do, it has the span."""
    figures = iter(zip(*(NUMBER.findall(reason) for reason in reasons), strict=True))

    def span(_: re.Match[str]) -> str:
        texts = sorted(next(figures), key=lambda text: float(text.replace(",", "")))
        return texts[0] if texts[0] == texts[-1] else f"{texts[0]} to {texts[-1]}"

    return NUMBER.sub(span, reasons[0])
