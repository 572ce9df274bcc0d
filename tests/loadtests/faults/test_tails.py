"""A fault that waits for an event sees it once, when it is written, and only then."""

from loadtests.faults.tails import LedgerTail, Triggers
from scenarios.faults import Trigger


def append(path, text):
    with path.open("a") as file:
        file.write(text)


def test_rows_are_counted_once_and_by_event(tmp_path):
    ledger = tmp_path / "queue.jsonl"
    tail = LedgerTail(ledger)
    tail.look()
    append(ledger, '{"event": "stored"}\n{"event": "received"}\n')
    tail.look()
    tail.look()
    append(ledger, '{"event": "stored"}\n')
    tail.look()
    assert tail.counts == {"stored": 2, "received": 1}


def test_a_row_counts_only_once_it_is_whole(tmp_path):
    ledger = tmp_path / "queue.jsonl"
    tail = LedgerTail(ledger)
    append(ledger, '{"event": "sto')
    tail.look()
    assert not tail.counts
    append(ledger, 'red"}\n')
    tail.look()
    assert tail.counts == {"stored": 1}


def test_what_was_there_before_does_not_count(tmp_path):
    ledger = tmp_path / "queue.jsonl"
    append(ledger, '{"event": "stored"}\n')
    tail = LedgerTail(ledger)
    append(ledger, '{"event": "stored"}\n')
    tail.look()
    assert tail.counts == {"stored": 1}


def test_torn_and_foreign_lines_are_passed_over(tmp_path):
    ledger = tmp_path / "queue.jsonl"
    tail = LedgerTail(ledger)
    append(ledger, '{"event": "st\x18\n[1]\n{}\nnonsense\n{"event": "stored"}\n')
    tail.look()
    assert tail.counts == {"stored": 1}


def test_each_delivery_of_the_sink_counts(tmp_path):
    triggers = Triggers(tmp_path, {"sink", "worker"})
    trigger = Trigger(ledger="sink", event="delivered", count=2)
    append(tmp_path / "sink.jsonl", '{"key": "a"}\n')
    triggers.look()
    assert not triggers.has_come(trigger)
    append(tmp_path / "sink.jsonl", '{"key": "b"}\n')
    triggers.look()
    assert triggers.has_come(trigger)
