"""Joined groups are seen whatever else is wrong, and only they."""

from compliance.checks.groups_apart import check
from compliance.verdict import Outcome


def sent(story, key, sender_group, queue_group):
    story.invoke(key, group=sender_group)
    story.stored(f"em_{key}", group=queue_group)
    story.outcome("ok", key, email_id=f"em_{key}")
    story.delivered(key)


def test_groups_that_stay_apart_are_verified(story):
    sent(story, "1", "a", "a")
    sent(story, "2", "b", "b")
    sent(story, "3", "b", "b")
    verdict = check(story.history())
    assert verdict.outcome is Outcome.VERIFIED
    assert verdict.summary == "3 emails of 2 groups in 2 groups of the queue, 0 in another's"


def test_two_groups_in_one_of_the_queue_are_refuted_by_the_emails_that_came_later(story):
    sent(story, "1", "a", "all")
    sent(story, "2", "b", "all")
    sent(story, "3", "a", "all")
    sent(story, "4", "b", "all")
    verdict = check(story.history())
    assert verdict.outcome is Outcome.REFUTED
    assert [offence.id for offence in verdict.offences] == ["em_2", "em_4"]


def test_a_group_that_is_split_holds_nobody_up(story):
    sent(story, "1", "a", "a-1")
    sent(story, "2", "a", "a-2")
    sent(story, "3", "b", "b")
    assert check(story.history()).outcome is Outcome.VERIFIED


def test_a_202_that_names_the_message_of_another_email_joins_no_groups(story):
    """That is the business of no-loss: the second email has no message at all."""
    sent(story, "1", "a", "a")
    sent(story, "2", "b", "b")
    story.invoke("3", group="b")
    story.absorbed("em_1")
    story.outcome("ok", "3", email_id="em_1")
    assert check(story.history()).outcome is Outcome.VERIFIED


def test_one_group_alone_proves_nothing(story):
    sent(story, "1", "a", "a")
    verdict = check(story.history())
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert verdict.reasons == ["fewer than two message groups were sent to"]


def test_without_the_queues_journal_nobody_can_tell(story):
    story.invoke("1", group="a")
    story.delivered("1")
    assert "the queue kept no journal" in check(story.history()).reasons[0]
