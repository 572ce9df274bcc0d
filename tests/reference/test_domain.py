"""Ids, addresses and the message body: what holds for hostile as for ordinary input."""

import json

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from reference.domain import (
    EMAIL_ID,
    RECIPIENTS_MAX,
    Email,
    Mailbox,
    QueuedEmail,
    email_id_for,
)
from reference.errors import UnreadableMessageError
from reference.pii import Pii

PLAIN = {"from": "ann@example.com", "to": ["bob@example.com"], "subject": "Hi", "text": "Hello"}
# What must not get into a header line: C0, DEL, C1, and Unicode's line separators.
CONTROLS = st.sampled_from(
    [chr(n) for n in (*range(32), *range(0x7F, 0xA0))] + ["\u2028", "\u2029"]
)
# Everything JSON can carry: all of Unicode but lone surrogates.
TEXT = st.text(st.characters(exclude_categories=["Cs"]))


def email(**changes):
    return Email.model_validate_json(json.dumps({**PLAIN, **changes}))


def is_refused(**changes):
    try:
        email(**changes)
    except ValidationError:
        return True
    return False


def queued(**changes):
    return QueuedEmail(version=1, email_id=email_id_for("shop", "k"), email=email(**changes))


@given(st.text(min_size=1), st.text(min_size=1))
def test_one_key_is_one_id_and_tenants_stay_apart(tenant, key):
    assert email_id_for(tenant, key) == email_id_for(tenant, key)
    assert email_id_for(tenant, key) != email_id_for(tenant + "2", key)
    assert EMAIL_ID.fullmatch(email_id_for(tenant, key))


def test_tenant_and_key_are_not_run_together():
    assert email_id_for("a", "bc") != email_id_for("ab", "c")


def test_without_a_key_equal_emails_get_different_ids():
    assert email_id_for("shop", None) != email_id_for("shop", None)


@given(control=CONTROLS, before=st.text("ab ", max_size=3), after=st.text("ab ", max_size=3))
def test_control_characters_are_refused_in_every_header_field(control, before, after):
    hostile = before + control + after
    for changes in (
        {"subject": hostile},
        {"headers": {"X-Trace": hostile}},
        {"headers": {f"X-{hostile}": "1"}},
        {"from": f"{hostile} <ann@example.com>"},
        {"from": f'"{hostile}" <ann@example.com>'},
        {"to": [f"bob{control}@example.com"]},
        {"cc": [f"bob@example.com{control}"]},
        {"bcc": [f"{control}bob@example.com"]},
        {"reply_to": f"bob@example.com{control}Bcc: eve@example.com"},
    ):
        assert is_refused(**changes)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "ann",
        "ann@",
        "@example.com",
        "ann@example.com, eve@example.com",
        "ann@example.com <eve@example.com",
        "Ann <ann@example.com> eve@example.com",
        "<ann@example.com>,<eve@example.com>",
        "ännä@example.com",  # the local part would need SMTPUTF8
        "ann@exa mple.com",
        "a" * 600 + "@example.com",
        '"unclosed <ann@example.com>',
        17,
        None,
    ],
)
def test_what_is_not_one_address_is_refused(address):
    assert is_refused(to=[address])


@pytest.mark.parametrize(
    ("written", "name", "address"),
    [
        ("ann@example.com", "", "ann@example.com"),
        ("Ann Example <ann@example.com>", "Ann Example", "ann@example.com"),
        ("Änn Éxample <ann@example.com>", "Änn Éxample", "ann@example.com"),
        (r'"Ann \"A\" Example" <ann@example.com>', 'Ann "A" Example', "ann@example.com"),
        ("<ann@example.com>", "", "ann@example.com"),
        ("ann@bücher.example.com", "", "ann@xn--bcher-kva.example.com"),
    ],
)
def test_addresses_are_read_as_people_write_them(written, name, address):
    assert email(reply_to=written).reply_to == Mailbox(Pii(address), Pii(name))


@given(st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=60))
def test_a_mailbox_survives_being_written_and_read(name):
    mailbox = Mailbox(Pii("ann@example.com"), Pii(name.strip()))
    assert email(reply_to=mailbox.reveal()).reply_to == mailbox


@pytest.mark.parametrize(
    "headers",
    [
        {"Subject": "again"},
        {"Bcc": "eve@example.com"},
        {"x-ses-configuration-set": "theirs"},
        {"X-SMTPAPI": "{}"},
        {"X-Mailgun-Track": "no"},
        {"X-A": "1", "x-a": "2"},
        {"X-A:": "1"},
        {"X- A": "1"},
        {"X-": "1"},
        {"X-Ä": "1"},
        {"X-Long": "x" * 999},
        {f"X-{n}": "" for n in range(21)},
        {"X-Number": 1},
    ],
)
def test_only_custom_headers_pass(headers):
    assert is_refused(headers=headers)
    assert not is_refused(headers={"X-Queueproof-Key": "17"})


def test_recipients_are_counted_over_all_fields():
    some = [f"p{n}@example.com" for n in range(RECIPIENTS_MAX)]
    assert not is_refused(to=some)
    assert is_refused(to=some, bcc=["one-more@example.com"])
    assert is_refused(to=[])


def test_an_email_without_any_text_is_refused():
    assert is_refused(text=None)
    assert not is_refused(text=None, html="<p>Hello</p>")


def test_recipients_are_each_named_once():
    assert email(cc=["Bob <bob@example.com>"], bcc=["eve@example.com"]).recipients() == [
        Pii("bob@example.com"),
        Pii("eve@example.com"),
    ]


@given(subject=TEXT, text=TEXT, name=TEXT)
def test_a_body_is_read_back_equal_and_is_legal_in_sqs(subject, text, name):
    changes = {"subject": subject, "text": text, "from": f"{name} <ann@example.com>"}
    if is_refused(**changes):
        return
    body = queued(**changes).to_body()
    assert QueuedEmail.from_body(body) == queued(**changes)
    assert body == QueuedEmail.from_body(body).to_body()
    assert all(
        c in "\t\n\r" or 0x20 <= ord(c) <= 0xD7FF or 0xE000 <= ord(c) <= 0xFFFD or ord(c) > 0xFFFF
        for c in body
    )


@given(st.text())
def test_any_other_body_is_unreadable_and_is_not_quoted(body):
    with pytest.raises(UnreadableMessageError) as caught:
        QueuedEmail.from_body(f'{{"secret-{body}')
    assert "secret" not in str(caught.value)


def test_the_worker_holds_the_same_rules_as_the_api():
    body = queued().to_body().replace('"Hi"', '"Hi\\r\\nBcc: eve@example.com"')
    with pytest.raises(UnreadableMessageError):
        QueuedEmail.from_body(body)


def test_no_repr_shows_what_an_email_holds():
    message = queued(reply_to="Carl <carl@example.com>")
    for shown in (repr(message), str(message), repr(message.email), repr(message.email.to)):
        assert "example.com" not in shown
        assert "Hello" not in shown


def test_only_the_body_for_the_queue_holds_the_texts():
    """A dump that somebody logs is masked, whichever way it was made."""
    message = queued(
        reply_to="Carl <carl@example.com>", html="<p>Hello</p>", headers={"X-A": "Hello"}
    )
    dumps = [
        message.model_dump_json(),
        json.dumps(message.model_dump(mode="json")),
        repr(message.model_dump()),
        str(dict(message.email)),
        f"{message.email.reply_to}",
        orjson.dumps(message.model_dump(), default=repr).decode(),
    ]
    for dump in dumps:
        assert "example.com" not in dump
        assert "Hello" not in dump
    assert "carl@example.com" in message.to_body()


def test_the_body_is_the_same_json_as_ever():
    """Messages already in the queue, and deduplication by content, rest on the bytes."""
    message = queued(reply_to="Carl <carl@example.com>", headers={"X-A": "b"})
    assert message.to_body() == (
        '{"version":1,"email_id":"' + message.email_id + '","email":{"from":"ann@example.com",'
        '"to":["bob@example.com"],"reply_to":"\\"Carl\\" <carl@example.com>","subject":"Hi",'
        '"text":"Hello","headers":{"X-A":"b"}}}'
    )


def test_a_validation_error_does_not_show_the_input():
    with pytest.raises(ValidationError) as caught:
        email(to=["sesame"], headers={"X-A": 5})
    assert "sesame" not in str(caught.value)
