"""Every provider against the real sink process: what arrives, and what each failure is called."""

import contextlib
import hashlib
import json
import socket

import pytest

from reference.clock import MonotonicClock
from reference.domain import Email, email_id_for
from reference.errors import ProviderError
from reference.providers import ses
from reference.providers.base import Outgoing
from reference.providers.mailgun import MailgunProvider
from reference.providers.sendgrid import SendGridProvider
from reference.providers.ses import SesProvider
from reference.providers.smtp import SmtpProvider

CLOCK = MonotonicClock()
NAMES = ("smtp", "ses", "sendgrid", "mailgun")
COMMON = {"domain": "mail.example.com", "clock": CLOCK}
HTTP_CODES = {"throttle": "429", "unavailable": "503", "reject": "400"}
CODES = {
    "smtp": {"throttle": "450", "unavailable": "421", "reject": "550"},
    "ses": {
        "throttle": "TooManyRequestsException",
        "unavailable": "ServiceUnavailable",
        "reject": "MessageRejected",
    },
    "sendgrid": HTTP_CODES,
    "mailgun": HTTP_CODES,
}


@pytest.fixture(autouse=True)
def credentials(monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")


def provider_of(name, *, smtp_port, url, timeout_s=10.0):
    http = {**COMMON, "timeout_s": timeout_s, "connections_max": 2}
    match name:
        case "smtp":
            return SmtpProvider("127.0.0.1", smtp_port, timeout_s=timeout_s, **COMMON)
        case "ses":
            client = ses.connect(
                region="us-east-1", endpoint_url=url, timeout_s=timeout_s, connections_max=2
            )
            return SesProvider(client, **COMMON)
        case "sendgrid":
            return SendGridProvider(url, api_key="SG.local", **http)
        case "mailgun":
            return MailgunProvider(
                url, account_domain="mail.example.com", api_key="key-local", **http
            )


@pytest.fixture
def make_provider(shared_sink):
    """A provider by name, that talks to the sink."""
    shared_sink.set_faults()
    with contextlib.ExitStack() as stack:

        def make(name, timeout_s=10.0):
            address = {"smtp_port": shared_sink.smtp_port, "url": shared_sink.url}
            provider = provider_of(name, timeout_s=timeout_s, **address)
            stack.callback(provider.close)
            return provider

        yield make


def outgoing(key="k", **changes):
    email = {
        "from": "Ann Example <ann@example.com>",
        "to": ["Bob Größe <bob@example.com>", "carol@example.com"],
        "cc": ["BOB@example.com"],
        "bcc": ["eve@example.com"],
        "reply_to": "help@example.com",
        "subject": "Grüße",
        "text": "Hello\n.\nBob",
        "html": "<p>Hello</p>",
        "headers": {"X-Queueproof-Key": key},
        **changes,
    }
    return Outgoing(email_id_for("shop", key), Email.model_validate_json(json.dumps(email)))


def delivered(sink, email):
    return [row for row in sink.rows() if row["email_id"] == email.email_id]


def failure(provider, email):
    with pytest.raises(ProviderError) as caught:
        provider.send(email)
    error = caught.value
    # The provider's words may quote a person; they are neither kept nor chained.
    assert "example.com" not in f"{error}{error.__cause__}"
    return error.code, error.is_definite, error.is_transient


@pytest.mark.parametrize("name", NAMES)
def test_an_email_arrives_once_at_everybody_under_its_id_and_key(shared_sink, make_provider, name):
    email = outgoing(f"fine-{name}")
    make_provider(name).send(email)
    (row,) = delivered(shared_sink, email)
    everybody = ["bob@example.com", "carol@example.com", "eve@example.com"]
    if name != "sendgrid":  # which refuses addresses that differ in case alone
        everybody.append("BOB@example.com")
    lines = "\n".join(sorted(address.lower() for address in everybody))
    assert row["recipients_sha256"] == hashlib.sha256(lines.encode()).hexdigest()
    assert (row["provider"], row["key"]) == (name, f"fine-{name}")


@pytest.mark.parametrize("name", NAMES)
def test_a_connection_serves_many_emails_and_outlives_a_refusal(shared_sink, make_provider, name):
    provider = make_provider(name)
    shared_sink.set_faults({"kind": "reject", "nth_call": 2})
    provider.send(outgoing(f"first-{name}"))
    assert failure(provider, outgoing(f"second-{name}"))[1:] == (True, False)
    provider.send(outgoing(f"third-{name}"))
    assert len(delivered(shared_sink, outgoing(f"third-{name}"))) == 1


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", HTTP_CODES)
def test_a_refusal_is_definite_and_passes_unless_it_is_for_good(
    shared_sink, make_provider, name, kind
):
    shared_sink.set_faults({"kind": kind})
    email = outgoing(f"{kind}-{name}")
    expected = (CODES[name][kind], True, kind != "reject")
    assert failure(make_provider(name), email) == expected
    assert delivered(shared_sink, email) == []


@pytest.mark.parametrize("name", NAMES)
def test_after_a_lost_answer_the_outcome_is_unknown(shared_sink, make_provider, name):
    shared_sink.set_faults({"kind": "lose-answer"})
    email = outgoing(f"lost-{name}")
    _, is_definite, is_transient = failure(make_provider(name), email)
    assert (is_definite, is_transient) == (False, True)
    assert len(delivered(shared_sink, email)) == 1


@pytest.mark.parametrize("name", NAMES)
def test_after_a_time_out_the_outcome_is_unknown(shared_sink, make_provider, name):
    shared_sink.set_faults({"kind": "slow", "delay_s": 5})
    email = outgoing(f"slow-{name}")
    _, is_definite, is_transient = failure(make_provider(name, timeout_s=0.3), email)
    assert (is_definite, is_transient) == (False, True)
    assert len(delivered(shared_sink, email)) == 1


@pytest.mark.parametrize(("name", "is_definite"), [(n, n == "smtp") for n in NAMES])
def test_in_an_outage_only_smtp_can_tell_that_nothing_was_sent(
    shared_sink, make_provider, name, is_definite
):
    """An HTTP request is out before the connection breaks, so honesty says: unknown."""
    shared_sink.set_faults({"kind": "outage"})
    email = outgoing(f"outage-{name}")
    assert failure(make_provider(name), email)[1:] == (is_definite, True)
    assert delivered(shared_sink, email) == []


@pytest.mark.parametrize("name", NAMES)
def test_a_provider_that_is_not_there_is_a_definite_transient_error(name):
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    with contextlib.closing(
        provider_of(name, smtp_port=port, url=f"http://127.0.0.1:{port}")
    ) as provider:
        assert failure(provider, outgoing())[1:] == (True, True)


@pytest.mark.parametrize("sink", [["--refuse-recipient", "^carol"]], indirect=True)
def test_a_refused_recipient_is_permanent_and_its_address_is_not_repeated(sink):
    for name in NAMES:
        provider = provider_of(name, smtp_port=sink.smtp_port, url=sink.url)
        with contextlib.closing(provider):
            assert failure(provider, outgoing())[1:] == (True, False)
    assert sink.rows() == []
