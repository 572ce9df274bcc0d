"""`--data`: what a restart brings back, what a kill loses (nothing confirmed), what is told."""

import asyncio
import json
import os
import random
import signal
import threading
import time

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from reference.clock import VirtualClock
from reference.cloud.sqs.contents import DataError, Recovered
from reference.cloud.sqs.datalog import DataLog
from reference.cloud.sqs.message import Message, MessageAttribute, Outgoing

FIFO = {"FifoQueue": "true", "VisibilityTimeout": "60"}


def test_everything_that_counts_comes_back(machine):
    dead = machine.engine.create_queue("dead.fifo", FIFO, {"team": "mail"})
    policy = json.dumps({"deadLetterTargetArn": dead.arn, "maxReceiveCount": 1})
    queue = machine.engine.create_queue("q.fifo", {**FIFO, "RedrivePolicy": policy})
    attributes = {"raw": MessageAttribute("Binary", b"\x00\xff")}
    for n, group in enumerate("aabbcc"):
        queue.send(Outgoing(f"text {n}", 6, group, str(n), attributes=attributes))
    queue.receive(1, visibility_s=0)
    received = queue.receive(2)
    assert machine.engine.find("dead.fifo").depth().visible == 0
    queue.delete(received[1].receipt_handle)
    machine.engine.set_attributes("q.fifo", {"DelaySeconds": "30"})
    queue.send(Outgoing("later", 5, "d", "7"))
    before = machine.state()
    machine.restart()
    assert machine.state() == before
    assert machine.found == Recovered(2, 6)


def test_locks_handles_and_deduplication_go_on_after_a_restart(machine):
    queue = machine.engine.create_queue("q.fifo", FIFO)
    for n in range(3):
        queue.send(Outgoing("m", 1, "g", str(n)))
    first, second = queue.receive(2)
    queue.delete(first.receipt_handle)
    machine.restart(pause_s=10)
    queue = machine.engine.queue("q.fifo")
    assert queue.receive(10) == [], "the group is still locked"
    assert queue.send(Outgoing("m", 1, "g", "0")).is_repeat
    queue.delete(second.receipt_handle)
    assert [each.message.dedup_id for each in queue.receive(10)] == ["2"]


def test_messages_in_flight_on_a_standard_queue_come_back_once(machine):
    queue = machine.engine.create_queue("q")
    for _ in range(3):
        queue.send(Outgoing("m", 1))
    queue.receive(2)
    machine.restart()
    queue = machine.engine.queue("q")
    assert queue.depth()[:2] == (1, 2)
    machine.clock.advance(60)
    received = [each.message.message_id for each in queue.receive(10)]
    assert (len(received), len(set(received))) == (3, 3)


def test_a_parked_message_keeps_what_happened_to_it_before(machine):
    dead = machine.engine.create_queue("dead")
    policy = json.dumps({"deadLetterTargetArn": dead.arn, "maxReceiveCount": 1})
    queue = machine.engine.create_queue("q", {"RedrivePolicy": policy})
    attributes = {"a": MessageAttribute("Binary", b"\0"), "b": MessageAttribute("String", "c")}
    queue.send(Outgoing("m", 1, attributes=attributes, trace_header="t"))
    machine.clock.advance(3)
    queue.receive(1, visibility_s=0)
    machine.clock.advance(4)
    queue.receive(1)

    def known():
        (message,) = machine.engine.queue("dead").messages()
        ages_s = [
            round(machine.clock.now_s() - at_s, 3)
            for at_s in (message.enqueued_s, message.entered_s, message.visible_at_s)
        ]
        on_clock = {"enqueued_s", "entered_s", "visible_at_s", "received_s"}
        return ages_s, {
            name: getattr(message, name) for name in Message.__slots__ if name not in on_clock
        }

    before = known()
    machine.restart()
    assert known() == before


def test_time_goes_on_while_the_server_is_down(machine):
    queue = machine.engine.create_queue("q.fifo", {**FIFO, "MessageRetentionPeriod": "100"})
    queue.send(Outgoing("m", 1, "g", "0"))
    queue.receive(1)
    machine.restart(pause_s=61)
    assert len(machine.engine.queue("q.fifo").receive(1)) == 1
    machine.restart(pause_s=40)
    assert machine.engine.queue("q.fifo").depth()[:2] == (0, 0)


def test_a_wall_clock_that_was_set_back_breaks_nothing(machine):
    queue = machine.engine.create_queue("q.fifo", FIFO)
    queue.send(Outgoing("m", 1, "g", "0"))
    machine.restart(pause_s=-3600)
    queue = machine.engine.queue("q.fifo")
    assert queue.send(Outgoing("m", 1, "g", "0")).is_repeat
    assert queue.oldest_age_s() == 0


def test_purges_deletions_and_new_sequence_numbers_survive(machine):
    queue = machine.engine.create_queue("q.fifo", FIFO)
    machine.engine.create_queue("gone")
    old = queue.send(Outgoing("m", 1, "g", "0"))
    queue.purge()
    machine.engine.delete_queue("gone")
    machine.restart()
    assert [each.name for each in machine.engine] == ["q.fifo"]
    new = machine.engine.queue("q.fifo").send(Outgoing("m", 1, "g", "0"))
    assert not new.is_repeat
    assert new.sequence_number > old.sequence_number


# Times off the round ones, as wall-clock seconds are kept to a fraction of a microsecond only.
# One group: whose turn it is among groups may differ after a restart, as AWS promises nothing.
def test_a_random_life_with_restarts_equals_one_without(new_machine):
    def live(folder, restarts):
        randomness = random.Random(5)
        machine = new_machine(folder)
        machine.engine.create_queue("q.fifo", FIFO)
        bodies = []
        for step in range(400):
            queue = machine.engine.queue("q.fifo")
            match randomness.choice("ssrrdct"):
                case "s":
                    queue.send(Outgoing(f"m{step}", 1, "g", str(step % 50)))
                case "r":
                    received = queue.receive(randomness.choice([1, 3, 10]))
                    bodies += [each.message.body for each in received]
                    handle = received[-1].receipt_handle if received else None
                    if handle and randomness.random() < 0.8:
                        queue.delete(handle)
                    elif handle:
                        queue.change_visibility(handle, 5)
                case _:
                    machine.clock.advance(randomness.choice([1.37, 20.11, 70.53]))
            if restarts and step % 40 == 39:
                machine.restart()
        depth = machine.engine.queue("q.fifo").depth()
        machine.close()
        return sorted(bodies), depth

    assert live("a", restarts=True) == live("b", restarts=False)


@pytest.mark.parametrize("cut_bytes", [1, 20, 200])
def test_a_torn_tail_is_cut_off_and_said(machine, cut_bytes):
    queue = machine.engine.create_queue("q.fifo", FIFO)
    for n in range(5):
        queue.send(Outgoing("m", 1, "g", str(n)))
    machine.close()
    log = machine.folder / "log"
    os.truncate(log, log.stat().st_size - cut_bytes)
    machine.open()
    assert machine.found.torn_bytes > 0
    assert machine.engine.queue("q.fifo").depth().visible == 4
    machine.restart()
    assert machine.found.torn_bytes == 0


def test_wherever_the_log_is_torn_no_message_is_lost_or_doubled(machine):
    dead = machine.engine.create_queue("dead.fifo", FIFO)
    policy = json.dumps({"deadLetterTargetArn": dead.arn, "maxReceiveCount": 1})
    queue = machine.engine.create_queue("q.fifo", {**FIFO, "RedrivePolicy": policy})
    queue.send(Outgoing("m", 1, "g", "1"))
    queue.receive(1, visibility_s=0)
    asyncio.run(machine.log.commit())
    log = machine.folder / "log"
    before_bytes = log.stat().st_size
    queue.receive(1)  # parks the message
    queue.send(Outgoing("m", 1, "g", "2"))
    machine.close()
    whole = log.read_bytes()
    for size in range(before_bytes, len(whole) + 1, 7):
        log.write_bytes(whole[:size])
        machine.open()
        ids = [m.dedup_id for each in machine.engine for m in each.messages()]
        assert ids.count("1") == 1
        is_second_stored = ids.count("2") == 1
        again = machine.engine.queue("q.fifo").send(Outgoing("m", 1, "g", "2"))
        assert again.is_repeat == is_second_stored
        machine.close()
    machine.open()


def test_damage_in_the_middle_is_refused_with_its_line(machine):
    queue = machine.engine.create_queue("q.fifo", FIFO)
    for body in ("mmm", "n"):
        queue.send(Outgoing(body, 1, "g", body))
    machine.close()
    log = machine.folder / "log"
    original = log.read_bytes()
    log.write_bytes(original.replace(b'"mmm"', b'"xxx"'))
    with pytest.raises(DataError, match="log:3: damaged in the middle"):
        machine.open()
    log.write_bytes(original)
    machine.open()


def test_two_servers_cannot_share_a_folder(machine):
    with pytest.raises(DataError, match="another server uses it"):
        DataLog(machine.folder, machine.clock)


def test_a_folder_that_cannot_be_one_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="file"):
        DataLog(tmp_path / "file", VirtualClock())


def test_calls_that_come_together_share_one_sync(machine, monkeypatch):
    syncs = []
    monkeypatch.setattr(os, "fdatasync", syncs.append)
    queue = machine.engine.create_queue("q.fifo", FIFO)

    async def send_and_commit(n):
        queue.send(Outgoing("m", 1, "g", str(n)))
        await machine.log.commit()

    async def many():
        await asyncio.gather(*(send_and_commit(n) for n in range(100)))

    asyncio.run(many())
    assert 1 <= len(syncs) <= 3


class Counted(DataLog):
    """Counts how often it looks whether enough calls wait."""

    looks = 0

    def _start_or_gather(self, *given):
        self.looks += 1
        super()._start_or_gather(*given)


@pytest.mark.parametrize("again", [1, 3])
def test_calls_wait_for_those_who_were_answered_without_looking_again_and_again(
    new_machine, monkeypatch, again
):
    machine = new_machine(log_type=Counted)
    log, queue = machine.log, machine.engine.create_queue("q")
    syncing, may_end = threading.Event(), threading.Event()

    def sync(fd):
        syncing.set()
        assert may_end.wait(10)
        machine.clock.advance(10)  # a slow disk: half of that is longer than the test may take

    def call():
        queue.send(Outgoing("m", 1))
        return log.once_on_disk(None)

    async def live():
        answered = [call() for _ in range(2)]
        assert await asyncio.to_thread(syncing.wait, 10)
        answered.append(call())
        may_end.set()
        await asyncio.gather(*answered[:2])
        log.looks = 0
        answered += [call() for _ in range(again - 1)]
        await asyncio.wait_for(asyncio.gather(*answered), 5)

    if again == 3:  # as many as are expected: they wait for no time to pass
        monkeypatch.setattr("reference.cloud.sqs.datalog._GATHER_S_MAX", 60)
    monkeypatch.setattr(os, "fdatasync", sync)
    asyncio.run(live())
    assert log.looks <= 4


def test_a_log_that_has_grown_is_begun_anew_while_running(new_machine):
    machine = new_machine(renew_bytes_min=20_000)
    queue = machine.engine.create_queue("q.fifo", FIFO)

    async def live():
        for n in range(500):
            machine.clock.advance(10)
            queue.send(Outgoing(f"m{n}", 4, "g", str(n)))
            (received,) = queue.receive(1)
            if n < 490:
                queue.delete(received.receipt_handle)
            else:
                queue.change_visibility(received.receipt_handle, 0)
            await machine.log.commit()

    asyncio.run(live())
    assert (machine.folder / "log").stat().st_size < 40_000
    before = machine.state()
    machine.restart()
    assert machine.state() == before
    assert machine.found == Recovered(1, 10)


def test_a_full_disk_fails_the_call_and_leaves_a_readable_log(machine, monkeypatch):
    queue = machine.engine.create_queue("q.fifo", FIFO)
    asyncio.run(machine.log.commit())
    write = os.pwrite

    def full(fd, data, offset):
        write(fd, data[: len(data) // 2], offset)
        raise OSError(28, "No space left on device")

    queue.send(Outgoing("m", 1, "g", "1"))
    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", full)
        with pytest.raises(OSError, match="No space left"):
            asyncio.run(machine.log.commit())
    queue.send(Outgoing("m", 1, "g", "2"))
    asyncio.run(machine.log.commit())
    machine.restart()
    assert machine.found.torn_bytes == 0
    assert [m.dedup_id for m in machine.engine.queue("q.fifo").messages()] == ["1", "2"]


def test_a_killed_server_loses_nothing_that_it_confirmed(start_with_data, connect):
    process, url = start_with_data()
    sqs = connect(url)
    queue = sqs.create_queue(QueueName="q.fifo", Attributes=FIFO)["QueueUrl"]
    confirmed = []

    def send(worker):
        client = connect(url)
        for n in range(10_000):
            body = f"{worker}-{n}"
            try:
                client.send_message(
                    QueueUrl=queue,
                    MessageBody=body,
                    MessageGroupId=str(worker),
                    MessageDeduplicationId=body,
                )
            except (BotoCoreError, ClientError):
                return
            confirmed.append(body)

    threads = [threading.Thread(target=send, args=(worker,)) for worker in range(4)]
    for thread in threads:
        thread.start()
    while len(confirmed) < 100:
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    for thread in threads:
        thread.join()

    process, url = start_with_data()
    try:
        sqs = connect(url)
        queue = sqs.get_queue_url(QueueName="q.fifo")["QueueUrl"]
        kept = []
        while messages := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get(
            "Messages"
        ):
            kept += [message["Body"] for message in messages]
            sqs.delete_message_batch(
                QueueUrl=queue,
                Entries=[
                    {"Id": str(n), "ReceiptHandle": message["ReceiptHandle"]}
                    for n, message in enumerate(messages)
                ],
            )
    finally:
        process.terminate()
        _, errors = process.communicate()
    assert set(confirmed) <= set(kept)
    assert len(kept) == len(set(kept))
    assert b"found 1 queues" in errors
