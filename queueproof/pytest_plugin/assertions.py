"""The assertions on what became of the emails: a test fails unless the verdict is `verified`."""

from compliance.verdict import Outcome, Verdict
from queueproof.pytest_plugin.case import Case

OFFENCES_SHOWN = 10
STORIES_SHOWN = 3
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
        named, story = case.story_of(offence.id)
        lines.append(f"  {named}: {offence.what}")
        if number < STORIES_SHOWN:
            lines += [f"    {line}" for line in story]
    if verdict.offence_count > OFFENCES_SHOWN:
        lines.append(f"  ... and {verdict.offence_count - OFFENCES_SHOWN:,} more")
    lines += [f"  because {reason}" for reason in verdict.reasons]
    lines.append(f"evidence: {case.folder}  (queueproof report {case.folder})")
    return "\n".join(lines)
