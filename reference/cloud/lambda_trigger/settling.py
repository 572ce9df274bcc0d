"""What becomes of a batch, by the way its invocation ended and by what the function answered.

With ReportBatchItemFailures the messages that are listed stay in the queue and the others are
deleted. All of a batch is done when the answer is empty or null, or has an empty or null list.
All of it failed when the invocation did, or when the answer is not such JSON, or an identifier
is empty, null, under a wrong name, or of no message in the batch. Nothing is made visible early:
what stays reappears when its visibility time-out ends. Without ReportBatchItemFailures any answer
means that all is done. Source: Lambda Developer Guide, services-sqs-errorhandling.

Where AWS is silent we chose the stricter reading: an answer that is no object, or a list that is
none, is invalid.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from reference.cloud.lambda_trigger.records import Record


@dataclass(frozen=True)
class Settlement:
    """`done` is to be deleted, `left` reappears; `fault` says why all of it does, if it does."""

    done: list[Record]
    left: list[Record]
    fault: str = ""

    def broken_groups(self) -> set[str]:
        """Groups of which nothing may be handled before what is left has come back."""
        return {record.group for record in self.left if record.group}


def settle_failed(batch: Sequence[Record], fault: str) -> Settlement:
    """After an invocation that failed."""
    return Settlement([], list(batch), fault)


def settle_answered(batch: Sequence[Record], answer: Any, *, reports_failures: bool) -> Settlement:
    """After an invocation that returned."""
    if not reports_failures:
        return Settlement(list(batch), [])
    failed, fault = _failed(answer)
    ids = {record.message_id for record in batch}
    if not fault and not failed <= ids:
        fault = "an identifier names no message of the batch"
    if fault:
        return settle_failed(batch, fault)
    return Settlement(
        [record for record in batch if record.message_id not in failed],
        [record for record in batch if record.message_id in failed],
    )


def _failed(answer: Any) -> tuple[set[str], str]:
    """The identifiers that are listed, or what is wrong with the answer."""
    if answer is None:
        return set(), ""
    if not isinstance(answer, dict):
        return set(), f"the answer is no object but {type(answer).__name__}"
    failures = answer.get("batchItemFailures")
    if failures is None:
        return set(), ""
    if not isinstance(failures, list):
        return set(), "batchItemFailures is no list"
    identifiers: set[str] = set()
    for failure in failures:
        identifier = failure.get("itemIdentifier") if isinstance(failure, dict) else None
        if not isinstance(identifier, str) or not identifier:
            return set(), "an item without an itemIdentifier"
        identifiers.add(identifier)
    return identifiers, ""
