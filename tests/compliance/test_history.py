"""The checker's sets on histories written by hand, one anomaly each."""

import pytest

from compliance.planned import recipient_digests

SETS = (
    "lost",
    "duplicated",
    "recovered",
    "denied",
    "unexpected",
    "misdelivered",
    "swapped",
    "parked",
    "swallowed",
    "reordered",
)


def nonempty(story):
    sets = story.history().sets
    return {name: getattr(sets, name) for name in SETS if getattr(sets, name)}


def test_healthy_history_has_no_anomaly(story):
    for key in "abc":
        story.healthy(key)
    assert nonempty(story) == {}
    assert story.history().sets.acknowledged == 3


def test_acknowledged_and_never_delivered_is_lost(story):
    story.healthy("a")
    story.invoke("b")
    story.stored("em_b")
    story.outcome("ok", "b", email_id="em_b")
    assert nonempty(story) == {"lost": 1}
    assert [offence.id for offence in story.history().offences("lost", "", 9)] == ["em_b"]


def test_acknowledged_and_parked_is_not_lost(story):
    story.invoke("a")
    story.stored("em_a")
    story.outcome("ok", "a", email_id="em_a")
    story.parked("em_a")
    assert nonempty(story) == {"parked": 1}


@pytest.mark.parametrize("event", ["purged", "expired", "deleted"])
def test_what_left_the_dlq_again_and_reached_nobody_is_lost(story, event):
    story.invoke("a")
    story.stored("em_a")
    story.outcome("ok", "a", email_id="em_a")
    story.parked("em_a")
    story.gone(event, "em_a")
    assert nonempty(story) == {"lost": 1}


def test_delivered_though_every_answer_was_a_refusal_is_denied(story):
    story.invoke("a")
    story.stored("em_a")
    story.outcome("fail", "a", status=400)
    story.delivered("a")
    assert nonempty(story) == {"denied": 1}


def test_delivered_to_somebody_else_is_misdelivered(make_story):
    """The seed says to whom each planned email goes."""
    planned = (
        make_story(key_prefix="s").history().rows("select key, recipients_sha256 from planned")
    )
    (right, digest), (wrong, _) = planned[:2]
    story = make_story(name="misdelivering", key_prefix="s")
    for key in (right, wrong):
        story.invoke(key)
        story.stored(f"em_{key}")
        story.outcome("ok", key, email_id=f"em_{key}")
        story.delivered(key, recipients=digest)
    assert nonempty(story) == {"misdelivered": 1}
    assert [o.id for o in story.history().offences("misdelivered", "", 9)] == [f"em_{wrong}"]


PEOPLE = """
name = "hand-made"
summary = "written by a test"

[load]
kind = "emails"
arrivals = "even"
rate_per_s = 10
duration_s = 1
people = 4
"""


def told(make_story, texts):
    """Planned emails in turn about four people, each delivered with the text given."""
    story = make_story(PEOPLE, key_prefix="s")
    for number, text in enumerate(texts):
        key = f"s-{number:06d}"
        story.invoke(key)
        story.stored(f"em_{key}")
        story.outcome("ok", key, email_id=f"em_{key}")
        digest = recipient_digests(4, 1)[number % 4]
        story.delivered(key, recipients=digest, text=text)
    return story


def test_the_right_recipient_with_somebody_else_s_text_is_swapped(make_story):
    story = told(make_story, ["a", "b", "c", "d", "a", "a", "c"])
    assert nonempty(story) == {"swapped": 1}
    assert [o.id for o in story.history().offences("swapped", "", 9)] == ["em_s-000005"]


@pytest.mark.parametrize(
    "texts",
    [
        ["a", "b", "c", "d", "a", "b", "c", "d"],
        ["same"] * 8,  # a template that says nothing about anybody
        list("abcdefgh"),  # different in every email: nobody can tell
        ["a", "b", "c", "d", "a footer", "b", "c", "d"],  # one's own text may change
        [None] * 8,
    ],
)
def test_texts_that_belong_to_one_person_or_to_nobody_are_not_swapped(make_story, texts):
    assert nonempty(told(make_story, texts)) == {}


def test_each_provider_may_show_an_email_in_its_own_way(make_story):
    story = told(make_story, ["a", "b", "c", "d"])
    story.invoke("s-000005")
    story.delivered("s-000005", recipients=recipient_digests(4, 1)[1], text="a", provider="ses")
    assert story.history().sets.swapped == 0


@pytest.mark.parametrize("kind", ["info", "fail", None])
def test_without_a_202_nothing_is_lost(story, kind):
    story.invoke("a")
    if kind:
        story.outcome(kind, "a")
    assert nonempty(story) == {}


@pytest.mark.parametrize("kind", ["info", None])
def test_unknown_yet_delivered_is_recovered(story, kind):
    """Also when the sender died before it saw any answer."""
    story.invoke("a")
    story.stored("em_a")
    if kind:
        story.outcome(kind, "a")
    story.delivered("a")
    assert nonempty(story) == {"recovered": 1}


def test_delivered_twice_is_duplicated(story):
    story.healthy("a")
    story.delivered("a")
    assert nonempty(story) == {"duplicated": 1}


def test_delivered_without_an_attempt_is_unexpected(story):
    story.healthy("a")
    story.delivered("ghost")
    assert nonempty(story) == {"unexpected": 1}


def test_different_email_absorbed_under_one_id_is_swallowed(story):
    story.healthy("a")
    story.absorbed("em_a", body="another")
    assert nonempty(story) == {"swallowed": 1}


def test_same_email_absorbed_is_what_deduplication_is_for(story):
    story.healthy("a")
    story.absorbed("em_a")
    assert nonempty(story) == {}


def test_overtaken_within_a_group_is_reordered(story):
    for number, key in enumerate("abc"):
        story.stored(f"em_{key}", sequence=number)
    for key in "acb":
        story.invoke(key)
        story.delivered(key)
    sets = story.history().sets
    assert sets.reordered == 1
    assert [o.id for o in story.history().offences("reordered", "", 9)] == ["em_b"]


def test_a_group_of_the_sender_keeps_its_order_over_several_groups_of_the_queue(story):
    for key in "ab":
        story.invoke(key, group="mine")
        story.stored(f"em_{key}", group=f"queue-{key}")
    for key in "ba":
        story.delivered(key)
    assert story.history().sets.reordered == 1


def test_groups_do_not_wait_for_each_other(story):
    story.stored("em_a", sequence=1, group="g1")
    story.stored("em_b", sequence=2, group="g2")
    for key in "ba":
        story.invoke(key, group={"a": "g1", "b": "g2"}[key])
        story.delivered(key)
    assert story.history().sets.reordered == 0


def test_redelivery_of_an_earlier_email_is_no_reorder(story):
    """Order is judged by first deliveries; the second copy is a duplicate, not a reorder."""
    for key in "ab":
        story.healthy(key)
    story.delivered("a")
    assert nonempty(story) == {"duplicated": 1}


def test_sealed_and_open_evidence_give_the_same_sets(story):
    for key in "abc":
        story.healthy(key)
    story.delivered("ghost")
    before = story.history().sets
    story.seal()
    assert not list(story.folder.glob("*.jsonl"))
    assert story.history().sets == before


def test_torn_last_line_is_passed_over(story):
    story.healthy("a")
    with (story.folder / "sink.jsonl").open("a") as file:
        file.write('{"at_s": 1, "key": "b"')
    assert nonempty(story) == {}
