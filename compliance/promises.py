"""What a configuration does not promise, so that no verdict on it can be had.

A standard queue promises neither order nor a single delivery (SQS Developer Guide,
standard-queues.html); high-throughput mode lifts the very quota that fifo-300 is about. Such a
claim is measured all the same and called "not claimed": neither verified nor refuted.
"""

from compliance.verdict import Outcome, Verdict
from scenarios.configuration import Configuration

NO_ORDER = "a standard queue promises no order"
NO_GROUPS = "in a standard queue no message waits for another"
MAY_REPEAT = "a standard queue may deliver twice, and absorbs no repeat of a sender"
OF_STANDARD = {
    "order": NO_ORDER,
    "groups-apart": NO_GROUPS,
    "resend-safe": MAY_REPEAT,
    "one-queue": NO_ORDER,
    "fifo-300": "a standard queue has no such quota",
}


def why_not_claimed(configuration: Configuration | None, claim: str) -> str | None:
    """None for a claim that holds for this configuration, or would have to."""
    if configuration is None:
        return None
    if claim == "one-queue" and configuration.queue.count == 1:
        return "there is one queue"
    if not configuration.queue.is_fifo:
        return OF_STANDARD.get(claim)
    if claim == "fifo-300" and configuration.queue.high_throughput:
        return "high-throughput mode lifts this quota"
    return None


def judged_by_promise(verdict: Verdict, configuration: Configuration | None) -> Verdict:
    """The verdict, or what was measured without one where nothing was promised."""
    reason = why_not_claimed(configuration, verdict.claim)
    if reason is None:
        return verdict
    assert configuration is not None
    return verdict.model_copy(
        update={
            "outcome": Outcome.NOT_CLAIMED,
            "reasons": [f"not claimed by configuration {configuration.name}: {reason}"],
        }
    )
