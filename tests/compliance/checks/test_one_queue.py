"""A group in two queues at a time is seen, and a repeat in another one; a move after it is not."""

from compliance.checks.one_queue import check
from compliance.verdict import Outcome


def put(story, key, queue, group="g", **row):
    row = {"event": "stored", "queue": queue, "dedup_id": f"em_{key}", "group": group, **row}
    story.event("queue", sequence=None, body_sha256="b", **row)


def begin(story, key, queue, group="g"):
    story.invoke(key, group=group)
    put(story, key, queue, group)
    story.outcome("ok", key, email_id=f"em_{key}")


def whole(story, key, queue, group="g"):
    begin(story, key, queue, group)
    story.delivered(key)


def test_groups_that_keep_to_a_queue_are_verified(story):
    whole(story, "1", "a.fifo", "g")
    whole(story, "2", "b.fifo", "h")
    verdict = check(story.history())
    assert verdict.outcome is Outcome.VERIFIED
    assert verdict.summary == (
        "2 emails of 2 groups in 2 queues, 0 put beside another one that waited"
    )


def test_a_group_may_move_once_nothing_of_it_waits(story):
    whole(story, "1", "a.fifo")
    begin(story, "2", "a.fifo")
    story.event("queue", event="parked", queue="a.fifo", dedup_id="em_2")
    whole(story, "3", "b.fifo")
    assert check(story.history()).outcome is Outcome.VERIFIED


def test_a_group_that_moves_while_something_of_it_waits_is_refuted(story):
    begin(story, "1", "a.fifo")
    whole(story, "2", "b.fifo")
    story.delivered("1")
    verdict = check(story.history())
    assert verdict.outcome is Outcome.REFUTED
    (offence,) = verdict.offences
    assert offence.id == "em_2"
    assert offence.what == "was put into b.fifo while em_1 of its group waited in a.fifo"


def test_a_repeat_in_another_queue_is_refuted_though_the_first_one_is_delivered(story):
    whole(story, "1", "a.fifo")
    put(story, "1", "b.fifo")
    verdict = check(story.history())
    assert verdict.outcome is Outcome.REFUTED
    (offence,) = verdict.offences
    assert offence.what == "was put into b.fifo, and itself is in a.fifo already"


def test_after_the_interval_a_repeat_is_another_message_anywhere(story):
    whole(story, "1", "a.fifo")
    put(story, "1", "b.fifo", at_s=301.0)
    assert check(story.history()).outcome is Outcome.VERIFIED


def test_one_queue_alone_proves_nothing(story):
    whole(story, "1", "a.fifo")
    verdict = check(story.history())
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert verdict.reasons == ["fewer than two queues were sent to"]


def test_without_the_queues_journal_nobody_can_tell(story):
    story.invoke("1")
    story.delivered("1")
    assert "the queues kept no journal" in check(story.history()).reasons[0]
