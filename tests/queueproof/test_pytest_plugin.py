"""The fixtures as a test meets them: what each assertion passes, and what it fails on.

The service is played by the test itself, so each case is the shortest story that shows one thing.
"""

import os
import re
import smtplib
from email.message import EmailMessage

import pytest
from botocore.exceptions import ClientError

from compliance.judge import judge
from queueproof.pytest_plugin import Ledger
from reports import markdown
from reports.view import build


@pytest.fixture
def accepted(ledger):
    """Emails that the service said yes to."""

    def accept(*keys, group=None):
        for key in keys:
            ledger.invoke(key, group=group)
            ledger.ok(key)

    return accept


@pytest.fixture
def queue(local_sqs):
    """A FIFO queue whose messages are parked when they are received a second time."""
    return local_sqs.create_queue("mails", visibility_timeout_s=5, max_receive_count=1)


@pytest.fixture
def enqueue(local_sqs, queue):
    client = local_sqs.client()

    def send(key, group="g", body="{}"):
        client.send_message(
            QueueUrl=queue.url, MessageBody=body, MessageGroupId=group, MessageDeduplicationId=key
        )

    yield send
    client.close()


@pytest.fixture
def take(local_sqs, queue):
    """Receives what is there; deletes it unless told otherwise."""
    client = local_sqs.client()

    def receive(*, delete=True):
        messages = client.receive_message(QueueUrl=queue.url, MaxNumberOfMessages=10)
        for message in messages.get("Messages", []):
            handle = message["ReceiptHandle"]
            if delete:
                client.delete_message(QueueUrl=queue.url, ReceiptHandle=handle)
            else:
                client.change_message_visibility(
                    QueueUrl=queue.url, ReceiptHandle=handle, VisibilityTimeout=0
                )

    yield receive
    client.close()


def letter(**headers):
    mail = EmailMessage()
    mail["From"], mail["To"] = "shop@example.com", "Ada@example.com"
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content("Your order is on its way.")
    return mail


def deliver(mail_sink, **headers):
    with smtplib.SMTP(mail_sink.host, mail_sink.port) as smtp:
        smtp.send_message(letter(**headers))


def test_what_was_accepted_and_delivered_passes(
    accepted, enqueue, take, ledger, assert_no_loss, assert_no_duplicates, assert_in_order
):
    for key in ("mail-1", "mail-2"):
        enqueue(key)
        accepted(key, group="g")
        ledger.delivered(key)
    take()
    assert_no_loss(timeout_s=5)
    assert_no_duplicates()
    assert_in_order()


def test_an_accepted_email_that_never_arrives_is_lost_and_named(
    local_sqs, accepted, ledger, assert_no_loss
):
    accepted("mail-1", "mail-2")
    ledger.delivered("mail-1")
    with pytest.raises(AssertionError, match="2 acknowledged, 1 delivered, 0 parked, 1 lost") as it:
        assert_no_loss(timeout_s=5, settle_s=0.2)
    assert "mail-2: 202, never delivered, not in the DLQ" in str(it.value)
    assert "mail-1" not in str(it.value)


def test_a_failure_shows_the_card_of_the_email_with_the_fault_that_met_it(
    enqueue, take, faults, ledger, assert_no_loss
):
    faults.lose_answer("SendMessage", nth_call=1)
    faults.refuse("SendMessage", nth_call=2, error="AccessDenied")  # boto3 does not try again
    ledger.invoke("mail-1")
    enqueue("mail-1")
    ledger.ok("mail-1", "own-1")
    take()
    ledger.delivered("mail-1", "own-1")
    ledger.invoke("mail-2")
    with pytest.raises(ClientError):
        enqueue("mail-2")
    ledger.ok("mail-2", "own-2")
    with pytest.raises(AssertionError, match="1 lost") as it:
        assert_no_loss(timeout_s=5, settle_s=0.2)
    lines = [line.strip() for line in str(it.value).splitlines()]
    assert "mail-2 (own-2): 202, never delivered, not in the DLQ" in lines
    told = [line.split(maxsplit=2)[2] for line in lines if re.match(r"\d+\.\d+ +[+-]", line)]
    assert told == [
        "sender    invoke, attempt 1",
        "fault     refuse-2 (refuse) fired on SendMessage, which was not done",
        "sender    ok (accepted): HTTP 202, attempt 1",
    ]
    assert "own-1" not in str(it.value)
    assert any(re.match("refuse-2 .* fired on this email once", line) for line in lines)


def test_if_nothing_at_all_arrives_everything_is_lost(
    local_sqs, mail_sink, accepted, assert_no_loss
):
    accepted("mail-1", "mail-2", "mail-3")
    with pytest.raises(AssertionError, match="3 lost"):
        assert_no_loss(timeout_s=5, settle_s=0.2)


def test_without_anybody_who_records_deliveries_nothing_is_proved(
    local_sqs, accepted, assert_no_loss
):
    accepted("mail-1")
    with pytest.raises(AssertionError, match=r"inconclusive.*\n.*nobody recorded what was deliv"):
        assert_no_loss(timeout_s=5, settle_s=0.1)


def test_a_test_that_sends_nothing_proves_nothing(local_sqs, mail_sink, assert_no_loss):
    with pytest.raises(AssertionError, match="0 acknowledged emails are fewer than the 1"):
        assert_no_loss(timeout_s=5)


def test_a_queue_that_does_not_drain_proves_nothing_and_is_named(
    accepted, enqueue, ledger, assert_no_loss
):
    enqueue("mail-1")
    accepted("mail-1")
    ledger.delivered("mail-1")
    with pytest.raises(AssertionError, match=r"inconclusive[^$]*mails\.fifo held 1"):
        assert_no_loss(timeout_s=0.5)


def test_a_parked_email_is_not_lost(accepted, enqueue, take, ledger, assert_no_loss):
    accepted("mail-1", "mail-2")
    ledger.delivered("mail-1")
    enqueue("own-id", body='{"reference": "mail-2"}')
    take(delete=False)
    take()
    assert_no_loss(timeout_s=5)


def test_a_delivery_that_nobody_sent_is_unexpected(local_sqs, accepted, ledger, assert_no_loss):
    accepted("mail-1")
    ledger.delivered("mail-1")
    ledger.delivered("stranger")
    with pytest.raises(AssertionError, match="stranger: delivered, though nobody sent it"):
        assert_no_loss(timeout_s=5)


def test_an_email_of_unknown_outcome_may_arrive_or_not(local_sqs, ledger, assert_no_loss):
    for key in ("arrives", "does-not", "accepted"):
        ledger.invoke(key)
    ledger.info("arrives")
    ledger.info("does-not")
    ledger.ok("accepted")
    ledger.delivered("arrives")
    ledger.delivered("accepted")
    assert_no_loss(timeout_s=5)


def test_an_attempt_without_an_end_proves_nothing(local_sqs, accepted, ledger, assert_no_loss):
    accepted("mail-1")
    ledger.delivered("mail-1")
    ledger.invoke("mail-2")
    with pytest.raises(AssertionError, match="1 attempts never came to an end"):
        assert_no_loss(timeout_s=5)


def test_a_second_delivery_is_a_duplicate_and_named(
    local_sqs, accepted, ledger, assert_no_duplicates
):
    accepted("mail-1", "mail-2")
    for key in ("mail-1", "mail-2", "mail-2"):
        ledger.delivered(key)
    with pytest.raises(AssertionError, match="no-duplicates refuted: 2 delivered") as caught:
        assert_no_duplicates(timeout_s=5)
    assert "mail-2: delivered more than once" in str(caught.value)


def test_no_delivery_at_all_is_no_proof_of_single_ones(
    local_sqs, mail_sink, accepted, assert_no_duplicates
):
    accepted("mail-1")
    with pytest.raises(AssertionError, match="nothing was delivered"):
        assert_no_duplicates(timeout_s=5, settle_s=0.1)


def test_an_email_that_overtakes_its_group_is_named(
    accepted, enqueue, take, ledger, assert_in_order
):
    for key in ("mail-1", "mail-2"):
        enqueue(key)
        accepted(key, group="g")
    take()
    ledger.delivered("mail-2")
    ledger.delivered("mail-1")
    with pytest.raises(
        AssertionError, match="mail-1: left after mail-2, a later email of its group"
    ):
        assert_in_order(timeout_s=5)


def test_one_email_of_a_group_proves_no_order(accepted, enqueue, take, ledger, assert_in_order):
    enqueue("mail-1")
    accepted("mail-1", group="g")
    take()
    ledger.delivered("mail-1")
    with pytest.raises(AssertionError, match="0 pairs of successive emails"):
        assert_in_order(timeout_s=5)


@pytest.mark.parametrize(
    "headers",
    [
        {"X_Queueproof_Key": "mail-1"},
        {"Message_ID": "<own-1@shop.example.com>"},
        {"Message_ID": "<mail-1@shop.example.com>"},
    ],
    ids=["header", "Message-ID from the answered id", "Message-ID from the key"],
)
def test_a_delivered_email_is_recognised_by_header_or_message_id(
    headers, local_sqs, mail_sink, ledger, assert_no_loss
):
    ledger.invoke("mail-1")
    ledger.ok("mail-1", "own-1")
    deliver(mail_sink, **headers)
    (delivery,) = mail_sink.wait_for(1)
    assert delivery.went_to("ada@example.com")
    assert not delivery.went_to("grace@example.com")
    assert_no_loss(timeout_s=5)


def test_waiting_for_an_email_that_does_not_come_ends(mail_sink):
    with pytest.raises(AssertionError, match=r"0 of 1 emails arrived within 0\.1 s"):
        mail_sink.wait_for(1, timeout_s=0.1)


def test_a_failure_leaves_a_run_that_can_be_judged_again_and_reported(
    local_sqs, accepted, ledger, assert_no_loss, tmp_path
):
    accepted("mail-1", "mail-2")
    ledger.delivered("mail-1")
    with pytest.raises(AssertionError, match="refuted") as caught:
        assert_no_loss(timeout_s=5, settle_s=0.1)
    run = tmp_path / "queueproof"
    assert str(run) in str(caught.value)
    judgement = judge(run)
    assert judgement.outcome == "refuted"
    assert "mail-2" in markdown.render(build(run, judgement))


def test_queues_are_made_as_asked(local_sqs):
    queue = local_sqs.create_queue("orders", fifo=False, visibility_timeout_s=7)
    assert queue.name == "orders"
    assert queue.dead_letter is not None
    assert queue.dead_letter.name == "orders-dlq"
    client = local_sqs.client()
    (told,) = client.get_queue_attributes(QueueUrl=queue.url, AttributeNames=["VisibilityTimeout"])[
        "Attributes"
    ].values()
    assert told == "7"
    assert local_sqs.create_queue("plain.fifo", dlq=False).dead_letter is None
    client.close()


def test_dead_letters_do_not_count_as_waiting(local_sqs, queue):
    assert local_sqs.waiting() == {"mails.fifo": 0}


def test_the_environment_is_set_on_request_only(local_sqs):
    assert "AWS_ENDPOINT_URL_SQS" not in os.environ
    local_sqs.set_env()
    assert os.environ["AWS_ENDPOINT_URL_SQS"] == local_sqs.endpoint_url
    import boto3  # noqa: PLC0415 - as the code under test would

    client = boto3.client("sqs")
    assert client.create_queue(QueueName="q")["QueueUrl"].startswith(local_sqs.endpoint_url)
    client.close()


def test_and_is_as_before_afterwards():
    assert "AWS_ENDPOINT_URL_SQS" not in os.environ


def test_a_history_is_the_tests_own(ledger):
    assert isinstance(ledger, Ledger)
    assert ledger.sender_rows == []
