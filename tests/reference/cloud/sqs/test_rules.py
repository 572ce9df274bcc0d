"""Rules of SQS one by one, on a virtual clock: recorded from AWS or stated in its pages.

`README.md` of the package lists every rule with its source and the test's name.
"""

import gc
import hashlib
import json
from dataclasses import replace

import pytest

from reference.clock import VirtualClock
from reference.cloud.sqs.checks import encoded_body
from reference.cloud.sqs.engine import Engine
from reference.cloud.sqs.errors import (
    InvalidAttributeName,
    InvalidAttributeValue,
    InvalidMessageContents,
    InvalidParameterValue,
    MissingParameter,
    OverLimit,
    PurgeQueueInProgress,
    QueueDeletedRecently,
    QueueDoesNotExist,
    QueueNameExists,
    ReceiptHandleIsInvalid,
)
from reference.cloud.sqs.limits import STRICT
from reference.cloud.sqs.message import (
    MessageAttribute,
    Outgoing,
    md5_of_attributes,
    sequence_number,
)

FIFO = {"FifoQueue": "true", "ContentBasedDeduplication": "true"}


@pytest.fixture
def clock():
    return VirtualClock()


@pytest.fixture
def engine(clock):
    return Engine(clock)


@pytest.fixture
def fifo(engine):
    return engine.create_queue("mail.fifo", FIFO)


@pytest.fixture
def standard(engine):
    return engine.create_queue("mail")


def send(queue, *bodies, **options):
    """Bodies such as g1-m1 name their group."""
    for body in bodies:
        group = body.partition("-")[0] if queue.attributes.is_fifo else None
        queue.send(Outgoing(body, len(encoded_body(body)), **{"group": group, **options}))


def receive(queue, limit=10, **options):
    return [each.message.body for each in queue.receive(limit, **options)]


def handles(queue, limit=10, **options):
    return [each.receipt_handle for each in queue.receive(limit, **options)]


# Order and group locks


def test_a_receive_returns_one_groups_messages_together_then_the_next_groups(fifo):
    send(fifo, "g1-m1", "g2-m1", "g1-m2", "g1-m3")
    assert receive(fifo) == ["g1-m1", "g1-m2", "g1-m3", "g2-m1"]


def test_a_group_is_locked_while_a_message_of_it_is_in_flight(fifo):
    send(fifo, "g1-m1", "g1-m2", "g2-m1")
    assert receive(fifo, 1) == ["g1-m1"]
    send(fifo, "g1-m3")
    assert receive(fifo) == ["g2-m1"]
    assert receive(fifo) == []


def test_a_partial_delete_does_not_unlock_the_group(fifo):
    send(fifo, "g1-m1", "g1-m2", "g1-m3")
    first, _ = handles(fifo, 2)
    fifo.delete(first)
    assert receive(fifo) == []


def test_deleting_all_that_is_in_flight_unlocks_the_group_at_once(fifo):
    send(fifo, "g1-m1", "g1-m2", "g1-m3")
    for handle in handles(fifo, 2):
        fifo.delete(handle)
    assert receive(fifo) == ["g1-m3"]


def test_a_message_released_early_is_returned_alone_and_its_group_goes_last(fifo):
    send(fifo, "g1-m1", "g1-m2", "g2-m1")
    first, _ = handles(fifo, 2)
    fifo.change_visibility(first, 0)
    assert receive(fifo) == ["g2-m1", "g1-m1"]


def test_a_message_whose_timeout_was_shortened_is_returned_alone_after_it(fifo, clock):
    send(fifo, "g1-m1", "g1-m2", "g2-m1")
    first, _ = handles(fifo, 2)
    fifo.change_visibility(first, 1)
    clock.advance(1)
    assert receive(fifo, 3) == ["g2-m1", "g1-m1"]


@pytest.mark.parametrize("position", [0, 1, 2])
def test_extending_any_message_of_a_batch_keeps_the_whole_group_back(fifo, clock, position):
    send(fifo, "g1-m1", "g1-m2", "g1-m3", "g1-m4")
    fifo.change_visibility(handles(fifo, 3)[position], 60)
    clock.advance(59)
    assert receive(fifo) == []
    clock.advance(1)
    assert receive(fifo) == ["g1-m1", "g1-m2", "g1-m3", "g1-m4"]


def test_releasing_a_later_message_does_not_let_it_overtake(fifo):
    send(fifo, "g1-m1", "g1-m2")
    _, second = handles(fifo, 2)
    fifo.change_visibility(second, 0)
    assert receive(fifo) == []


def test_messages_come_back_in_order_after_their_timeout(fifo, clock):
    send(fifo, "g1-m1", "g1-m2", "g1-m3")
    receive(fifo, 2)
    clock.advance(30)
    assert receive(fifo) == ["g1-m1", "g1-m2", "g1-m3"]


def test_receiving_with_timeout_zero_leaves_the_group_open_and_in_order(fifo):
    send(fifo, "g1-m1", "g2-m1", "g2-m2", "g3-m1", "g1-m2")
    assert receive(fifo, 3, visibility_s=0) == ["g1-m1", "g1-m2", "g2-m1"]
    assert receive(fifo, visibility_s=0) == ["g3-m1", "g1-m1", "g1-m2", "g2-m1", "g2-m2"]


def test_after_expiry_the_groups_go_behind_those_that_waited(fifo, clock):
    send(fifo, "g1-m1", "g1-m2", "g1-m3", "g2-m1", "g3-m1")
    receive(fifo, 2)
    receive(fifo, 1)
    clock.advance(30)
    assert receive(fifo, visibility_s=0) == ["g3-m1", "g1-m1", "g1-m2", "g1-m3", "g2-m1"]


def test_sequence_numbers_have_20_digits_and_rise(fifo):
    send(fifo, "g1-m1", "g1-m2")
    first, second = (sequence_number(each.message.order) for each in fifo.receive(2))
    assert len(first) == len(second) == 20
    assert first < second


def test_fifo_receives_look_only_at_the_first_messages_of_a_backlog(clock):
    engine = Engine(clock, limits=replace(STRICT, fifo_look_ahead=3))
    queue = engine.create_queue("mail.fifo", FIFO)
    send(queue, "g1-m1", "g1-m2", "g1-m3", "g2-m1")
    first, *_ = handles(queue, 1)
    assert receive(queue) == [], "g2 starves behind the backlog of g1"
    queue.delete(first)
    assert receive(queue) == ["g1-m2", "g1-m3", "g2-m1"]


# Deduplication


def test_a_repeat_is_answered_with_the_first_message_id_and_sequence_number(fifo):
    first = fifo.send(Outgoing("a", 1, "g", "id"))
    second = fifo.send(Outgoing("b", 1, "other-group", "id"))
    assert (second.message_id, second.sequence_number) == (first.message_id, first.sequence_number)
    assert second.is_repeat
    assert receive(fifo) == ["a"]


def test_an_id_is_tracked_after_its_message_was_deleted_and_free_after_5_minutes(fifo, clock):
    fifo.send(Outgoing("a", 1, "g", "id"))
    fifo.delete(handles(fifo)[0])
    clock.advance(299)
    assert fifo.send(Outgoing("a", 1, "g", "id")).is_repeat
    clock.advance(1)
    assert not fifo.send(Outgoing("a", 1, "g", "id")).is_repeat


def test_under_group_scope_two_groups_may_use_the_same_id(engine):
    queue = engine.create_queue("mail.fifo", {**FIFO, "DeduplicationScope": "messageGroup"})
    queue.send(Outgoing("a", 1, "g1", "id"))
    assert not queue.send(Outgoing("b", 1, "g2", "id")).is_repeat
    assert queue.send(Outgoing("c", 1, "g1", "id")).is_repeat


def test_content_based_ids_are_the_sha256_of_the_body_alone(fifo):
    attributes = {"a": MessageAttribute("String", "1")}
    fifo.send(Outgoing("text", 4, "g"))
    assert fifo.send(Outgoing("text", 6, "g", attributes=attributes)).is_repeat
    assert fifo.send(Outgoing("x", 1, "g", hashlib.sha256(b"text").hexdigest())).is_repeat


def test_a_fifo_send_needs_a_group_and_an_id(engine):
    queue = engine.create_queue("mail.fifo", {"FifoQueue": "true"})
    with pytest.raises(MissingParameter, match="MessageGroupId"):
        queue.send(Outgoing("a", 1))
    with pytest.raises(InvalidParameterValue, match="ContentBasedDeduplication enabled or"):
        queue.send(Outgoing("a", 1, "g"))


def test_purging_forgets_the_ids(fifo):
    fifo.send(Outgoing("a", 1, "g", "id"))
    fifo.purge()
    assert not fifo.send(Outgoing("a", 1, "g", "id")).is_repeat


@pytest.mark.parametrize("token", ["", "x" * 129, "with space", "umlaut-\u00e4"])
def test_tokens_have_1_to_128_printable_characters_without_spaces(fifo, token):
    with pytest.raises(InvalidParameterValue, match="MessageGroupId"):
        fifo.send(Outgoing("a", 1, token, "id"))
    with pytest.raises(InvalidParameterValue, match="MessageDeduplicationId"):
        fifo.send(Outgoing("a", 1, "g", token))


# Receipt handles


def test_a_fifo_handle_dies_when_the_visibility_timeout_expires(fifo, clock):
    send(fifo, "g1-m1")
    (handle,) = handles(fifo)
    clock.advance(30)
    with pytest.raises(InvalidParameterValue, match="The receipt handle has expired"):
        fifo.delete(handle)


def test_an_extended_fifo_handle_lives_on(fifo, clock):
    send(fifo, "g1-m1")
    (handle,) = handles(fifo)
    fifo.change_visibility(handle, 60)
    clock.advance(59)
    fifo.delete(handle)
    assert fifo.depth().in_flight == 0


def test_a_standard_handle_deletes_after_expiry_unless_received_again(standard, clock):
    send(standard, "a", "b")
    first, second = handles(standard)
    clock.advance(30)
    standard.delete(first)
    assert receive(standard) == ["b"]
    standard.delete(second)
    assert standard.depth().in_flight == 1, "the older handle is accepted and deletes nothing"


def test_deleting_again_succeeds(fifo):
    send(fifo, "g1-m1")
    (handle,) = handles(fifo)
    fifo.delete(handle)
    fifo.delete(handle)


def test_a_forged_handle_or_one_of_another_queue_is_refused(engine, fifo, standard):
    send(standard, "a")
    (handle,) = handles(standard)
    for forged in ["", "garbage", "\u00e4", handle[:-4] + "AAAA", "A" * len(handle)]:
        with pytest.raises(ReceiptHandleIsInvalid):
            standard.delete(forged)
    with pytest.raises(ReceiptHandleIsInvalid):
        fifo.delete(handle)


def test_after_expiry_a_standard_queue_accepts_a_change_and_leaves_the_message_visible(
    standard, clock
):
    send(standard, "a")
    (handle,) = handles(standard)
    clock.advance(30)
    standard.change_visibility(handle, 10)
    assert receive(standard) == ["a"]


def test_an_older_handle_of_a_standard_queue_changes_the_newer_receive(standard, clock):
    send(standard, "a")
    (older,) = handles(standard)
    clock.advance(30)
    handles(standard)
    standard.change_visibility(older, 60)
    clock.advance(59)
    assert receive(standard) == []
    standard.change_visibility(older, 0)
    assert receive(standard) == ["a"]


def test_the_visibility_of_a_message_that_is_gone_cannot_be_changed(standard):
    send(standard, "a")
    (handle,) = handles(standard)
    standard.delete(handle)
    with pytest.raises(InvalidParameterValue, match="does not exist or is not available"):
        standard.change_visibility(handle, 10)


def test_a_message_is_hidden_for_12_hours_in_all_at_most(fifo, clock):
    send(fifo, "g1-m1")
    (handle,) = handles(fifo, visibility_s=43_200)
    clock.advance(1)
    with pytest.raises(InvalidParameterValue, match="Total VisibilityTimeout"):
        fifo.change_visibility(handle, 43_200)
    fifo.change_visibility(handle, 43_199)


def test_a_receive_can_be_repeated_by_its_attempt_id(fifo, clock):
    send(fifo, "g1-m1", "g1-m2")
    first = handles(fifo, attempt_id="attempt")
    clock.advance(20)
    assert handles(fifo, attempt_id="attempt") == first
    clock.advance(20)
    assert fifo.depth().in_flight == 2, "the repeat started the timeout anew"


def test_an_attempt_whose_message_was_deleted_is_a_new_receive(fifo):
    send(fifo, "g1-m1", "g2-m1")
    (handle,) = handles(fifo, 1, attempt_id="attempt")
    fifo.delete(handle)
    assert receive(fifo, 1, attempt_id="attempt") == ["g2-m1"]


def test_a_repeated_receive_hides_its_messages_for_12_hours_in_all_at_most(fifo, clock):
    send(fifo, "g1-m1")
    first = handles(fifo, attempt_id="attempt", visibility_s=43_200)
    clock.advance(299)
    assert handles(fifo, attempt_id="attempt", visibility_s=43_200) == first
    clock.advance(43_200 - 299)
    assert fifo.depth().in_flight == 0


def test_the_attempt_id_of_a_throttled_receive_is_refused_for_5_minutes(fifo, clock):
    send(fifo, "g1-m1")
    fifo.burn_attempt("attempt")
    clock.advance(299)
    with pytest.raises(InvalidParameterValue, match=r"attempt .*is not valid anymore"):
        receive(fifo, attempt_id="attempt")
    assert fifo.depth().visible == 1
    clock.advance(1)
    assert receive(fifo, attempt_id="attempt") == ["g1-m1"]


def test_an_attempt_keeps_no_message_that_was_deleted(fifo):
    send(fifo, "g1-m1")
    (received,) = fifo.receive(1, attempt_id="attempt")
    fifo.delete(received.receipt_handle)
    referrers = gc.get_referrers(received.message)
    assert [each for each in referrers if not isinstance(each, type(received))] == []


def test_attempts_are_forgotten_after_5_minutes_though_nobody_asks_again(fifo, clock):
    send(fifo, "g1-m1")
    receive(fifo, attempt_id="attempt")
    clock.advance(300)
    fifo.settle()
    assert fifo.attempts.recent() == []


# Dead letters, retention, delay


def with_dead_letters(engine, attributes, max_receive_count):
    suffix = ".fifo" if "FifoQueue" in attributes else ""
    dead = engine.create_queue(f"dead{suffix}", attributes)
    policy = {"deadLetterTargetArn": dead.arn, "maxReceiveCount": max_receive_count}
    queue = engine.create_queue(
        f"source{suffix}", {**attributes, "RedrivePolicy": json.dumps(policy)}
    )
    return queue, dead


@pytest.mark.parametrize("attributes", [FIFO, {}], ids=["fifo", "standard"])
def test_a_message_is_parked_when_it_would_be_received_once_too_often(engine, clock, attributes):
    queue, dead = with_dead_letters(engine, attributes, 2)
    send(queue, "g-m1", "g-m2")
    message_id = queue.receive(1)[0].message.message_id
    clock.advance(30)
    assert receive(queue, 1) == ["g-m1"]
    clock.advance(30)
    assert receive(queue, 1) == ["g-m2"], "the attempt that parks goes on with what is left"
    (parked,) = dead.receive(10)
    assert (parked.message.message_id, parked.message.source_arn) == (message_id, queue.arn)
    assert parked.message.total_receive_count == 3


@pytest.mark.parametrize(("attributes", "kept_s"), [(FIFO, 100), ({}, 70)])
def test_retention_starts_anew_in_a_fifo_dead_letter_queue_only(engine, clock, attributes, kept_s):
    queue, dead = with_dead_letters(engine, {**attributes, "MessageRetentionPeriod": "100"}, 1)
    send(queue, "g-m1")
    receive(queue)
    clock.advance(30)
    assert receive(queue) == []
    assert dead.oldest_age_s() == 0
    clock.advance(kept_s - 0.001)
    assert dead.depth().visible == 1
    clock.advance(0.001)
    assert dead.depth().visible == 0


def test_messages_expire_after_the_retention_period_also_in_flight(engine, clock):
    queue = engine.create_queue("mail.fifo", {**FIFO, "MessageRetentionPeriod": "60"})
    send(queue, "g-m1", "g-m2")
    receive(queue, 1, visibility_s=600)
    clock.advance(59.999)
    assert queue.depth()[:2] == (1, 1)
    clock.advance(0.001)
    assert queue.depth()[:2] == (0, 0)
    send(queue, "g-m3")
    assert receive(queue) == ["g-m3"], "the group of expired messages is open"


def test_a_delayed_message_expires_while_it_is_delayed(engine, clock):
    queue = engine.create_queue("q", {"MessageRetentionPeriod": "60", "DelaySeconds": "900"})
    send(queue, "a")
    clock.advance(60)
    assert queue.depth()[:3] == (0, 0, 0)
    clock.advance(900)
    assert queue.depth()[:3] == (0, 0, 0)


def test_a_standard_queue_delays_by_message_or_by_queue(engine, clock):
    queue = engine.create_queue("q", {"DelaySeconds": "10"})
    send(queue, "default")
    send(queue, "at once", delay_s=0)
    send(queue, "later", delay_s=20)
    assert receive(queue) == ["at once"]
    assert queue.depth().delayed == 2
    clock.advance(10)
    assert receive(queue) == ["default"]
    clock.advance(10)
    assert receive(queue) == ["later"]


def test_a_fifo_queue_delays_as_a_whole_and_a_new_delay_counts_for_waiting_messages(engine, clock):
    queue = engine.create_queue("q.fifo", {**FIFO, "DelaySeconds": "10"})
    send(queue, "g-m1")
    with pytest.raises(InvalidParameterValue, match="DelaySeconds"):
        send(queue, "g-m2", delay_s=1)
    send(queue, "g-m2", delay_s=0)
    clock.advance(5)
    assert receive(queue) == []
    engine.set_attributes("q.fifo", {"DelaySeconds": "5"})
    assert receive(queue) == ["g-m1", "g-m2"]


# In flight


def test_beyond_the_in_flight_limit_fifo_is_empty_and_standard_says_over_limit(clock):
    engine = Engine(clock, limits=replace(STRICT, in_flight_max=2))
    fifo, standard = engine.create_queue("q.fifo", FIFO), engine.create_queue("q")
    for queue in (fifo, standard):
        send(queue, "g1-a", "g2-b", "g3-c")
        assert len(receive(queue)) == 2
    assert receive(fifo) == []
    assert receive(standard, is_long_poll=True) == []
    with pytest.raises(OverLimit):
        receive(standard)


def test_a_third_receive_takes_a_standard_message_out_of_the_age_but_not_a_fifo_one(
    engine, fifo, standard, clock
):
    for queue in (fifo, standard):
        send(queue, "g-m1")
    clock.advance(10)
    for queue in (fifo, standard):
        send(queue, "h-m2")
        for _ in range(3):
            receive(queue, 1, visibility_s=0)
            for _ in range(queue.attributes.is_fifo):
                receive(queue, 1, visibility_s=0)
    assert fifo.oldest_age_s() == 10
    assert standard.oldest_age_s() == 0


# Queues


def test_creating_again_with_the_same_attributes_returns_the_queue(engine, fifo):
    assert engine.create_queue("mail.fifo", FIFO) is fifo
    with pytest.raises(QueueNameExists, match="VisibilityTimeout"):
        engine.create_queue("mail.fifo", {**FIFO, "VisibilityTimeout": "31"})


def test_a_deleted_queues_name_is_free_after_60_seconds(engine, clock, standard):
    engine.delete_queue("mail")
    with pytest.raises(QueueDoesNotExist):
        engine.queue("mail")
    with pytest.raises(QueueDeletedRecently):
        engine.create_queue("mail")
    clock.advance(60)
    assert engine.create_queue("mail") is not standard


def test_a_queue_is_purged_once_a_minute_with_what_is_in_flight(standard, clock):
    send(standard, "a", "b")
    receive(standard, 1)
    standard.purge()
    assert standard.depth()[:3] == (0, 0, 0)
    with pytest.raises(PurgeQueueInProgress):
        standard.purge()
    clock.advance(60)
    standard.purge()


@pytest.mark.parametrize("name", ["", "a" * 81, "with space", "dot.ted", "mail.fifo", "\u00e4"])
def test_bad_names_of_standard_queues_are_refused(engine, name):
    with pytest.raises(InvalidParameterValue):
        engine.create_queue(name)


@pytest.mark.parametrize("name", ["mail", ".fifo", "a" * 76 + ".fifo", "a.b.fifo"])
def test_bad_names_of_fifo_queues_are_refused(engine, name):
    with pytest.raises(InvalidParameterValue):
        engine.create_queue(name, FIFO)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DelaySeconds", "901"),
        ("DelaySeconds", "-1"),
        ("DelaySeconds", "1.5"),
        ("DelaySeconds", ""),
        ("DelaySeconds", "9" * 5000),
        ("MaximumMessageSize", "1023"),
        ("MaximumMessageSize", "1048577"),
        ("MessageRetentionPeriod", "59"),
        ("MessageRetentionPeriod", "1209601"),
        ("ReceiveMessageWaitTimeSeconds", "21"),
        ("VisibilityTimeout", "43201"),
        ("SqsManagedSseEnabled", "yes"),
        ("Policy", "{"),
        ("Policy", "[]"),
    ],
)
def test_attribute_values_out_of_range_are_refused(engine, name, value):
    with pytest.raises(InvalidAttributeValue, match=name):
        engine.create_queue("q", {name: value})


@pytest.mark.parametrize("name", ["Nonsense", "FifoQueue", "QueueArn", "DeduplicationScope"])
def test_attributes_that_a_standard_queue_does_not_have_are_refused(engine, name):
    with pytest.raises(InvalidAttributeName):
        engine.create_queue("q", {name: "false"})


@pytest.mark.parametrize(
    ("policy", "reason"),
    [
        ("nonsense", "must be a JSON object"),
        ('{"maxReceiveCount": 3}', "deadLetterTargetArn"),
        ('{"deadLetterTargetArn": "ARN", "maxReceiveCount": 0}', "maxReceiveCount"),
        ('{"deadLetterTargetArn": "ARN", "maxReceiveCount": "x"}', "maxReceiveCount"),
        (
            '{"deadLetterTargetArn": "arn:aws:sqs:us-east-1:000000000000:no", '
            '"maxReceiveCount": 3}',
            "does not exist",
        ),
        ('{"deadLetterTargetArn": "FIFO", "maxReceiveCount": 3}', "same type"),
        (
            '{"deadLetterTargetArn": "q", "maxReceiveCount": 3}',
            "Invalid value for deadLetterTargetArn",
        ),
        (
            '{"deadLetterTargetArn": "arn:aws:sns:us-east-1:000000000000:q"}',
            "Invalid value for deadLetterTargetArn",
        ),
    ],
)
def test_redrive_policies_that_cannot_work_are_refused(engine, fifo, policy, reason):
    with pytest.raises(InvalidParameterValue, match=reason):
        engine.create_queue("q", {"RedrivePolicy": policy.replace("FIFO", fifo.arn)})


def test_a_queue_has_one_kind_of_encryption(engine):
    with pytest.raises(InvalidAttributeValue, match="one type of server-side encryption"):
        engine.create_queue("q", {"KmsMasterKeyId": "alias/k", "SqsManagedSseEnabled": "true"})
    queue = engine.create_queue("q", {"KmsMasterKeyId": "alias/k"})
    assert queue.attributes.texts["SqsManagedSseEnabled"] == "false"
    with pytest.raises(InvalidAttributeValue, match="one type of server-side encryption"):
        engine.set_attributes("q", {"SqsManagedSseEnabled": "true"})
    engine.set_attributes("q", {"KmsMasterKeyId": "", "SqsManagedSseEnabled": "true"})
    assert queue.attributes.texts["SqsManagedSseEnabled"] == "true"


def test_a_dead_letter_queue_may_refuse_sources(engine):
    dead = engine.create_queue("dead", {"RedriveAllowPolicy": '{"redrivePermission": "denyAll"}'})
    policy = json.dumps({"deadLetterTargetArn": dead.arn, "maxReceiveCount": 3})
    with pytest.raises(InvalidParameterValue, match="RedriveAllowPolicy"):
        engine.create_queue("q", {"RedrivePolicy": policy})


def test_per_group_throughput_needs_per_group_deduplication(engine):
    with pytest.raises(InvalidAttributeValue, match="DeduplicationScope"):
        engine.create_queue("q.fifo", {**FIFO, "FifoThroughputLimit": "perMessageGroupId"})


# Bodies and digests


@pytest.mark.parametrize("letter", ["\x00", "\x0b", "\x1f", "\ufffe", "\uffff"])
def test_characters_that_xml_does_not_allow_are_refused_with_their_place(letter):
    with pytest.raises(InvalidMessageContents, match=f"character 2 of .* #x{ord(letter):X}"):
        encoded_body(f"ab{letter}")


@pytest.mark.parametrize(
    ("body", "size_bytes"), [("abc", 3), ("\t\n\r ", 4), ("\u00e4\u20ac", 5), ("\U0001f4e7", 4)]
)
def test_sizes_count_utf8_bytes(body, size_bytes):
    assert len(encoded_body(body)) == size_bytes


def test_messages_over_the_queues_limit_are_refused(engine):
    queue = engine.create_queue("q", {"MaximumMessageSize": "1024"})
    send(queue, "x" * 1024)
    with pytest.raises(InvalidParameterValue, match="shorter than 1024 bytes"):
        send(queue, "x" * 1025)


def test_the_digest_of_attributes_is_the_one_that_aws_sdks_verify():
    # The digest's input spelled out, as the Developer Guide describes it.
    parts = b""
    for text in (b"a", b"Number"):
        parts += len(text).to_bytes(4, "big") + text
    parts += b"\x01" + (2).to_bytes(4, "big") + b"42"
    for text in (b"b", b"Binary"):
        parts += len(text).to_bytes(4, "big") + text
    parts += b"\x02" + (2).to_bytes(4, "big") + b"\x00\xff"
    attributes = {
        "b": MessageAttribute("Binary", b"\x00\xff"),
        "a": MessageAttribute("Number", "42"),
    }
    assert md5_of_attributes(attributes) == hashlib.md5(parts, usedforsecurity=False).hexdigest()
