"""What the sink reads of a mail is what its writer meant, however it had to be written."""

import pytest

from reference.cloud.mail_sink.mail import from_mime
from reference.domain import Email
from reference.providers.mime import to_bytes

HEADER = "X-Queueproof-Key"


def sent(key):
    email = Email.model_validate(
        {
            "from": "ann@example.com",
            "to": ["bob@example.com"],
            "subject": "hello",
            "text": "hi",
            "headers": {HEADER: key},
        }
    )
    return to_bytes(email, email_id="em_1", domain="mail.example.com", wall_s=0)


@pytest.mark.parametrize("length", [1, 60, 61, 120, 250])
def test_a_key_of_any_length_comes_through_whole(length):
    """A word too long for a folded line travels as encoded words."""
    key = ("20260101T000000Z-run." * 20)[:length]
    assert from_mime(sent(key), key_header=HEADER).key == key


def test_what_only_looks_encoded_is_left_as_it_is():
    content = f"{HEADER}: =?no-such-charset?q?x?=\r\n\r\nbody".encode()
    assert from_mime(content, key_header=HEADER).key == "=?no-such-charset?q?x?="
