"""Each rule against a table of texts: what must be found, and near misses that must not.

Numbers are test numbers: card numbers of the schemes' documentation, 555-01xx phones, IBAN examples
of the registry.
"""

import time

import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from compliance.pii.fields import inserted
from compliance.pii.number_gate import IBAN_COUNTRIES, gate_of
from compliance.pii.patterns import DEFAULT_REGIONS, find_patterns
from compliance.pii.patterns.candidate import recognizer
from compliance.pii.patterns.email import PLAIN_SUFFIXES
from compliance.pii.record import Leaf, parse
from compliance.pii.shape import Shape, shape_of
from compliance.pii.third_party import suffix_extractor

FLAGGED = [
    ("EMAIL_ADDRESS", "to jane.doe@example.com failed", "jane.doe@example.com"),
    ("EMAIL_ADDRESS", "<jane+tag@mail.example.co.uk>", "jane+tag@mail.example.co.uk"),
    ("EMAIL_ADDRESS", "GET /v1/emails?to=jane%40example.com&x=1", "jane@example.com"),
    ("EMAIL_ADDRESS", "mailto:jane@example.com.", "jane@example.com"),
    ("EMAIL_ADDRESS", "sent to jane@example.com.Please retry", "jane@example.com"),
    ("EMAIL_ADDRESS", "a=1;to='jane@example.com',b", "jane@example.com"),
    ("EMAIL_ADDRESS", "zoë@exämple.com wrote", "zoë@exämple.com"),
    ("EMAIL_ADDRESS", f"{'x' * 80}/jane@example.com", "jane@example.com"),
    ("CREDIT_CARD", "paid with 4111111111111111", "4111111111111111"),
    ("CREDIT_CARD", "4111 1111 1111 1111", "4111 1111 1111 1111"),
    ("CREDIT_CARD", "200 4111-1111-1111-1111 12", "4111-1111-1111-1111"),
    ("CREDIT_CARD", "amex 3782 822463 10005", "3782 822463 10005"),
    ("CREDIT_CARD", "Mastercard of the 2 series 2223003122003222", "2223003122003222"),
    ("CREDIT_CARD", "card=6759649826438453", "6759649826438453"),
    ("IBAN_CODE", "from DE89370400440532013000 today", "DE89370400440532013000"),
    ("IBAN_CODE", "GB82 WEST 1234 5698 7654 32 is it", "GB82 WEST 1234 5698 7654 32"),
    ("IBAN_CODE", "iban=gb82west12345698765432", "gb82west12345698765432"),
    ("IP_ADDRESS", "peer 8.8.4.4:443", "8.8.4.4"),
    ("IP_ADDRESS", "http://8.8.4.4/x", "8.8.4.4"),
    ("IP_ADDRESS", "from 2a00:1450:4001:81b::200e", "2a00:1450:4001:81b::200e"),
    ("PHONE_NUMBER", "call +1 212 555 0142 now", "+1 212 555 0142"),
    ("PHONE_NUMBER", "+44 7700 900123", "+44 7700 900123"),
    ("PHONE_NUMBER", "+491512345678", "+491512345678"),
    ("PHONE_NUMBER", "reach (212) 555-0142", "(212) 555-0142"),
    ("PHONE_NUMBER", "212-555-0142 rang", "212-555-0142"),
    ("PHONE_NUMBER", "tel:2125550142", "2125550142"),
    ("PHONE_NUMBER", "mobile = 030 1234567", "030 1234567"),
    ("PHONE_NUMBER", "The 'To' number 02474 99949 is wrong", "02474 99949"),
    ("PHONE_NUMBER", "spoke to (020) 79460018 today", "(020) 79460018"),
    ("PHONE_NUMBER", "voicemail left at 01632960648", "01632960648"),
    (
        "PHONE_NUMBER",
        "INSERT INTO u (n, phone) VALUES ('a name of somebody', '2125550142')",
        "2125550142",
    ),
    ("CREDIT_CARD", "card 5018 6466 7909 declined", "5018 6466 7909"),
    ("CREDIT_CARD", "two lines:\n4111111111111111", "4111111111111111"),
    ("IBAN_CODE", "two lines:\nDE89370400440532013000", "DE89370400440532013000"),
    ("CREDIT_CARD", "Visa of 13 digits: 4222222222222", "4222222222222"),
    ("CREDIT_CARD", "card 180049886200434 declined", "180049886200434"),
]
NEAR_MISSES = [
    "jane.doe at example.com",
    "RecvWorker@765 closed",
    "lodash@4.17.21 installed",
    "@app.route is no address",
    "user@localhost",
    "message_id=<20251124.4711@mail.example.com>",
    "In-Reply-To: <abc@mail.example.com>",
    "4111111111111112 fails the checksum",
    "41111111111111111111 is too long",
    "3222552788284376 passes the checksum, but no issuer has it",
    "epoch 1131408782 2005",
    "sequence 18849496460467696128",
    "at 1764000000000 ms, 1764000000000000 us",
    "0.4111111111111111",
    "id_4111111111111111",
    "DE88370400440532013000 fails the checksum",
    "XX82WEST12345698765432",
    "ab12 request id cd34ef56",
    "127.0.0.1 10.1.2.3 192.168.0.1 172.16.4.4 169.254.1.1 0.0.0.0 255.255.255.255",
    "192.0.2.17 198.51.100.7 203.0.113.9 2001:db8::1 ::1 fe80::1 fd00::2",
    "Chrome/120.0.0.1 version 3.11.7.1 v1.2.3.4 1.2.3.4.5",
    "std::string 10:20:30 aa:bb:cc:dd:ee:ff a::b",
    "2025-11-24 2025/11/24 24.11.2025 10:20:30,123",
    "2125550142 bare digits are an id",
    "200 345 0012",
    'HTTP/1.1" 202 345 1234',
    "550e8400-e29b-41d4-a716-446655440000",
    "123e4567-1234-1234-1234-123456789012",
    "arn:aws:sqs:us-east-1:123456789012:emails.fifo",
    "1-581cf771-a006649127e371903a2de979",
    "[24/Nov/2025:10:00:00 +0000]",
    "cancelled 2125550142 cells in excel",
    "0212555014 has a leading zero and no word",
    "5018 6466 7909 says no card",
    "transferred 4222222222222 bytes",
    "d41d8cd98f00b204e9800998ecf8427e",
]


def hits(text, key=""):
    """As on a line: the leaf itself, then the columns that SQL names in it."""
    leaves = [Leaf("", key, text), *(Leaf("", *pair) for pair in inserted(text))]
    found = [hit for leaf in leaves for hit in find_patterns(leaf, DEFAULT_REGIONS)]
    return list(dict.fromkeys((hit.entity, hit.value) for hit in found))


@pytest.mark.parametrize(("entity", "text", "value"), FLAGGED)
def test_personal_data_is_found_with_its_exact_extent(entity, text, value):
    assert hits(text) == [(entity, value)]


@pytest.mark.parametrize("text", NEAR_MISSES)
def test_near_misses_are_not_flagged(text):
    assert hits(text) == []


@pytest.mark.parametrize(
    ("key", "text", "found"),
    [
        ("phone2", "2125550142", [("PHONE_NUMBER", "2125550142")]),
        ("order_id", "2125550142", []),
        ("message_id", "abc@mail.example.com", []),
        ("to", "abc@mail.example.com", [("EMAIL_ADDRESS", "abc@mail.example.com")]),
        ("card_number", "501864667905", []),  # fails the checksum
        ("card_number", "501864667909", [("CREDIT_CARD", "501864667909")]),
        ("sequence", "501864667909", []),
    ],
)
def test_the_key_of_a_json_field_counts_as_context(key, text, found):
    assert hits(text, key) == found


@pytest.mark.parametrize(("entity", "text", "value"), FLAGGED)
@pytest.mark.parametrize("carrier", ["{}", "event=x {} y=1", '{{"event":"x","note":{}}}'])
def test_the_gate_lets_through_every_line_that_a_rule_would_flag(entity, text, value, carrier):
    written = orjson.dumps(text).decode() if carrier.startswith("{{") else text
    assert passes_gate(carrier.format(written).encode())


def passes_gate(line):
    return gate_of(shape_of(line)).lets_pass(line)


PIECES = st.one_of(
    st.sampled_from([value for _, _, value in FLAGGED]),
    st.sampled_from(
        ["phone", "tel ", "card", "id=", "_", "-", " ", "/", "+", ".", ":", "x9", "%", "7"]
    ),
    st.text(max_size=4),
    st.from_regex(r"\+?[0-9(][0-9 ().-]{5,18}", fullmatch=True),
)


def test_the_gate_knows_every_country_whose_ibans_presidio_knows():
    known = recognizer("IbanRecognizer").analyze.__globals__["regex_per_country"]
    assert set(known) == IBAN_COUNTRIES


def test_what_is_not_looked_up_holds_no_other_public_suffix():
    suffixes = suffix_extractor().tlds
    assert all(plain[1:] in suffixes for plain in PLAIN_SUFFIXES)
    assert [suffix for suffix in suffixes if suffix.endswith(PLAIN_SUFFIXES)] == []


@pytest.mark.parametrize(
    "line",
    [
        b"receipt ab4712072d3787224dfcd8473af7a835",  # ab is no country
        b"receipt 0173272a1733743e",  # digits after a 0, but a letter goes on
        b"Starting new HTTP connection (47): 10.0.47.165:9324",
        b"peer 192.168.1.17 and 172.20.0.4 and 169.254.169.254 and 127.0.0.1",
    ],
)
def test_the_gate_holds_back_ids_and_private_addresses(line):
    assert not passes_gate(line)


@given(st.lists(PIECES, max_size=6))
def test_the_quick_look_of_the_gate_hides_nothing_from_the_exact_one(pieces):
    line = "".join(pieces).encode()
    gate = gate_of(Shape(b"", b"0 0 0 AA0 0 0 0.0.0 (0) +0 ::"))  # groups of every kind
    assert gate.lets_pass(line) or not gate.holds_number(line)


@settings(deadline=None, max_examples=1_000)
@given(st.lists(PIECES, max_size=6), st.booleans())
@example(pieces=["2024-01-02", "DE89370400440532013000_"], is_json=False)  # one token
def test_no_rule_flags_a_line_that_the_gate_holds_back(pieces, is_json):
    """The gate works on the blanked shape; this is what keeps it from hiding digits."""
    text = "".join(pieces)
    line = orjson.dumps({"event": "x", "note": text}) if is_json else text.encode()
    found = [hit for leaf in parse(line).leaves for hit in find_patterns(leaf, DEFAULT_REGIONS)]
    assert not found or passes_gate(line)


@pytest.mark.parametrize(
    "unit", ["a", "a.", "@", "a@", "a@b.", "4", "4 ", "1-", "+1 ", "AB12", "::", "0.", "(", "_1"]
)
def test_time_grows_with_the_length_of_a_hostile_line_not_with_its_square(unit):
    def seconds(size):
        text = unit * (size // len(unit))
        started = time.process_time()
        hits(text)
        shape_of(text.encode())
        passes_gate(text.encode())
        return time.process_time() - started

    hits(unit * 1000)
    small, large = seconds(4_000), seconds(64_000)
    # 16 times the length; a quadratic rule takes 256 times as long. 0.5 s covers clock noise.
    assert large < 64 * small + 0.5, f"{small:.4f} s for 4 kB, {large:.4f} s for 64 kB"
