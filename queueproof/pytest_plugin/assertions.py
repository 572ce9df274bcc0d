"""The assertions on what became of the emails: a test fails unless the verdict is `verified`."""

from compliance.verdict import Offence, Outcome, Verdict
from queueproof.pytest_plugin.case import Case
from reports.cards import card_view, text_lines

OFFENCES_SHOWN = 10
CARDS_SHOWN = 3
TIMEOUT_S = 30.0
SETTLE_S = 1.0


class _Assertion:
    """Drains, judges and tells. `timeout_s` bounds the wait for empty queues; `settle_s` is how
    long an empty queue is given when something accepted has not arrived yet.
    """

    def __init__(self, case: Case) -> None:
        self._case = case

    def _judge(self, claim: str, timeout_s: float, settle_s: float) -> None:
        __tracebackhide__ = True
        self._case.drain(timeout_s, settle_s)
        _demand(self._case.verdict(claim), self._case)


class AssertNoLoss(_Assertion):
    """What was accepted was delivered or is in the DLQ, and nothing else was delivered."""

    def __call__(self, *, timeout_s: float = TIMEOUT_S, settle_s: float = SETTLE_S) -> None:
        """Raises AssertionError unless the evidence verifies it; names the emails, and the run."""
        __tracebackhide__ = True
        self._judge("no-loss", timeout_s, settle_s)


class AssertInOrder(_Assertion):
    """Within a message group, emails left in the order in which the queue accepted them."""

    def __call__(self, *, timeout_s: float = TIMEOUT_S, settle_s: float = SETTLE_S) -> None:
        """Raises AssertionError unless the evidence verifies it; needs two emails of a group."""
        __tracebackhide__ = True
        self._judge("order", timeout_s, settle_s)


class AssertNoDuplicates(_Assertion):
    """No email was delivered twice."""

    def __call__(self, *, timeout_s: float = TIMEOUT_S, settle_s: float = SETTLE_S) -> None:
        """Raises AssertionError unless the evidence verifies it; names the emails, and the run."""
        __tracebackhide__ = True
        self._case.drain(timeout_s, settle_s)
        _demand(self._case.duplicates(), self._case)


def _demand(verdict: Verdict, case: Case) -> None:
    __tracebackhide__ = True
    if verdict.outcome is Outcome.VERIFIED:
        return
    raise AssertionError(_told(verdict, case))


def _told(verdict: Verdict, case: Case) -> str:
    """The failure message: ids and what was seen of them, never a recipient or a text."""
    lines = [f"{verdict.claim} {verdict.outcome}: {verdict.summary}"]
    for number, offence in enumerate(verdict.offences[:OFFENCES_SHOWN]):
        lines.append(f"  {_named(offence)}: {offence.what}")
        if number < CARDS_SHOWN and offence.card is not None:
            lines += [f"    {line}".rstrip() for line in text_lines(card_view(offence.card))]
    if verdict.offence_count > OFFENCES_SHOWN:
        lines.append(f"  ... and {verdict.offence_count - OFFENCES_SHOWN:,} more")
    lines += [f"  because {reason}" for reason in verdict.reasons]
    lines.append(f"evidence: {case.folder}  (queueproof report {case.folder})")
    return "\n".join(lines)


def _named(offence: Offence) -> str:
    """The email's key, as the test knows it, and the service's id for it."""
    card = offence.card
    if card is None:
        return offence.id
    key = offence.id if offence.id in card.keys else next(iter(card.keys), offence.id)
    others = [email_id for email_id in card.email_ids if email_id != key]
    return f"{key} ({others[0]})" if others else key
