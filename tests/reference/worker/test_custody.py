"""Runs are counted exactly, and no stranger's words become an id."""

from reference.domain import email_id_for
from reference.sqs_client import Received
from reference.worker.custody import Custody, Hands, read


def received(message_id, group):
    return read(Received(message_id, f"handle-{message_id}", "", group, "", 1))


def test_a_receive_becomes_one_run_for_each_group_in_order():
    hands = Hands()
    custody = Custody(hands=hands)
    messages = [received("1", "g"), received("2", "h"), received("3", "g")]
    runs = custody.take(messages, visible_at_s=30.0)
    assert [[held.message.message_id for held in run.messages] for run in runs] == [
        ["1", "3"],
        ["2"],
    ]
    custody.drop(runs[0], [messages[0]])
    assert not hands.wait_for_fewer_than(2, timeout_s=0)
    custody.drop(runs[0], [messages[0]])  # twice is once
    custody.drop(runs[0], [messages[2]])
    assert custody.runs() == [runs[1]]
    assert hands.wait_for_fewer_than(2, timeout_s=0)


def test_messages_without_a_group_do_not_wait_for_each_other():
    runs = Custody().take([received("1", ""), received("2", "")], visible_at_s=30.0)
    assert [len(run.messages) for run in runs] == [1, 1]


def test_the_id_of_a_strangers_message_is_never_the_strangers_words():
    ours, theirs = email_id_for("shop", "k"), "bob@example.com"
    ids = [read(Received("m-1", "h", "{}", "g", each, 1)).email_id for each in (ours, theirs, "")]
    assert ids == [ours, "m-1", "m-1"]
