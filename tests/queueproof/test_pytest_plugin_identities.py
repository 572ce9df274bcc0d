"""One email under many names: what a service that is not ours calls it, brought together."""

import pytest

from queueproof.pytest_plugin.identities import Identities, bare_id


def sent(key, *email_ids):
    rows = [{"kind": "invoke", "key": key}]
    return rows + [{"kind": "ok", "key": key, "email_id": email_id} for email_id in email_ids]


def stored(message_id, dedup_id=None, text="", body="as sent"):
    row = {"event": "stored", "message_id": message_id, "dedup_id": dedup_id}
    return {**row, "text": text, "body_sha256": body}


def then(event, message_id, dedup_id=None):
    row = {"event": event, "message_id": message_id, "dedup_id": dedup_id}
    return {**row, "body_sha256": None}


def ids(rows):
    return [row["dedup_id"] for row in rows]


@pytest.mark.parametrize(
    ("name", "bare"),
    [("<m-1@mail.example.com>", "m-1"), ("m-1", "m-1"), (" m-1 ", "m-1")],
)
def test_a_message_id_is_compared_without_brackets_and_domain(name, bare):
    assert bare_id(name) == bare


@pytest.mark.parametrize(
    "message",
    [
        stored("sqs-1", dedup_id="mail-1"),
        stored("sqs-1", dedup_id="own-id"),
        stored("own-id"),
        stored("sqs-1", text='{"to": "x", "id": "own-id"}'),
        stored("sqs-1", text="please send mail-1."),
    ],
    ids=["key as dedup id", "id as dedup id", "message id", "id in the body", "key in the body"],
)
def test_a_message_is_recognised_by_any_of_its_names(message):
    found = Identities(sent("mail-1", "own-id"))
    assert ids(found.queue_rows([message])) == ["own-id"]


def test_a_longer_word_is_another_email():
    found = Identities(sent("mail-1") + sent("mail-12"))
    assert found.key_in('{"key": "mail-12"}') == "mail-12"
    assert found.key_in("mail-123") is None


def test_a_text_that_names_two_emails_names_none():
    found = Identities(sent("mail-1") + sent("mail-2"))
    assert found.key_in("mail-1 replaces mail-2") is None


def test_a_mere_number_is_not_looked_for_in_texts():
    assert Identities(sent("1000")).key_in("1000 messages") is None


def test_later_rows_of_a_message_follow_the_one_that_stored_it():
    found = Identities(sent("mail-1", "own-id"))
    rows = [stored("sqs-1", text="mail-1"), then("received", "sqs-1"), then("parked", "sqs-1")]
    assert ids(found.queue_rows(rows)) == ["own-id"] * 3


def test_a_body_that_changes_with_each_attempt_is_still_the_same_email():
    found = Identities(sent("mail-1", "own-id"))
    first = stored("sqs-1", dedup_id="mail-1", body="at 10:00")
    repeat = {**stored("sqs-1", dedup_id="mail-1", body="at 10:01"), "event": "absorbed"}
    rows = found.queue_rows([first, repeat])
    assert rows[0]["body_sha256"] == rows[1]["body_sha256"]


def test_a_different_email_absorbed_as_a_repeat_keeps_a_digest_of_its_own():
    """A service that hashes too little loses the second email: that must stay visible."""
    found = Identities(sent("mail-1", "own-1") + sent("mail-2", "own-2"))
    first = stored("sqs-1", dedup_id="hash", text="mail-1")
    other = {**stored("sqs-1", dedup_id="hash", text="mail-2"), "event": "absorbed"}
    rows = found.queue_rows([first, other])
    assert rows[0]["body_sha256"] != rows[1]["body_sha256"]
    assert ids(rows) == ["own-1", "own-1"]


@pytest.mark.parametrize(
    "met",
    [
        {"dedup_ids": ["hash"], "message_ids": ["sqs-1"]},
        {"dedup_ids": None, "message_ids": ["sqs-1"]},
        {"dedup_ids": ["mail-1"]},
        {"dedup_ids": ["own-1"], "message_ids": []},
    ],
    ids=["what the queue calls it", "a receive or a delete", "the key", "the id"],
)
def test_a_fault_is_said_to_have_met_the_email_that_all_ledgers_know(met):
    found = Identities(sent("mail-1", "own-1"))
    queue = [stored("sqs-1", dedup_id="hash", text="mail-1"), then("received", "sqs-1", "hash")]
    (row,) = found.fault_rows([{"event": "fired", **met}], queue)
    assert row["dedup_ids"] == ["own-1"]


def test_what_a_fault_met_of_nobody_keeps_its_name_or_goes():
    found = Identities(sent("mail-1", "own-1"))
    rows = [{"dedup_ids": ["stranger"], "message_ids": ["sqs-9"]}, {"event": "start"}]
    assert [row["dedup_ids"] for row in found.fault_rows(rows, [])] == [["stranger"], []]


def test_texts_do_not_reach_the_evidence():
    (row,) = Identities([]).queue_rows([stored("sqs-1", text="dear Ada")])
    assert "text" not in row
    assert row["dedup_id"] is None


def test_several_ids_for_one_email_become_one():
    found = Identities(sent("mail-1", "first", "second"))
    ok = [row for row in found.sender_rows(sent("mail-1", "first", "second")) if row["email_id"]]
    assert {row["email_id"] for row in ok} == {"first"}
    (row,) = found.sink_rows([{"key": None, "email_id": "second"}])
    assert (row["key"], row["email_id"]) == ("mail-1", "first")


def test_an_accepted_email_without_an_id_goes_by_its_key():
    (_, ok) = Identities(sent("mail-1", None)).sender_rows(sent("mail-1", None))
    assert ok["email_id"] == "mail-1"


def test_the_header_decides_before_the_message_id():
    found = Identities(sent("mail-1", "own-1") + sent("mail-2", "own-2"))
    (row,) = found.sink_rows([{"key": "mail-1", "email_id": "own-2"}])
    assert row["key"] == "mail-1"


def test_a_message_id_in_the_header_is_recognised():
    found = Identities(sent("mail-1", "own-1"))
    (row,) = found.sink_rows([{"key": "<own-1@mail.example.com>", "email_id": "own-1"}])
    assert row["key"] == "mail-1"


def test_a_delivery_that_nobody_knows_is_left_as_it_came():
    row = {"key": "stranger", "email_id": "x"}
    assert Identities(sent("mail-1")).sink_rows([row]) == [row]
