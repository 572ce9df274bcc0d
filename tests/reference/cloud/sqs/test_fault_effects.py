"""What each kind of fault does to callers, queues and the journal of faults."""

import time

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    EndpointConnectionError,
    ReadTimeoutError,
)

from reference.cloud.sqs.app import create_app
from reference.cloud.sqs.background import running

FIFO = {"FifoQueue": "true"}


def send(sqs, url, dedup_id):
    return sqs.send_message(
        QueueUrl=url, MessageBody="m", MessageGroupId="g", MessageDeduplicationId=dedup_id
    )


@pytest.fixture
def journals(list_journal):
    return list_journal(), list_journal()


@pytest.fixture
def faulty(connect, journals, admin):
    """(client, queue URL, function that sets the faults, queue journal, fault journal)"""
    journal, fault_journal = journals
    with running(create_app(journal=journal, fault_journal=fault_journal)) as url:
        sqs = connect(url, read_timeout=2)
        queue = sqs.create_queue(QueueName="q.fifo", Attributes=FIFO)["QueueUrl"]

        def set_faults(*faults):
            admin(url, "faults", "PUT", {"seed": 1, "faults": list(faults)})

        yield sqs, queue, set_faults


@pytest.mark.parametrize(
    ("error", "code", "status"),
    [
        ("InternalFailure", "InternalFailure", 500),
        ("ServiceUnavailable", "ServiceUnavailable", 503),
        ("AccessDenied", "AccessDenied", 403),
        ("throttle", "RequestThrottled", 403),
    ],
)
def test_a_refused_send_is_not_stored(faulty, journals, error, code, status):
    sqs, queue, set_faults = faulty
    set_faults({"kind": "refuse", "label": "r", "error": error, "actions": ["SendMessage"]})
    with pytest.raises(ClientError) as caught:
        send(sqs, queue, "1")
    assert caught.value.response["Error"]["Code"] == code
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
    assert journals[0].events("stored") == []
    (fired,) = journals[1].events("fired")
    assert (fired["fault"], fired["kind"]) == ("r", "refuse")
    assert (fired["stored"], fired["dedup_ids"]) == (False, ["1"])


@pytest.mark.parametrize(
    ("how", "seen"), [("reset", ConnectionClosedError), ("timeout", ReadTimeoutError)]
)
def test_a_send_whose_answer_is_lost_is_stored(faulty, journals, how, seen):
    sqs, queue, set_faults = faulty
    set_faults({"kind": "lose-answer", "label": "l", "how": how, "actions": ["SendMessage"]})
    with pytest.raises(seen):
        send(sqs, queue, "1")
    assert len(journals[0].events("stored")) == 1
    (fired,) = journals[1].events("fired")
    assert (fired["stored"], fired["dedup_ids"]) == (True, ["1"])
    assert len(sqs.receive_message(QueueUrl=queue)["Messages"]) == 1


def test_a_half_stored_batch_is_journalled_in_two_rows(faulty, journals):
    sqs, queue, set_faults = faulty
    set_faults({"kind": "lose-answer", "label": "l"})
    entries = [
        {"Id": "a", "MessageBody": "m", "MessageGroupId": "g", "MessageDeduplicationId": "1"},
        {"Id": "b", "MessageBody": "\x00", "MessageGroupId": "g", "MessageDeduplicationId": "2"},
    ]
    with pytest.raises(ConnectionClosedError):
        sqs.send_message_batch(QueueUrl=queue, Entries=entries)
    rows = [(row["stored"], row["dedup_ids"]) for row in journals[1].events("fired")]
    assert rows == [(True, ["1"]), (False, ["2"])]


def test_in_an_outage_every_connection_is_cut_and_nothing_done(faulty, journals):
    sqs, queue, set_faults = faulty
    set_faults({"kind": "outage", "label": "o", "end_s": 1})
    with pytest.raises((ConnectionClosedError, EndpointConnectionError)):
        send(sqs, queue, "1")
    with pytest.raises((ConnectionClosedError, EndpointConnectionError)):
        sqs.list_queues()
    assert journals[0].events("stored") == []
    time.sleep(1.5)
    send(sqs, queue, "1")
    events = [row["event"] for row in journals[1].rows]
    assert events == ["start", "fired", "fired", "end"]


def test_a_delayed_call_is_done_later(faulty, journals):
    sqs, queue, set_faults = faulty
    set_faults({"kind": "delay", "label": "d", "delay_s": 0.5, "actions": ["SendMessage"]})
    started_s = time.monotonic()
    send(sqs, queue, "1")
    assert time.monotonic() - started_s >= 0.5
    assert journals[1].events("fired")[0]["stored"] is True


def send_batch(sqs, queue, *bodies):
    entries = [
        {"Id": body, "MessageBody": body, "MessageGroupId": body, "MessageDeduplicationId": body}
        for body in bodies
    ]
    return sqs.send_message_batch(QueueUrl=queue, Entries=entries)


def received_bodies(sqs, queue, limit=10):
    answer = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=limit)
    return [message["Body"] for message in answer.get("Messages", [])]


def test_half_a_batch_fails(faulty, journals):
    sqs, queue, set_faults = faulty
    set_faults({"kind": "half-batch", "label": "h"})
    answer = send_batch(sqs, queue, "a", "b", "c")
    assert [each["Id"] for each in answer["Successful"]] == ["a", "c"]
    assert [(each["Id"], each["Code"], each["SenderFault"]) for each in answer["Failed"]] == [
        ("b", "InternalFailure", False)
    ]
    assert received_bodies(sqs, queue) == ["a", "c"]
    rows = [(row["stored"], row["dedup_ids"]) for row in journals[1].events("fired")]
    assert rows == [(True, ["a", "c"]), (False, ["b"])]


def test_an_entry_alone_fails_about_every_second_time(faulty, journals):
    sqs, queue, set_faults = faulty
    set_faults({"kind": "half-batch", "label": "h"})
    answers = [send_batch(sqs, queue, f"m{n}") for n in range(40)]
    failed = [answer["Failed"][0]["Id"] for answer in answers if "Failed" in answer]
    assert 8 <= len(failed) <= 32
    assert all(("Failed" in answer) != ("Successful" in answer) for answer in answers)
    fired = [(row["stored"], *row["dedup_ids"]) for row in journals[1].events("fired")]
    assert fired == [(False, each) for each in failed]


def test_an_entry_alone_fails_at_the_call_that_the_plan_names(faulty):
    sqs, queue, set_faults = faulty
    set_faults({"kind": "half-batch", "label": "h", "nth_call": 2})
    answers = [send_batch(sqs, queue, f"m{n}") for n in range(3)]
    assert ["Failed" in answer for answer in answers] == [False, True, False]


def test_digests_can_be_wrong(faulty):
    sqs, queue, set_faults = faulty
    set_faults({"kind": "wrong-md5", "label": "w"})
    assert send(sqs, queue, "1")["MD5OfMessageBody"] == "0" * 32
    (message,) = sqs.receive_message(QueueUrl=queue)["Messages"]
    assert (message["MD5OfBody"], message["Body"]) == ("0" * 32, "m")


def test_a_receive_can_come_back_empty(faulty, journals):
    sqs, queue, set_faults = faulty
    send(sqs, queue, "1")
    set_faults({"kind": "empty-receive", "label": "e", "nth_call": 1})
    assert received_bodies(sqs, queue) == []
    assert received_bodies(sqs, queue) == ["m"]
    assert len(journals[1].events("fired")) == 1


def test_visibility_can_expire_early(faulty):
    sqs, queue, set_faults = faulty
    send(sqs, queue, "1")
    set_faults({"kind": "early-expiry", "label": "e", "visibility_s": 0, "nth_call": 1})
    (message,) = sqs.receive_message(QueueUrl=queue, VisibilityTimeout=600)["Messages"]
    with pytest.raises(ClientError, match="receipt handle has expired"):
        sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    assert received_bodies(sqs, queue) == ["m"]


def test_a_standard_queue_can_deliver_out_of_order_one_by_one(faulty, journals):
    sqs, _, set_faults = faulty
    queue = sqs.create_queue(QueueName="standard")["QueueUrl"]
    letters = list("abcdefghij")
    entries = [{"Id": each, "MessageBody": each} for each in letters]
    sqs.send_message_batch(QueueUrl=queue, Entries=entries)
    set_faults({"kind": "reorder", "label": "r"})
    alone = [body for _ in range(10) for body in received_bodies(sqs, queue, limit=1)]
    assert sorted(alone) == letters, "each once"
    assert alone != letters, "drawn from those that wait, though each receive returned one"
    for row in journals[1].events("fired"):
        assert (row["fault"], len(row["message_ids"])) == ("r", 1)


def test_a_message_received_while_the_fault_is_on_comes_again_after_its_delete(faulty, journals):
    sqs, _, set_faults = faulty
    queue = sqs.create_queue(QueueName="standard")["QueueUrl"]
    set_faults({"kind": "duplicate", "label": "d", "nth_call": 2})
    assert received_bodies(sqs, queue) == []
    for body in "ab":
        sqs.send_message(QueueUrl=queue, MessageBody=body)
    received = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]
    assert received_bodies(sqs, queue) == [], "in flight until they are deleted"
    entries = [{"Id": each["Body"], "ReceiptHandle": each["ReceiptHandle"]} for each in received]
    forged = {"Id": "forged", "ReceiptHandle": "x"}
    assert journals[1].events("fired") == [], "nothing has happened yet"
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=received[0]["ReceiptHandle"])
    deleted = sqs.delete_message_batch(QueueUrl=queue, Entries=[entries[1], forged])
    assert [each["Id"] for each in deleted["Successful"]] == ["b"]
    assert [each["Id"] for each in deleted["Failed"]] == ["forged"]
    fired = [(row["action"], row["message_ids"]) for row in journals[1].events("fired")]
    assert fired == [
        ("DeleteMessage", [received[0]["MessageId"]]),
        ("DeleteMessageBatch", [received[1]["MessageId"]]),
    ]
    again = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]
    assert [each["MessageId"] for each in again] == [each["MessageId"] for each in received]
    for each in again:
        sqs.delete_message(QueueUrl=queue, ReceiptHandle=each["ReceiptHandle"])
    assert received_bodies(sqs, queue) == []
    assert len(journals[0].events("deleted")) == 2


def test_a_delete_counts_again_once_the_plan_was_taken_back(faulty, journals):
    sqs, queue, set_faults = faulty
    send(sqs, queue, "1")
    set_faults({"kind": "duplicate", "label": "d", "also_fifo": True})
    (message,) = sqs.receive_message(QueueUrl=queue)["Messages"]
    set_faults()
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    assert len(journals[0].events("deleted")) == 1
    assert journals[1].events("fired") == []


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "duplicate", "also_fifo": True},
        {"kind": "reorder", "also_fifo": True},
        {"kind": "early-expiry", "visibility_s": 1},
        {"kind": "wrong-md5"},
    ],
    ids=lambda fault: fault["kind"],
)
def test_a_fault_that_broke_nothing_is_not_journalled(faulty, journals, fault):
    sqs, queue, set_faults = faulty
    set_faults({**fault, "label": "f"})
    assert received_bodies(sqs, queue) == []
    entry = {"Id": "a", "MessageBody": "m", "MessageGroupId": "g"}
    answer = sqs.send_message_batch(
        QueueUrl=queue, Entries=[{**entry, "MessageDeduplicationId": "not one"}]
    )
    assert [each["Id"] for each in answer["Failed"]] == ["a"]
    assert journals[1].events("fired") == []


def test_a_lost_answer_names_the_messages_that_were_deleted(faulty, journals):
    sqs, queue, set_faults = faulty
    sent = send(sqs, queue, "1")
    (message,) = sqs.receive_message(QueueUrl=queue)["Messages"]
    set_faults({"kind": "lose-answer", "label": "l", "actions": ["DeleteMessage"]})
    with pytest.raises(ConnectionClosedError):
        sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    (fired,) = journals[1].events("fired")
    assert (fired["message_ids"], fired["stored"]) == ([sent["MessageId"]], None)


def test_a_repeat_whose_answer_is_lost_is_said_to_be_absorbed(faulty, journals):
    sqs, queue, set_faults = faulty
    first = send(sqs, queue, "1")
    set_faults({"kind": "lose-answer", "label": "l"})
    with pytest.raises(ConnectionClosedError):
        send_batch(sqs, queue, "1", "2")
    rows = [
        (row["stored"], row["absorbed"], row["dedup_ids"]) for row in journals[1].events("fired")
    ]
    assert rows == [(True, True, ["1"]), (True, False, ["2"])]
    assert journals[1].events("fired")[0]["message_ids"] == [first["MessageId"]]


def test_the_failed_half_of_a_batch_has_its_row_on_a_standard_queue_too(faulty, journals):
    sqs, _, set_faults = faulty
    queue = sqs.create_queue(QueueName="standard")["QueueUrl"]
    set_faults({"kind": "half-batch", "label": "h"})
    entries = [{"Id": each, "MessageBody": each} for each in "abc"]
    answer = sqs.send_message_batch(QueueUrl=queue, Entries=entries)
    rows = [(row["stored"], row["message_ids"]) for row in journals[1].events("fired")]
    assert rows == [(True, [each["MessageId"] for each in answer["Successful"]]), (False, [])]


@pytest.mark.parametrize(
    ("ids", "code"),
    [(["a", "a b"], "InvalidBatchEntryId"), (["a", "a"], "BatchEntryIdsNotDistinct")],
)
def test_a_batch_that_is_wrong_as_a_whole_is_not_done_by_half(faulty, journals, ids, code):
    sqs, queue, set_faults = faulty
    set_faults({"kind": "half-batch", "label": "h"})
    entries = [{"Id": each, "ReceiptHandle": "x"} for each in ids]
    with pytest.raises(ClientError, match=code):
        sqs.delete_message_batch(QueueUrl=queue, Entries=entries)
    entries = [{"Id": each, "MessageBody": "m", "MessageGroupId": "g"} for each in ids]
    with pytest.raises(ClientError, match=code):
        sqs.send_message_batch(QueueUrl=queue, Entries=entries)
    assert journals[0].events("stored") == journals[1].events("fired") == []


def test_a_delayed_receive_takes_no_message_for_a_client_that_left(faulty):
    sqs, queue, set_faults = faulty
    send(sqs, queue, "1")
    set_faults({"kind": "delay", "label": "d", "delay_s": 2.5, "actions": ["ReceiveMessage"]})
    with pytest.raises(ReadTimeoutError):
        sqs.receive_message(QueueUrl=queue)
    set_faults()
    time.sleep(1)  # the delay ends meanwhile
    assert received_bodies(sqs, queue) == ["m"]


def test_an_answer_can_trickle_in(faulty):
    sqs, queue, set_faults = faulty
    set_faults({"kind": "slow-body", "label": "s", "body_s": 0.5})
    started_s = time.monotonic()
    send(sqs, queue, "1")
    assert time.monotonic() - started_s >= 0.4
