"""What the log does when the disk is full, the power fails, or a record makes no sense."""

import asyncio
import contextlib
import os
import resource
import shutil
import signal
from dataclasses import replace
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from reference.cloud.sqs import datalog
from reference.cloud.sqs.attributes import QueueAttributes
from reference.cloud.sqs.contents import DataError, Recovered
from reference.cloud.sqs.errors import InvalidParameterValue
from reference.cloud.sqs.limits import OFF, STRICT
from reference.cloud.sqs.logfile import LogFile
from reference.cloud.sqs.message import MessageAttribute, Outgoing
from reference.cloud.sqs.records import VERSION, encode

FIFO = {"FifoQueue": "true", "VisibilityTimeout": "60"}


@pytest.fixture
def queue(machine):
    made = machine.engine.create_queue("q.fifo", FIFO)
    asyncio.run(machine.log.commit())
    return made


@contextlib.contextmanager
def full_disk(monkeypatch):
    """Half of every write arrives, then there is no more room."""
    write = os.pwrite

    def full(fd, data, offset):
        if len(data) < 2:
            raise OSError(28, "No space left on device")
        return write(fd, data[: len(data) // 2], offset)

    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", full)
        yield


def is_confirmed(machine):
    try:
        asyncio.run(machine.log.commit())
    except OSError:
        return False
    return True


def ids(machine):
    return [m.dedup_id for m in machine.engine.queue("q.fifo").messages()]


def send(queue, dedup_id):
    return queue.send(Outgoing("m", 1, "g", dedup_id))


def test_a_retry_that_is_absorbed_is_confirmed_only_once_the_first_send_is_on_disk(
    machine, queue, monkeypatch
):
    with full_disk(monkeypatch):
        assert not send(queue, "1").is_repeat
        assert not is_confirmed(machine)
        assert send(queue, "1").is_repeat
        assert not is_confirmed(machine), "nothing is new, but it rests on what is not on disk"
    assert is_confirmed(machine)
    killed = machine.killed()
    assert ids(killed) == ["1"]
    killed.close()


def test_a_message_received_and_deleted_after_a_failed_write_leaves_a_readable_log(
    machine, queue, monkeypatch
):
    send(queue, "0")
    assert is_confirmed(machine)
    with full_disk(monkeypatch):
        send(queue, "1")
        assert not is_confirmed(machine)
    for received in queue.receive(2):
        queue.delete(received.receipt_handle)
    send(queue, "2")
    assert is_confirmed(machine)
    killed = machine.killed()
    assert (ids(killed), killed.found) == (["2"], Recovered(1, 1))
    killed.close()


def test_a_server_killed_with_a_full_disk_comes_back_with_what_it_confirmed(
    machine, queue, monkeypatch
):
    send(queue, "1")
    assert is_confirmed(machine)
    with full_disk(monkeypatch):
        send(queue, "2")
        assert not is_confirmed(machine)
    killed = machine.killed()
    assert ids(killed) == ["1"]
    assert killed.found.torn_bytes > 0
    killed.close()


def test_a_sync_that_fails_is_no_confirmation(machine, queue, monkeypatch):
    def broken(fd):
        raise OSError(5, "Input/output error")

    send(queue, "1")
    with monkeypatch.context() as patch:
        patch.setattr(os, "fdatasync", broken)
        assert not is_confirmed(machine)
    assert is_confirmed(machine)
    machine.restart()
    assert (ids(machine), machine.found) == (["1"], Recovered(1, 1))


class Forgetful(datalog.DataLog):
    """Planted bug: a batch that could not be written is dropped."""

    def _written(self, waiting, batch, writing):
        super()._written(waiting, batch, writing)
        if writing.exception() is not None:
            self._pending.remove(batch)


def test_a_log_that_drops_a_failed_batch_is_noticed(new_machine, monkeypatch):
    machine = new_machine(log_type=Forgetful)
    queue = machine.engine.create_queue("q.fifo", FIFO)
    assert is_confirmed(machine)
    with full_disk(monkeypatch):
        send(queue, "1")
        assert not is_confirmed(machine)
        send(queue, "1")
        assert is_confirmed(machine)


def append(machine, *records):
    machine.close()
    with (machine.folder / "log").open("ab") as log:
        for record in records:
            log.write(encode(record))
    machine.open()


def test_a_record_that_refers_to_something_unknown_costs_nothing_else_and_is_told(machine, queue):
    send(queue, "1")
    stray = {"e": "left", "q": "q.fifo", "order": 7}
    append(
        machine,
        stray,
        {**stray, "q": "never"},
        {"e": "removed", "q": "never"},
        {"e": "strange"},
        {"e": "message", "q": "never", "order": 8, "from": ["q.fifo", 9]},
    )
    assert ids(machine) == ["1"]
    assert machine.found == Recovered(1, 1, 0, tuple(f"log:{n}" for n in range(4, 9)))
    assert str(machine.found) == (
        "found 1 queues with 1 messages and left out 5 records that refer to something unknown, "
        "the first at log:4"
    )
    machine.restart()
    assert machine.found == Recovered(1, 1)


def test_a_log_of_a_later_version_is_refused(machine):
    machine.close()
    start = {"e": "start", "version": VERSION + 1, "key": "00", "last_order": 1}
    (machine.folder / "log").write_bytes(encode(start))
    with pytest.raises(DataError, match=f"version is {VERSION + 1}, and this server reads up to"):
        machine.open()


def test_a_log_of_the_first_version_is_read(machine):
    machine.close()
    message = {"e": "message", "q": "q", "id": "m-1", "body": "m", "attributes": {}, "group": None}
    message |= {"trace": None, "dedup_id": None, "sent_ms": 1, "enqueued_s": 1e9, "order": 8}
    message |= {"entered_s": 1e9, "receives_elsewhere": 0, "source": None, "receives": 0}
    message |= {"received_s": 0, "first_received_ms": None, "visible_at_s": 1e9}
    attributes = QueueAttributes.create({}).texts
    queue = {"e": "queue", "q": "q", "attributes": attributes, "tags": {}}
    queue |= {"created_s": 1, "modified_s": 1}
    records = [
        {"e": "start", "version": 1, "key": "00" * 32, "last_order": 1},
        queue,
        message,
        {**message, "order": 9},
        {"e": "left", "q": "q", "order": 8},
        {"e": "forgot", "q": "q"},
        {**queue, "q": "gone"},
        {"e": "removed", "q": "gone"},
    ]
    (machine.folder / "log").write_bytes(b"".join(map(encode, records)))
    machine.open()
    assert machine.found == Recovered(1, 1)


# Written by a server of that version: one message parked, one in flight, one waits; times as the
# machine's virtual clock begins.
VERSION_2 = Path(__file__).with_name("log_of_version_2.jsonl")


def test_a_log_that_a_server_of_the_second_version_wrote_is_read_to_the_last_detail(machine):
    machine.close()
    shutil.copy(VERSION_2, machine.folder / "log")
    machine.open()
    for _ in range(2):  # the second time as this version has written it
        assert machine.found == Recovered(2, 3)
        (parked,) = machine.engine.queue("dead.fifo").messages()
        assert (parked.body, parked.group, parked.trace_header) == ("parked", "a", "t")
        assert parked.attributes == {"raw": MessageAttribute("Binary", b"\0\xff")}
        assert parked.source_arn == machine.engine.queue("q.fifo").arn
        assert parked.receives_elsewhere == 1
        assert (parked.receive_count, parked.first_received_ms) == (0, 1_700_000_000_000)
        assert machine.engine.queue("q.fifo").depth()[:2] == (1, 1)
        assert ids(machine) == ["2", "3"]
        machine.restart(pause_s=1)
    queue = machine.engine.queue("q.fifo")
    assert all(send(queue, dedup_id).is_repeat for dedup_id in "123")
    (again,) = queue.receive(1, attempt_id="attempt")
    assert (again.message.body, again.message.receive_count) == ("in flight", 1)
    queue.delete(again.receipt_handle)
    assert [each.message.body for each in queue.receive(10)] == ["waits"]


@pytest.mark.parametrize("text", [b"my notes\n", encode({"e": "queue", "q": "q"})])
def test_a_file_that_is_no_log_is_refused_and_kept(machine, text):
    machine.close()
    log = machine.folder / "log"
    log.write_bytes(text)
    with pytest.raises(DataError, match=r"damaged|no log"):
        machine.open()
    assert log.read_bytes() == text


def test_messages_in_flight_beyond_the_look_ahead_come_back(new_machine):
    machine = new_machine(limits=OFF)
    queue = machine.engine.create_queue("q.fifo", FIFO)
    for n in range(6):
        queue.send(Outgoing("m", 1, f"g{n}", str(n)))
    for _ in range(5):
        handle = queue.receive(1)[0].receipt_handle
    machine.limits = replace(STRICT, fifo_look_ahead=2)
    machine.restart()
    queue = machine.engine.queue("q.fifo")
    assert queue.depth()[:2] == (1, 5)
    assert queue.receive(10) == [], "what was never received is beyond the look-ahead"
    queue.delete(handle)
    machine.clock.advance(60)
    received = []
    while more := queue.receive(10):
        received += [each.message.dedup_id for each in more]
        for each in more:
            queue.delete(each.receipt_handle)
    assert received == ["0", "1", "2", "3", "5"]


def test_a_released_message_is_returned_alone_after_a_restart_too(machine, queue):
    for n in range(3):
        send(queue, str(n))
    first = queue.receive(3)[0]
    queue.change_visibility(first.receipt_handle, 0)
    for _ in range(2):  # the second time from a snapshot
        machine.restart()
        assert machine.engine.queue("q.fifo").has_available()
    received = machine.engine.queue("q.fifo").receive(10)
    assert [each.message.dedup_id for each in received] == ["0"]


def test_the_message_whose_timeout_was_set_last_locks_its_group_after_a_restart(machine, queue):
    for n in range(3):
        send(queue, str(n))
    received = queue.receive(3)
    queue.change_visibility(received[2].receipt_handle, 10)
    queue.change_visibility(received[1].receipt_handle, 600)
    for _ in range(2):
        machine.restart()
    machine.clock.advance(60)  # the first and the third are visible again
    queue = machine.engine.queue("q.fifo")
    assert queue.receive(10) == []
    machine.clock.advance(540)
    assert [each.message.dedup_id for each in queue.receive(10)] == ["0", "1", "2"]


def test_a_group_whose_message_set_last_was_deleted_is_open_after_a_restart_too(machine, queue):
    for n in range(3):
        send(queue, str(n))
    received = queue.receive(3)
    for n, timeout_s in ((1, 600), (0, 10), (2, 30)):
        queue.change_visibility(received[n].receipt_handle, timeout_s)
    queue.delete(received[2].receipt_handle)
    for _ in range(2):
        machine.restart()
    machine.clock.advance(10)
    received = machine.engine.queue("q.fifo").receive(10)
    assert [each.message.dedup_id for each in received] == ["0"]


def test_a_third_receive_takes_a_message_out_of_the_age_after_a_restart_too(machine):
    queue = machine.engine.create_queue("q")
    queue.send(Outgoing("m", 1))
    for _ in range(3):
        queue.receive(1, visibility_s=0)
    machine.restart()
    assert machine.engine.queue("q").oldest_age_s() is None


def test_a_receive_can_be_repeated_by_its_attempt_id_after_a_restart(machine, queue):
    send(queue, "1")
    first = queue.receive(1, attempt_id="attempt")
    for _ in range(2):
        machine.restart(pause_s=10)
        queue = machine.engine.queue("q.fifo")
        again = queue.receive(1, attempt_id="attempt")
        assert [each.receipt_handle for each in again] == [first[0].receipt_handle]
    queue.delete(again[0].receipt_handle)
    assert queue.receive(1, attempt_id="attempt") == []


def test_a_burnt_attempt_id_stays_burnt_after_a_restart_until_its_5_minutes_are_over(
    machine, queue
):
    queue.burn_attempt("attempt")
    for _ in range(2):
        machine.restart(pause_s=100)
        with pytest.raises(InvalidParameterValue, match="not valid anymore"):
            machine.engine.queue("q.fifo").receive(1, attempt_id="attempt")
    machine.restart(pause_s=100)
    assert machine.engine.queue("q.fifo").receive(1, attempt_id="attempt") == []


def test_pauses_after_a_purge_and_a_deletion_go_on_after_a_restart(machine, queue):
    machine.engine.create_queue("gone")
    queue.purge()
    machine.engine.delete_queue("gone")
    for _ in range(2):
        machine.restart(pause_s=25)
        with pytest.raises(Exception, match="every 60 seconds"):
            machine.engine.queue("q.fifo").purge()
        with pytest.raises(Exception, match="60 seconds after deleting"):
            machine.engine.create_queue("gone")
    machine.restart(pause_s=10)
    machine.engine.queue("q.fifo").purge()
    machine.engine.create_queue("gone")
    machine.restart()
    assert machine.found == Recovered(2, 0)


def test_purging_and_deleting_a_queue_are_one_record_each(machine, queue):
    for n in range(200):
        send(queue, str(n))
    is_confirmed(machine)
    log = machine.folder / "log"
    before = log.read_bytes().count(b"\n")
    queue.purge()
    send(queue, "again")
    machine.engine.delete_queue("q.fifo")
    is_confirmed(machine)
    assert log.read_bytes().count(b"\n") == before + 3
    machine.restart()
    assert machine.found == Recovered(0, 0)


def test_a_log_file_ends_where_it_did_when_a_write_fails(tmp_path, monkeypatch):
    log = LogFile(tmp_path / "log")
    log.append_synced(b"one\n")
    with full_disk(monkeypatch), pytest.raises(OSError, match="No space"):
        log.append_synced(b"a long one\n")
    log.append_synced(b"two\n")
    assert log.read(0, log.size_bytes) == b"one\ntwo\n"
    log.discard()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.xdist_group("live")
def test_a_server_whose_disk_is_full_confirms_nothing_until_there_is_room(start_with_data, connect):
    def send(dedup_id, size_bytes):
        return sqs.send_message(
            QueueUrl=queue,
            MessageBody="x" * size_bytes,
            MessageGroupId="g",
            MessageDeduplicationId=dedup_id,
        )

    process, url = start_with_data()
    sqs = connect(url)
    try:
        queue = sqs.create_queue(QueueName="q.fifo", Attributes=FIFO)["QueueUrl"]
        other = sqs.create_queue(QueueName="other")["QueueUrl"]
        send("1", 1)
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (20_000, limits[1]))
        for _ in range(2):  # the retry is absorbed
            with pytest.raises(ClientError, match="InternalFailure"):
                send("2", 50_000)
        with pytest.raises(ClientError, match="InternalFailure"):
            sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, limits)
        send("2", 50_000)
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (20_000, limits[1]))
        for _ in range(2):  # the queue is gone, but that may not be told yet
            with pytest.raises(ClientError, match="InternalFailure"):
                sqs.delete_queue(QueueUrl=other)
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, limits)
        received = sqs.receive_message(QueueUrl=queue)["Messages"][0]
        sqs.delete_message(QueueUrl=queue, ReceiptHandle=received["ReceiptHandle"])
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        process, url = start_with_data()
        sqs = connect(url)
        queue = sqs.get_queue_url(QueueName="q.fifo")["QueueUrl"]
        (message,) = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]
        assert len(message["Body"]) == 50_000
    finally:
        process.kill()
        _, errors = process.communicate()
    assert b"found 1 queues with 1 messages;" in errors.replace(b"\n", b";")
