"""Messages without an email id of their own are known by the consumer's journal."""

from compliance.checks import delivery, false_ack

STANDARD = 'name = "standard"\nsummary = "x"\n[queue]\ntype = "standard"\n'
GATEWAY = f'{STANDARD}[intake]\nkind = "api-gateway"\nmapping = "careful"\n'


def begun(make_story, configuration):
    return make_story(configuration="standard", configuration_toml=configuration)


def stored(story, message_id):
    story.event("queue", event="stored", queue="emails", message_id=message_id, group="g")


def received(story, message_id, email_id):
    story.event("worker", event="received", message_id=message_id, email_id=email_id)


def whole(story, key):
    """An email's whole good life, of which the queue knows a message alone."""
    story.invoke(key)
    stored(story, f"m_{key}")
    story.outcome("ok", key, email_id=f"em_{key}")
    received(story, f"m_{key}", f"em_{key}")
    story.delivered(key)


def test_an_email_of_a_standard_queue_is_followed_by_its_message(make_story):
    story = begun(make_story, STANDARD)
    whole(story, "a")
    history = story.history()
    assert not delivery.check(history).offence_count
    assert not false_ack.check(history).offence_count


def test_a_202_without_a_message_is_still_false(make_story):
    story = begun(make_story, STANDARD)
    whole(story, "z")  # another one, so that queue and sink kept journals
    story.invoke("a")
    story.outcome("ok", "a", email_id="em_a")
    history = story.history()
    assert [offence.id for offence in false_ack.check(history).offences] == ["em_a"]
    assert [offence.id for offence in delivery.check(history).offences] == ["em_a"]


def test_a_sender_who_was_told_the_message_id_is_followed_all_the_same(make_story):
    story = begun(make_story, GATEWAY)
    for key, message_id in (("a", "m1"), ("b", "m2")):
        story.invoke(key)
        stored(story, message_id)
        story.outcome("ok", key, email_id=message_id)
    received(story, "m1", "em_a")
    story.delivered("a")
    history = story.history()
    assert not false_ack.check(history).offence_count
    # The consumer never saw the second one, so the message id is all that names it.
    assert [offence.id for offence in delivery.check(history).offences] == ["m2"]


def test_the_ids_of_a_fifo_queue_stay_as_the_queue_tells_them(make_story):
    story = begun(make_story, STANDARD.replace("standard", "fifo"))
    story.healthy("a")
    received(story, "m1", "em_other")
    assert not delivery.check(story.history()).offence_count
