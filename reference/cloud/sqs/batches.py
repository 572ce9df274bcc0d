"""Batch calls: the rules of a batch as a whole, and one outcome for each entry.

An entry that fails does not fail the others, and the call is answered with 200.
Source: API SendMessageBatch, DeleteMessageBatch, ChangeMessageVisibilityBatch.
"""

from collections.abc import Callable
from typing import Any

from reference.cloud.sqs import limits
from reference.cloud.sqs.checks import is_entry_id, shown
from reference.cloud.sqs.errors import (
    BatchEntryIdsNotDistinct,
    EmptyBatchRequest,
    InvalidBatchEntryId,
    SqsError,
    TooManyEntriesInBatchRequest,
)

Entry = dict[str, Any]


def check_entries(entries: list[Entry]) -> None:
    """Raises what SQS answers when a batch as a whole is wrong."""
    if not entries:
        raise EmptyBatchRequest("There should be at least one entry in the request.")
    if len(entries) > limits.BATCH_ENTRIES_MAX:
        raise TooManyEntriesInBatchRequest(
            f"Maximum number of entries per request are {limits.BATCH_ENTRIES_MAX}. "
            f"You have sent {len(entries)}."
        )
    seen: set[str] = set()
    for entry in entries:
        entry_id = entry["Id"]
        if not is_entry_id(entry_id):
            raise InvalidBatchEntryId(
                f"Id {shown(entry_id)} is invalid. A batch entry id can only contain "
                "alphanumeric characters, hyphens and underscores. It can be at most 80 letters "
                "long."
            )
        if entry_id in seen:
            raise BatchEntryIdsNotDistinct(f"Id {entry_id} repeated.")
        seen.add(entry_id)


def run_entries(entries: list[Entry], run: Callable[[Entry], Entry]) -> dict[str, Any]:
    """Run each entry; `run` returns what its result has besides the Id."""
    successful, failed = [], []
    for entry in entries:
        try:
            successful.append({"Id": entry["Id"], **run(entry)})
        except SqsError as error:
            failed.append(
                {
                    "Id": entry["Id"],
                    "SenderFault": error.is_sender_fault,
                    "Code": error.code,
                    "Message": error.message,
                }
            )
    # AWS leaves an empty list out of its answer.
    outcome = {"Successful": successful, "Failed": failed}
    return {name: entries for name, entries in outcome.items() if entries}
