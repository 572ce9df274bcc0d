"""The story of one email in a failure message."""

from queueproof.pytest_plugin.timeline import LINES_MAX, timeline

LEDGERS = {
    "sender": [
        {"at_s": 11.0, "key": "mail-1", "kind": "invoke", "attempt": 1},
        {"at_s": 11.2, "key": "mail-1", "kind": "info", "attempt": 1, "code": "HTTP 503"},
        {"at_s": 11.3, "key": "mail-1", "kind": "invoke", "attempt": 2},
        {"at_s": 11.5, "key": "mail-1", "kind": "ok", "attempt": 2, "status": 202},
        {"at_s": 11.4, "key": "mail-2", "kind": "invoke", "attempt": 1},
    ],
    "queue": [
        {"at_s": 11.4, "event": "stored", "queue": "mails.fifo", "dedup_id": "own-1"},
        {"at_s": 11.4, "event": "stored", "queue": "mails.fifo", "dedup_id": "own-2"},
    ],
    "sink": [{"at_s": 12.0, "key": "mail-1"}, {"at_s": 12.0, "key": "mail-2"}],
    "faults": [
        {"at_s": 10.0, "event": "start", "fault": "f", "action": None},
        {"at_s": 10.5, "event": "fired", "fault": "f", "action": "SendMessage", "stored": True},
        {"at_s": 11.1, "event": "fired", "fault": "f", "action": "SendMessage", "stored": False},
    ],
}


def test_it_tells_what_happened_to_this_email_and_what_broke_meanwhile():
    assert timeline("mail-1", "own-1", LEDGERS, 10.0) == [
        "    1.000 s  attempt 1",
        "    1.100 s  fault f fired at SendMessage, nothing stored",
        "    1.200 s  attempt 1 ended: info (HTTP 503)",
        "    1.300 s  attempt 2",
        "    1.400 s  stored in mails.fifo",
        "    1.500 s  attempt 2 ended: ok (202)",
        "    2.000 s  delivered",
    ]


def test_a_fault_after_the_answer_is_told_of_an_email_that_never_arrived():
    late = {"at_s": 13.0, "event": "fired", "fault": "late", "action": "SendMessage"}
    ledgers = {**LEDGERS, "faults": [late], "queue": []}
    assert "late" not in "".join(timeline("mail-1", "own-1", ledgers, 10.0))
    lost = timeline("mail-1", "own-1", {**ledgers, "sink": []}, 10.0)
    assert lost[-1] == "    3.000 s  fault late fired at SendMessage"


def test_an_email_that_nobody_saw_has_no_story():
    assert timeline("mail-9", "own-9", LEDGERS, 10.0) == []


def test_a_long_story_is_cut_and_says_so():
    ledgers = {**LEDGERS, "sink": [{"at_s": 12.0, "key": "mail-1"}] * 20}
    told = timeline("mail-1", "own-1", ledgers, 10.0)
    assert len(told) == LINES_MAX + 1
    assert told[-1].strip() == "... and 14 more"
