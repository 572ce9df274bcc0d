"""Fields tell what stands in them by name and by value; one alone is not enough."""

import time

import pytest

from compliance.pii.fields import find_field, inserted, pairs
from compliance.pii.line_pass import _word_hits
from compliance.pii.record import Leaf

FLAGGED = [
    ("to_name", "Jane Doe", "PERSON"),
    ("recipientName", "Jane Doe", "PERSON"),
    ("first_name", "Jane", "PERSON"),
    ("CardHolder", "JD O'Brien-Müller", "PERSON"),
    ("holder", "Peer Seifert", "PERSON"),
    ("name", "Maria de la Cruz", "PERSON"),
    ("user", "石川 陽子", "PERSON"),
    ("surname", "Szczepańska", "PERSON"),
    ("shipping_address", "742 Evergreen Terrace", "STREET_ADDRESS"),
    ("addr", "Hinter den Höfen", "STREET_ADDRESS"),
    ("address_line1", "Flat 3, Mill Lane", "STREET_ADDRESS"),
    ("subject", "Your parcel is late", "SUBJECT"),
    ("html_body", "Hello, we wanted to tell you", "BODY"),
    ("ssn", "078-05-1120", "ID_NUMBER"),
    ("date_of_birth", "1970-01-01", "ID_NUMBER"),
]
NEAR_MISSES = [
    ("name", "worker-464b0a6309"),
    ("name", "http_requests_total"),
    ("name", "Frankfurt"),
    ("name", "Amazon SES"),
    ("queue_name", "Jane Doe"),
    ("host_name", "Mail Gateway"),
    ("display_name", "token"),
    ("to", "queue-orders"),
    ("to", "jane@example.com"),  # the e-mail rule tells it
    ("from", "Internal Server"),
    ("user", "root"),
    ("user", "Guest User"),
    ("recipient", "none"),
    ("recipient", "J*** D***"),
    ("customer_name", "[redacted]"),
    ("holder", "<hidden>"),
    ("address", "10.0.0.1:8443"),
    ("address", "https://example.com/a b"),
    ("email_address", "Jane Doe Street"),
    ("ip_address", "somewhere else"),
    ("remote_addr", "Unix Socket 3"),
    ("line", "could not open file"),
    ("subject", "CN=mail.example.com,O=Acme"),
    ("body_bytes", "1234"),
    ("request_body", "one two three four"),
    ("passport", "none given"),
]


@pytest.mark.parametrize(("key", "value", "entity"), FLAGGED)
def test_a_field_that_says_so_is_flagged(key, value, entity):
    hit = find_field(key, value)
    assert hit is not None
    assert (hit.entity, hit.value) == (entity, value)


@pytest.mark.parametrize(("key", "value"), NEAR_MISSES)
def test_near_misses_are_not_flagged(key, value):
    assert find_field(key, value) is None


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('level=info name="Jane Doe" n=3', [("level", "info"), ("name", "Jane Doe")]),
        ("locals: {'name': 'Jane Doe'}", [("name", "Jane Doe")]),
        ("name='Shane O'Sullivan', n", [("name", "Shane O'Sullivan")]),
        ('{"name"=>"Jane Doe"}', [("name", "Jane Doe")]),
        ("body={'name': 'Jane'}", [("name", "Jane")]),
        ("Key (name)=(Jane Doe) already exists", [("name", "Jane Doe")]),
        ("WHERE holder = 'Jane Doe'", [("holder", "Jane Doe")]),
        ("Send(to='a', name='Jane Doe')", [("to", "a"), ("name", "Jane Doe")]),
    ],
)
def test_pairs_are_read_from_text(text, found):
    assert [pair for pair in pairs(text) if pair in found] == found


def test_values_of_an_insert_are_given_their_columns():
    text = "INSERT INTO app.users (id, \"name\", phone) VALUES (17, 'Jane O''Neill', '030 1234567')"
    assert list(inserted(text)) == [
        ("id", "17"),
        ("name", "Jane O''Neill"),
        ("phone", "030 1234567"),
    ]


@pytest.mark.parametrize(
    "unit",
    ["a=", "a='", 'a="', "(a)=(", "A-", "A.", "A ", "a:", "1 A", "into a (b) values (", "ul. A"],
)
def test_time_grows_with_the_length_of_a_hostile_text_not_with_its_square(unit):
    def seconds(size):
        started = time.process_time()
        list(_word_hits(Leaf("", "", unit * (size // len(unit)))))
        return time.process_time() - started

    seconds(1000)
    small, large = seconds(4_000), seconds(64_000)
    # 16 times the length; a quadratic rule takes 256 times as long. 0.5 s covers clock noise.
    assert large < 64 * small + 0.5, f"{small:.4f} s for 4 kB, {large:.4f} s for 64 kB"
