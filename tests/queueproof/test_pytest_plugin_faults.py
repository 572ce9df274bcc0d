"""Faults in a test: they fire when told, heal, and count."""

import smtplib

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from queueproof.pytest_plugin import FaultError


@pytest.fixture
def call(local_sqs):
    """Lists queues once; says whether SQS answered."""
    client = boto3.client(
        "sqs",
        endpoint_url=local_sqs.endpoint_url,
        region_name=local_sqs.region,
        aws_access_key_id="x",
        aws_secret_access_key="x",
        config=Config(retries={"total_max_attempts": 1}),
    )

    def listed():
        try:
            client.list_queues()
        except (BotoCoreError, ClientError):
            return False
        return True

    yield listed
    client.close()


def test_the_nth_call_alone_is_broken(faults, call):
    fault = faults.refuse("ListQueues", nth_call=2)
    assert [call() for _ in range(3)] == [True, False, True]
    assert fault.fired == 1


def test_a_block_heals_at_its_end(faults, call):
    with faults.outage("ListQueues") as outage:
        assert not call()
    assert call()
    assert outage.fired == 1


def test_a_second_fault_does_not_set_back_the_count_of_the_first(faults, call):
    faults.refuse("ListQueues", nth_call=2)
    assert call()
    faults.delay("ListQueues", delay_s=0.01, nth_call=1)
    assert not call()
    assert call()
    assert not faults.silent()


def test_a_fault_that_did_not_fire_yet_is_silent(faults, call):
    fault = faults.lose_answer("ListQueues", label="lost")
    assert faults.silent() == ["lost"]
    with pytest.raises(AssertionError, match=r"lost broke 0 of 1 calls within 0\.1 s"):
        fault.wait_until_fired(timeout_s=0.1)
    assert not call()
    fault.wait_until_fired()
    assert not faults.silent()


def test_a_fault_may_be_allowed_to_stay_silent(faults):
    faults.outage("PurgeQueue", may_stay_silent=True)
    assert not faults.silent()


def test_only_what_would_go_on_for_ever_is_healed_once_it_fired(faults, call):
    faults.outage("ListQueues", label="endless")
    faults.refuse("ListQueues", nth_call=1, label="bounded")
    faults.heal_what_fired()
    assert not call()
    faults.heal_what_fired()
    assert not call()
    assert call()
    assert faults.fired_counts() == {"endless": 1, "bounded": 1}


@pytest.mark.parametrize(
    ("inject", "message"),
    [
        (lambda faults: faults.refuse("SendMesage"), "faults.refuse: .*SendMesage"),
        (lambda faults: faults.half_batch("SendMessage"), "only .*SendMessageBatch"),
        (lambda faults: faults.delay(delay_s=-1), "delay_s"),
        (lambda faults: faults.outage(nth_cal=1), "nth_cal"),
        (lambda faults: faults.mail, "let it use `mail_sink`"),
    ],
)
def test_a_fault_that_makes_no_sense_is_refused_by_name(inject, message, faults):
    with pytest.raises(FaultError, match=message):
        inject(faults)


def test_a_label_can_be_used_once(faults):
    faults.outage("PurgeQueue", label="it", may_stay_silent=True)
    with pytest.raises(FaultError, match="'it' is in use"):
        faults.outage("PurgeQueue", label="it")


def test_the_mail_sink_can_be_broken_too(faults, mail_sink):
    assert faults.mail.reject(nth_call=1).label == "mail-reject-1"
    with smtplib.SMTP(mail_sink.host, mail_sink.port) as smtp:
        with pytest.raises(smtplib.SMTPResponseException) as caught:
            smtp.sendmail("a@example.com", ["b@example.com"], "Subject: x\r\n\r\ny")
        smtp.sendmail("a@example.com", ["b@example.com"], "Subject: x\r\n\r\ny")
    assert caught.value.smtp_code == 550
    assert len(mail_sink.delivered) == 1
    assert [row["event"] for row in mail_sink.fault_rows() if row["event"] == "fired"] == ["fired"]
    assert not faults.silent()
