"""A waiting message of 1 KB takes 2 KB of memory at most, its deduplication id included."""

import tracemalloc

from reference.clock import VirtualClock
from reference.cloud.sqs.engine import Engine
from reference.cloud.sqs.message import Outgoing

# A table that has just grown is half empty: with 2**15 + 1 entries the measure is at its worst.
MESSAGES = 2**15 + 1


def test_a_waiting_message_of_1_kb_takes_2_kb_at_most():
    queue = Engine(VirtualClock()).create_queue("q.fifo", {"FifoQueue": "true"})
    tracemalloc.start()
    try:
        for n in range(MESSAGES):
            body = f"{n:08}" * 128
            queue.send(Outgoing(body, len(body), f"group-{n % 1000}", f"dedup-{n:030}"))
        size_bytes, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert size_bytes / MESSAGES <= 2048


def test_deleted_messages_leave_nothing_behind_once_their_ids_are_free():
    clock = VirtualClock()
    queue = Engine(clock).create_queue("q.fifo", {"FifoQueue": "true"})

    def life(count):
        for n in range(count):
            queue.send(Outgoing("x" * 1024, 1024, f"group-{n % 7}", str(n)))
            (received,) = queue.receive(1)
            queue.delete(received.receipt_handle)
        clock.advance(301)
        queue.dedup.find("any", "group")

    life(500)
    tracemalloc.start()
    try:
        life(5000)
        size_bytes, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # Kept messages would be 5 MB and more; emptied tables and outdated times are 270 KB.
    assert size_bytes < 500_000
