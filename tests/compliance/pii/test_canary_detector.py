"""Known values are found in every listed form, wherever they stand, and nowhere else."""

import base64
import hashlib
import html
import json
import quopri
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compliance.pii import Canary
from compliance.pii.canary_detector import CanaryDetector

BODY = (
    "Hello Zoë, your parcel with two blue kettles left our shop on Tuesday morning.\n"
    "It should reach you before the weekend; write to us if it does not. Kind regards from Köln."
)
VALUES = (
    Canary("email", "Jane.Doe+news@example.com"),
    Canary("email", "zoë@example.com"),
    Canary("person", "Siobhán O'Brien-Müller"),
    Canary("person", "Wisława Szczepańska"),
    Canary("phone", "+1 (212) 555-0142"),
    Canary("address", "742 Evergreen Terrace\nSpringfield, IL 62704"),
    Canary("subject", 'Your "order" <17> & more'),
)


def json_inner(text):
    return json.dumps(text)[1:-1]


WRITTEN = {
    "raw": str,
    "lower": str.lower,
    "upper": lambda v: v.upper(),
    "json": json_inner,
    "json readable": lambda v: json.dumps(v, ensure_ascii=False)[1:-1],
    "json in json": lambda v: json_inner(json_inner(v)),
    "url": lambda v: quote(v, safe=""),
    "url path": lambda v: quote(v, safe="@/:,;+!'()*~"),
    "url plus": quote_plus,
    "html": html.escape,
    "repr": lambda v: repr(v)[1:-1],
    "quoted-printable": lambda v: (
        quopri.encodestring(v.replace("\n", "=0A").encode()).decode()
        if "\n" not in v
        else v.replace("\n", "=0A").encode("ascii").decode()
    ),
}
DIGESTED = {
    "sha256": lambda v: hashlib.sha256(v.encode()).hexdigest(),
    "sha256 lower": lambda v: hashlib.sha256(v.lower().encode()).hexdigest(),
    "md5": lambda v: hashlib.md5(v.encode(), usedforsecurity=False).hexdigest(),
    "MD5 LOWER": lambda v: (
        hashlib.md5(v.lower().encode(), usedforsecurity=False).hexdigest().upper()
    ),
    "hex": lambda v: v.encode().hex(),
    "HEX lower": lambda v: v.lower().encode().hex().upper(),
}


def kinds(detector, line):
    return [hit.canary.kind for hit in detector.find(line)]


@pytest.fixture(scope="module")
def detectors():
    return {canary.value: CanaryDetector([canary]) for canary in (*VALUES, Canary("body", BODY))}


@settings(deadline=None)
@given(
    st.sampled_from(VALUES),
    st.sampled_from(sorted({**WRITTEN, **DIGESTED})),
    st.text(max_size=20),
    st.text(max_size=20),
)
def test_any_canary_in_any_written_form_is_found_in_any_text(
    detectors, canary, form, before, after
):
    written = {**WRITTEN, **DIGESTED}[form](canary.value)
    line = f"{before} {written} {after}".encode()
    hits = detectors[canary.value].find(line)
    assert any(line[hit.start : hit.end].decode() in written for hit in hits), form


@settings(deadline=None)
@given(
    st.sampled_from(VALUES),
    st.tuples(st.binary(max_size=9), st.binary(max_size=9)),
    st.sampled_from([base64.b64encode, base64.urlsafe_b64encode]),
    st.booleans(),
)
def test_base64_is_found_at_every_offset_in_a_larger_text(
    detectors, canary, around, encode, is_lower
):
    value = canary.value.lower() if is_lower else canary.value
    packed = encode(around[0] + value.encode() + around[1])
    assert kinds(detectors[canary.value], b'{"raw":"' + packed + b'"}') == [canary.kind]


WORDS = BODY.split(" ")


@given(st.integers(0, len(WORDS) - 5), st.sampled_from(["raw", "json", "upper"]))
def test_any_five_words_of_a_body_are_found(detectors, first, form):
    text = WRITTEN[form](" ".join(WORDS[first : first + 5]))
    assert kinds(detectors[BODY], f"sent: {text}...".encode()) == ["body"]


@given(st.integers(0, len(WORDS) - 10), st.sampled_from(["base64", "hex", "url"]))
def test_any_ten_packed_words_of_a_body_are_found(detectors, first, form):
    text = " ".join(WORDS[first : first + 10])
    packed = {
        "base64": base64.b64encode(b"x" * first + text.encode()).decode(),
        "hex": text.encode().hex(),
        "url": quote(text),
    }[form]
    assert kinds(detectors[BODY], packed.encode()) == ["body"]


def test_a_whole_body_is_one_hit():
    detector = CanaryDetector([Canary("body", BODY)])
    for line in (
        BODY.replace("\n", " "),
        json_inner(BODY),
        base64.b64encode(BODY.encode()).decode(),
    ):
        assert kinds(detector, line.encode()) == ["body"], line[:20]


def test_four_words_of_a_body_are_no_hit(detectors):
    assert kinds(detectors[BODY], b"two blue kettles left the building") == []


@pytest.mark.parametrize(
    ("value", "line", "is_hit"),
    [
        ("Mark", "name: Mark, age 4", True),
        ("Mark", '{"text":"Hi\\nMark\\n"}', True),
        ("Mark", "to=%22Mark%22&x=1", True),
        ("Mark", "“Mark” wrote", True),
        ("Mark", "MARK.", True),
        ("Mark", "bookmark set", False),
        ("Mark", "Markus Doe", False),
        ("Mark", "event=mark_read", False),
        ("Mark", "worker-mark-1", False),
        ("Mark", "app.mark.worker", False),
        ("Mark", "Märkte, 7Mark", False),
        ("Mark", "QWxNYXJrQWJj", False),  # base64 digits of an id that spell it by chance
        ("Mark", "v=TWFyaw==", True),
        ("Ann-Kathrin", "Joann-Kathrinsen", False),
        ("Li Wu", "Li Wu", True),
        ("Li Wu", "Ali Wussow", False),
        ("4155550142", "id 94155550142", False),
        ("4155550142", "call 4155550142", True),
    ],
)
def test_short_values_and_bare_names_need_word_boundaries(value, line, is_hit):
    detector = CanaryDetector([Canary("person", value)])
    assert bool(detector.find(line.encode())) == is_hit


def test_phone_is_found_without_its_separators_but_not_inside_a_longer_number():
    detector = CanaryDetector([Canary("phone", "+1 (212) 555-0142")])
    assert kinds(detector, b"dial 12125550142 now") == ["phone"]
    assert kinds(detector, b"id 9912125550142") == []


def test_one_line_of_an_address_is_found():
    detector = CanaryDetector([Canary("address", "742 Evergreen Terrace\nSpringfield, IL 62704")])
    assert kinds(detector, b"street=742 evergreen terrace") == ["address"]


def test_a_canary_inside_another_is_part_of_it():
    detector = CanaryDetector(
        [Canary("person", "Jane Doe"), Canary("subject", "Greetings from Jane Doe to you")]
    )
    assert kinds(detector, b"x Greetings from Jane Doe to you x Jane Doe") == ["subject", "person"]


def test_base64_in_another_case_is_not_the_value():
    packed = base64.b64encode(b"Jane.Doe@example.com")
    detector = CanaryDetector([Canary("email", "Jane.Doe@example.com")])
    assert kinds(detector, packed) == ["email"]
    assert kinds(detector, packed.swapcase()) == []


@settings(deadline=None, max_examples=200)
@given(
    st.lists(
        st.one_of(
            st.uuids().map(str),
            st.binary(min_size=4, max_size=40).map(bytes.hex),
            st.datetimes().map(lambda at: at.isoformat()),
            st.binary(min_size=4, max_size=40).map(lambda b: base64.b64encode(b).decode()),
            st.integers(0, 10**18).map(str),
        ),
        min_size=1,
    )
)
def test_ids_times_and_random_base64_are_no_canaries(people_detector, tokens):
    assert people_detector.find(" ".join(tokens).encode()) == []


@pytest.fixture(scope="module")
def people_detector(people):
    return CanaryDetector(
        [*people, *(Canary("person", name) for name in ("Li", "Bo Ek") if len(name) > 2)]
    )


class Unbounded(CanaryDetector):
    """Planted fault: forgets that short values need boundaries."""

    def __init__(self, canaries):
        super().__init__(canaries)
        self._targets = [
            [(form._replace(is_bounded=False), canary) for form, canary in targets]
            for targets in self._targets
        ]


def test_planted_fault_is_seen_by_the_near_misses():
    assert Unbounded([Canary("person", "Mark")]).find(b"bookmark set")
