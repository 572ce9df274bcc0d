"""SendMessage and SendMessageBatch: from checked parameters to stored messages and back."""

from functools import partial
from typing import Any

from reference.cloud.sqs import limits
from reference.cloud.sqs.attributes import QueueAttributes
from reference.cloud.sqs.batches import check_entries, run_entries
from reference.cloud.sqs.checks import check_range, encoded_body
from reference.cloud.sqs.dedup import NO_DEDUP_ID, effective_dedup_id
from reference.cloud.sqs.errors import BatchRequestTooLong, InvalidParameterValue, SqsError
from reference.cloud.sqs.message import (
    Attributes,
    MessageAttribute,
    Outgoing,
    attributes_size_bytes,
    check_attribute,
    md5_of_attributes,
    md5_of_body,
)
from reference.cloud.sqs.queue import Queue

Params = dict[str, Any]


def outgoing_from(params: Params) -> Outgoing:
    """A message as the queue takes it.

    Raises InvalidParameterValue or InvalidMessageContents.
    """
    return _outgoing(params, encoded_body(params["MessageBody"]))


def _outgoing(params: Params, encoded: bytes) -> Outgoing:
    size_bytes = len(encoded)
    attributes: Attributes | None = None
    if given := params.get("MessageAttributes"):
        attributes = _attributes_from(given)
        size_bytes += attributes_size_bytes(attributes)
    system_attributes = params.get("MessageSystemAttributes")
    delay_s = params.get("DelaySeconds")
    if delay_s is not None:
        check_range("DelaySeconds", delay_s, 0, limits.DELAY_S_MAX)
    return Outgoing(
        params["MessageBody"],
        size_bytes,
        params.get("MessageGroupId"),
        params.get("MessageDeduplicationId"),
        # A FIFO queue accepts 0 per message and takes it for the queue's own delay.
        delay_s,
        attributes,
        _trace_header(system_attributes) if system_attributes else None,
    )


def _attributes_from(given: Params) -> Attributes:
    if len(given) > limits.MESSAGE_ATTRIBUTES_MAX:
        raise InvalidParameterValue(
            f"Number of message attributes [{len(given)}] exceeds the allowed maximum "
            f"[{limits.MESSAGE_ATTRIBUTES_MAX}]."
        )
    return {
        name: check_attribute(
            name, value["DataType"], value.get("StringValue", value.get("BinaryValue"))
        )
        for name, value in given.items()
    }


def _trace_header(given: Params) -> str | None:
    for name, value in given.items():
        if name != "AWSTraceHeader" or value["DataType"] != "String":
            raise InvalidParameterValue(
                f"Message system attribute name '{name[:80]}' is invalid. The only one that can "
                "be sent is AWSTraceHeader, of type String."
            )
    header: str | None = given["AWSTraceHeader"].get("StringValue")
    return header


def send(queue: Queue, params: Params) -> Params:
    """SendMessage."""
    encoded = encoded_body(params["MessageBody"])
    outgoing = _outgoing(params, encoded)
    if outgoing.size_bytes > limits.BILLED_CHUNK_BYTES:
        queue.counters.sent_further_chunks += limits.further_chunks(outgoing.size_bytes)
    return _stored(queue, outgoing, encoded)


def _stored(queue: Queue, outgoing: Outgoing, encoded: bytes) -> Params:
    sent = queue.send(outgoing)
    answer = {"MessageId": sent.message_id, "MD5OfMessageBody": md5_of_body(encoded)}
    if outgoing.attributes:
        answer["MD5OfMessageAttributes"] = md5_of_attributes(outgoing.attributes)
    if outgoing.trace_header is not None:
        header = MessageAttribute("String", outgoing.trace_header)
        answer["MD5OfMessageSystemAttributes"] = md5_of_attributes({"AWSTraceHeader": header})
    if sent.sequence_number is not None:
        answer["SequenceNumber"] = sent.sequence_number
    return answer


def send_batch(queue: Queue, params: Params) -> Params:
    """SendMessageBatch."""
    entries = params["Entries"]
    size_bytes = check_batch(queue.attributes, entries)
    queue.counters.sent_further_chunks += limits.further_chunks(size_bytes)
    return run_entries(entries, partial(_send_entry, queue))


def _send_entry(queue: Queue, entry: Params) -> Params:
    encoded = encoded_body(entry["MessageBody"])
    return _stored(queue, _outgoing(entry, encoded), encoded)


def check_batch(attributes: QueueAttributes | None, entries: list[Params]) -> int:
    """The batch's bytes. Raises what SQS answers when a batch as a whole is wrong.

    Without the queue's attributes its type is not known, and not looked at.
    """
    check_entries(entries)
    if attributes is not None and attributes.is_fifo:
        for entry in entries:
            _check_ids(attributes, entry)
    size_bytes = sum(_size_bytes(entry) for entry in entries)
    if size_bytes > limits.MESSAGE_BYTES_MAX:
        raise BatchRequestTooLong(
            f"Batch requests cannot be longer than {limits.MESSAGE_BYTES_MAX} bytes. "
            f"You have sent {size_bytes} bytes."
        )
    return size_bytes


def _check_ids(attributes: QueueAttributes, entry: Params) -> None:
    """An entry without its ids fails the whole batch of a FIFO queue, as recorded from AWS."""
    if "MessageGroupId" not in entry:
        raise InvalidParameterValue("The request must contain the parameter MessageGroupId.")
    if "MessageDeduplicationId" not in entry and not attributes.content_based_dedup:
        raise InvalidParameterValue(NO_DEDUP_ID)


def _size_bytes(entry: Params) -> int:
    try:
        return outgoing_from(entry).size_bytes
    except SqsError:
        return len(entry["MessageBody"].encode())  # the entry will fail alone


def dedup_ids(attributes: QueueAttributes | None, action: str, params: Params) -> dict[str, str]:
    """The deduplication ids that a send carries, by entry id; "" stands for a single send.

    Without the queue's attributes only explicit ids are known. Empty for other actions and for
    messages without one; never raises, as it serves journals.
    """
    if action == "SendMessage":
        entries = [{**params, "Id": ""}]
    elif action == "SendMessageBatch":
        entries = params["Entries"]
    else:
        return {}
    found = {}
    for entry in entries:
        dedup_id = entry.get("MessageDeduplicationId")
        if dedup_id is None and attributes is not None and attributes.is_fifo:
            try:
                dedup_id = effective_dedup_id(attributes, outgoing_from(entry))
            except SqsError:
                continue
        if dedup_id is not None:
            found[entry["Id"]] = dedup_id
    return found
