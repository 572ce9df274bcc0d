"""What the figures of a comparison come to, in plain sentences; each follows from its numbers."""

from collections.abc import Sequence
from dataclasses import dataclass

from compliance.verdict import Outcome, Verdict
from reports.compare.capacity import FoundCapacity
from reports.compare.figures import MONTH_EMAILS, Figures
from reports.compare.limits import Held
from reports.cost import usd

FIFO_CALLS_PER_S = 300  # SQS Developer Guide, quotas-queues.html: per API action
A_MONTH = f"for a month of {MONTH_EMAILS / 1e6:g} million emails"


@dataclass(frozen=True)
class Compared:
    """One configuration's figures, verdicts by claim, and what held it up."""

    name: str
    figures: Figures
    verdicts: dict[str, Verdict]
    limit: Held | None
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
    def reached_per_s(self) -> float:
        best = self.figures.best
        return best.reached_per_s if best else 0.0

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


def _rates(compared: Sequence[Compared]) -> list[str]:
    told = []
    free = [each for each in compared if each.limit is None]
    if free:
        most = max(each.reached_per_s for each in free)
        told.append(
            f"{_names(free)} took all that was offered, up to {most:,.0f} emails a second: "
            "their limit is higher than this comparison went."
        )
    held = [(each, each.limit) for each in compared if each.limit is not None]
    told += [
        f"{each.name} fell behind at {limit.stage.offered_per_s:,.0f} emails a second offered; it "
        f"reached {each.reached_per_s:,.0f}. What held it: {limit.what}."
        for each, limit in held
        if limit.is_its_own
    ]
    others = [
        f"{each.name} at {limit.stage.offered_per_s:,.0f}/s ({limit.what})"
        for each, limit in held
        if not limit.is_its_own
    ]
    if others:
        told.append(
            "This machine, not the configuration, is what the limit of these tells of: "
            f"{'; '.join(others)}."
        )
    return told


def _order(compared: Sequence[Compared]) -> list[str]:
    told = []
    ordered = [each for each in compared if each.keeps_order]
    if ordered:
        told.append(f"{_names(ordered)} kept the order of every message group.")
    fast = [each for each in ordered if each.reached_per_s > FIFO_CALLS_PER_S]
    if fast:
        best = max(fast, key=lambda each: each.reached_per_s)
        told.append(
            f"Order and more than {FIFO_CALLS_PER_S} emails a second: {_names(fast)}; the most was "
            f"{best.reached_per_s:,.0f} ({best.name}).{_cheapest(fast)}"
        )
    for each in compared:
        count, judged = each.number("order", "reordered"), each.number("order", "judged")
        if each.outcome("order") is Outcome.NOT_CLAIMED and count is not None and judged:
            told.append(
                f"{each.name} claims no order: {count:,.0f} of {judged:,.0f} emails left out of it."
            )
        elif each.outcome("order") is Outcome.REFUTED:
            told.append(f"{each.name} claims order and broke it {count or 0:,.0f} times.")
    return told


def _cheapest(some: Sequence[Compared]) -> str:
    """Of several, at the traffic of the monthly figure; empty where that is not known."""
    known = [(each.figures.month_usd, each.name) for each in some if each.figures.month_usd]
    if len(known) < 2:
        return ""
    cost_usd, name = min(known)
    return f" The cheapest of them is {name}: {usd(cost_usd)} {A_MONTH}."


def _losses(compared: Sequence[Compared]) -> list[str]:
    told = []
    for each in compared:
        verdict = each.verdicts.get("no-loss")
        if verdict is not None and verdict.outcome is Outcome.REFUTED:
            ids = ", ".join(offence.id for offence in verdict.offences[:3])
            told.append(
                f"{each.name} lost emails that it had acknowledged: "
                f"{each.number('no-loss', 'lost') or 0:,.0f}, such as {ids}."
            )
    safe = [each for each in compared if each.outcome("no-loss") is Outcome.VERIFIED]
    if safe:
        told.append(f"{_names(safe)} lost nothing that was acknowledged, though writes failed.")
    return told


def _feedback(compared: Sequence[Compared]) -> list[str]:
    told = []
    for each in compared:
        if each.outcome("no-false-ack") is Outcome.REFUTED:
            false = each.number("no-false-ack", "false_answers") or 0
            told.append(
                f"{each.name} told its senders {false:,.0f} times that an email was accepted which "
                "SQS had not confirmed: they had no reason to send it again."
            )
    return told


def _duplicates(compared: Sequence[Compared]) -> list[str]:
    again = [each for each in compared if each.figures.redelivered]
    return [
        f"The queue of {each.name} handed {each.figures.redelivered:,} messages out again; "
        f"{each.number('resend-safe', 'duplicated') or 0:,.0f} emails were sent twice."
        for each in again
    ]


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
    told = []
    for each in compared:
        unsure = {
            claim: verdict
            for claim, verdict in each.verdicts.items()
            if verdict.outcome is Outcome.INCONCLUSIVE
        }
        if unsure:
            first = next(iter(unsure.values()))
            reason = (first.reasons or [first.summary])[0]
            told.append(f"Could not tell of {each.name}: {', '.join(unsure)}, for {reason}.")
    return told
