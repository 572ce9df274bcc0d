"""Faults of the providers, seen from a client of each protocol and in the fault journal."""

import base64
import smtplib
import time

import httpx
import pytest

from reference.clock import VirtualClock
from reference.cloud.mail_sink.faults import Failing, FaultPlan, ProviderFaults, Slow

MIME = b"Message-ID: <em_7@mail.example.com>\r\nTo: bob@example.com\r\n\r\nHello\r\n"
ANSWER_LOST = (httpx.RemoteProtocolError, httpx.ReadError)


@pytest.fixture(autouse=True)
def rows_before(shared_sink):
    shared_sink.set_faults()
    shared_sink.before = {ledger: len(shared_sink.rows(ledger)) for ledger in ("sink", "faults")}


def new_rows(sink, ledger):
    return sink.rows(ledger)[sink.before[ledger] :]


def fired(sink):
    return [row for row in new_rows(sink, "faults") if row["event"] == "fired"]


def send_smtp(sink):
    """The reply to the last command that was answered."""
    with smtplib.SMTP(
        "127.0.0.1", sink.smtp_port, local_hostname="localhost", timeout=10
    ) as client:
        client.ehlo()
        client.mail("ann@example.com")
        client.rcpt("bob@example.com")
        return client.data(MIME)[0]


def send_sendgrid(sink):
    mail = {
        "personalizations": [{"to": [{"email": "bob@example.com"}]}],
        "from": {"email": "ann@example.com"},
        "subject": "Hi",
        "content": [{"type": "text/plain", "value": "Hello"}],
        "custom_args": {"email_id": "em_7"},
    }
    headers = {"Authorization": "Bearer local"}
    return httpx.post(f"{sink.url}/v3/mail/send", json=mail, headers=headers).status_code


def send_mailgun(sink):
    return httpx.post(
        f"{sink.url}/v3/mail.example.com/messages.mime",
        data={"to": "bob@example.com"},
        files={"message": MIME},
        auth=("api", "local"),
    ).status_code


def send_ses(sink):
    raw = {"Content": {"Raw": {"Data": base64.b64encode(MIME).decode()}}}
    headers = {"Authorization": "AWS4-HMAC-SHA256 Credential=local"}
    path = "/v2/email/outbound-emails"
    return httpx.post(f"{sink.url}{path}", json=raw, headers=headers).status_code


SENDS = {"smtp": send_smtp, "ses": send_ses, "sendgrid": send_sendgrid, "mailgun": send_mailgun}
FINE = {"smtp": 250, "ses": 200, "sendgrid": 202, "mailgun": 200}


@pytest.mark.parametrize("provider", SENDS)
@pytest.mark.parametrize(
    ("kind", "smtp_code", "status"),
    [("throttle", 450, 429), ("unavailable", 421, 503), ("reject", 550, 400)],
)
def test_a_refusal_stores_nothing_and_names_the_email(
    shared_sink, provider, kind, smtp_code, status
):
    shared_sink.set_faults({"kind": kind, "nth_call": 1, "provider": provider})
    assert SENDS[provider](shared_sink) == (smtp_code if provider == "smtp" else status)
    assert new_rows(shared_sink, "sink") == []
    (row,) = fired(shared_sink)
    assert (row["fault"], row["kind"], row["action"], row["stored"], row["dedup_ids"]) == (
        *("f", kind, provider),
        False,
        ["em_7"],
    )
    assert SENDS[provider](shared_sink) == FINE[provider]
    assert [row["email_id"] for row in new_rows(shared_sink, "sink")] == ["em_7"]


@pytest.mark.parametrize("provider", SENDS)
def test_a_lost_answer_is_a_delivery(shared_sink, provider):
    shared_sink.set_faults({"kind": "lose-answer", "provider": provider})
    with pytest.raises((*ANSWER_LOST, smtplib.SMTPServerDisconnected)):
        SENDS[provider](shared_sink)
    assert [row["provider"] for row in new_rows(shared_sink, "sink")] == [provider]
    assert [(row["stored"], row["dedup_ids"]) for row in fired(shared_sink)] == [(True, ["em_7"])]


@pytest.mark.parametrize("provider", SENDS)
def test_in_an_outage_connections_are_cut_and_nothing_is_stored(shared_sink, provider):
    shared_sink.set_faults({"kind": "outage", "provider": provider})
    with pytest.raises((*ANSWER_LOST, smtplib.SMTPServerDisconnected)):
        SENDS[provider](shared_sink)
    assert new_rows(shared_sink, "sink") == []
    # Of SMTP nobody knows which email it would have been: it is cut before the text.
    ids = [] if provider == "smtp" else ["em_7"]
    assert [(row["stored"], row["dedup_ids"]) for row in fired(shared_sink)] == [(False, ids)]


@pytest.mark.parametrize("provider", SENDS)
def test_a_slow_provider_has_delivered_before_it_says_so(shared_sink, provider):
    shared_sink.set_faults({"kind": "slow", "delay_s": 0.2})
    began_s = time.monotonic()
    assert SENDS[provider](shared_sink) == FINE[provider]
    assert time.monotonic() - began_s >= 0.2
    (delivered,) = new_rows(shared_sink, "sink")
    assert delivered["at_s"] < began_s + 0.2
    assert [row["stored"] for row in fired(shared_sink)] == [True]


def test_a_fault_of_one_provider_leaves_the_others_alone(shared_sink):
    shared_sink.set_faults({"kind": "unavailable", "provider": "ses"})
    assert send_ses(shared_sink) == 503
    assert (send_smtp(shared_sink), send_mailgun(shared_sink)) == (250, 200)
    assert shared_sink.fired() == {"f": 1}


def test_windows_are_journalled_without_any_email(shared_sink):
    shared_sink.set_faults({"kind": "outage", "start_s": 0.05, "end_s": 0.1})
    deadline_s = time.monotonic() + 30
    while len(new_rows(shared_sink, "faults")) < 2:
        assert time.monotonic() < deadline_s
        time.sleep(0.02)
    assert [row["event"] for row in new_rows(shared_sink, "faults")] == ["start", "end"]


@pytest.mark.parametrize(
    ("fault", "named"),
    [
        ({"kind": "explode"}, "faults.0"),
        ({"kind": "slow"}, "faults.0.slow.delay_s"),
        ({"kind": "reject", "provider": "pigeon"}, "provider"),
        ({"kind": "reject", "start_s": 2, "end_s": 1}, "end_s 1.0 is not after start_s 2.0"),
    ],
)
def test_a_wrong_plan_is_a_400_that_names_the_field(shared_sink, fault, named):
    plan = {"faults": [{"label": "f", **fault}]}
    answer = httpx.put(f"{shared_sink.url}/_admin/faults", json=plan)
    assert answer.status_code == 400
    assert named in answer.json()["error"]


def test_a_fault_is_added_beside_others_and_ended_alone(shared_sink):
    url = f"{shared_sink.url}/_admin/faults"
    httpx.put(url, json={"faults": [{"label": "a", "kind": "reject", "probability": 0}]})
    added = httpx.post(url, json={"faults": [{"label": "b", "kind": "outage", "probability": 0}]})
    assert added.json()["fired"] == {"a": 0, "b": 0}
    again = httpx.post(url, json={"faults": [{"label": "b", "kind": "outage"}]})
    assert again.status_code == 400
    assert "'b' is in use" in again.json()["error"]
    assert httpx.post(url, json={"seed": 1, "faults": []}).status_code == 400
    assert httpx.delete(f"{url}/b").status_code == 200
    assert httpx.delete(f"{url}/nobody").status_code == 404
    httpx.delete(url)


def test_an_ended_fault_breaks_nothing_and_keeps_its_count(journal):
    faults = ProviderFaults(VirtualClock(), journal, seed=1)
    faults.add([Failing(label="a", kind="reject")])
    faults.fired(faults.decide("ses"), "ses", stored=False, ids=[])
    assert faults.end("a")
    assert faults.decide("ses") is None
    assert faults.shown()["fired"] == {"a": 1}


def test_nothing_that_was_said_to_the_sink_is_in_its_log(shared_sink):
    assert "example.com" not in shared_sink.log()


@pytest.fixture
def journal():
    class Rows(list):
        def write(self, **row):
            self.append(row)

    return Rows()


def decisions(journal, seed, calls=100):
    faults = ProviderFaults(VirtualClock(), journal, seed=seed)
    faults.set_plan(FaultPlan(faults=(Failing(label="a", kind="reject", probability=0.3),)))
    return [faults.decide("ses") is not None for _ in range(calls)]


def test_the_same_seed_breaks_the_same_calls_and_another_seed_others(journal):
    assert decisions(journal, 1) == decisions(journal, 1)
    assert decisions(journal, 1) != decisions(journal, 2)
    assert 15 <= sum(decisions(journal, 1)) <= 45


def test_a_provider_can_flap(journal):
    clock = VirtualClock()
    faults = ProviderFaults(clock, journal, seed=1)
    faults.set_plan(FaultPlan(faults=(Slow(label="a", delay_s=1, period_s=4),)))
    is_on = []
    for _ in range(8):
        is_on.append(faults.decide("smtp") is not None)
        clock.advance(1)
    assert is_on == [True, True, False, False] * 2
