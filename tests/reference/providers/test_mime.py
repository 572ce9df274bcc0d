"""The bytes of an email: a standard parser finds in them what the sender wrote, and no more."""

import email as stdlib_email
import email.policy
import json

from hypothesis import given
from hypothesis import strategies as st

from reference.domain import Email, email_id_for
from reference.providers import mime

EMAIL_ID = email_id_for("shop", "k")
LINE = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]) | st.sampled_from("=?,;:\"'<>@ "),
    max_size=120,
)
TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.just("\n"), min_size=1)


def to_bytes(wall_s=0.0, **changes):
    email = {
        "from": "Ann Example <ann@example.com>",
        "to": ["bob@example.com"],
        "subject": "Hi",
        "text": "Hello",
        **changes,
    }
    return mime.to_bytes(
        Email.model_validate_json(json.dumps(email)),
        email_id=EMAIL_ID,
        domain="mail.example.com",
        wall_s=wall_s,
    )


def parsed(**changes):
    return stdlib_email.message_from_bytes(to_bytes(**changes), policy=email.policy.default)


def test_the_headers_are_those_of_the_email():
    message = parsed(
        to=["Bob <bob@example.com>", "carl@example.com"],
        cc=["dora@example.com"],
        bcc=["eve@example.com"],
        reply_to="ann+re@example.com",
        headers={"X-Queueproof-Key": "k-17"},
    )
    assert message["From"] == "Ann Example <ann@example.com>"
    assert message["To"] == "Bob <bob@example.com>, carl@example.com"
    assert message["Cc"] == "dora@example.com"
    assert message["Reply-To"] == "ann+re@example.com"
    assert message["Message-ID"] == f"<{EMAIL_ID}@mail.example.com>"
    assert message["X-Queueproof-Key"] == "k-17"
    assert message["Date"].datetime.timestamp() == 0


def test_blind_copies_stay_blind():
    assert b"eve" not in to_bytes(bcc=["Eve <eve@example.com>"])


@given(subject=LINE, name=LINE, trace=LINE)
def test_no_text_becomes_a_header_of_its_own(subject, name, trace):
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')
    content = to_bytes(
        subject=subject, reply_to=f'"{quoted}" <ann@example.com>', headers={"X-Trace": trace}
    )
    message = stdlib_email.message_from_bytes(content, policy=email.policy.default)
    assert [key for key in message if key[:1] != "C"] == [
        "MIME-Version",
        "From",
        "To",
        "Reply-To",
        "Subject",
        "Date",
        "Message-ID",
        "X-Trace",
    ]
    (reply_to,) = message["Reply-To"].addresses
    assert reply_to.addr_spec == "ann@example.com"
    assert max(map(len, content.split(b"\r\n"))) <= 998
    assert content.isascii()


@given(subject=LINE)
def test_a_subject_arrives_as_written(subject):
    # Folding may turn one blank into another kind; RFC 5322 gives blanks no other meaning.
    assert str(parsed(subject=subject)["Subject"]).split() == subject.split()


@given(text=TEXT, html=TEXT)
def test_texts_arrive_as_written(text, html):
    plain, rich = parsed(text=text, html=html).iter_parts()
    assert plain.get_content().replace("\r\n", "\n").removesuffix("\n") == text.removesuffix("\n")
    assert rich.get_content().replace("\r\n", "\n").removesuffix("\n") == html.removesuffix("\n")
    assert (plain.get_content_type(), rich.get_content_type()) == ("text/plain", "text/html")


def test_a_single_text_needs_no_multipart():
    assert parsed().get_content_type() == "text/plain"
    assert parsed(text=None, html="<p>").get_content_type() == "text/html"


def test_a_repeat_has_the_same_body():
    first, second = (to_bytes(wall_s=at, html="<p>Hello</p>") for at in (0.0, 86_400.0))
    assert first != second
    assert first.partition(b"\r\n\r\n")[2] == second.partition(b"\r\n\r\n")[2]
