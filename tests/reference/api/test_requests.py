"""Reading a POST: what is refused, with which field named, and never with the input repeated."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import Headers

from reference.api import requests
from reference.api.problems import Problem
from reference.api.requests import EmailRequest

NOW_S = datetime(2030, 1, 31, 9, tzinfo=UTC).timestamp()
PLAIN = {"from": "ann@example.com", "to": ["bob@example.com"], "subject": "Hi", "text": "Hello"}


def refusal(body):
    with pytest.raises(Problem) as caught:
        requests.parse_email(body, wall_s=NOW_S)
    return caught.value


def fields_refused(**changes):
    problem = refusal(json.dumps({**PLAIN, **changes}).encode())
    return [violation.field for violation in problem.violations]


@pytest.mark.parametrize("body", [b"", b"{", b"{'a': 1}", b'{"a": 1} x', b"\xff\xfe{}"])
def test_what_is_not_json_is_a_400(body):
    assert refusal(body).status == 400


@pytest.mark.parametrize("body", [b"[]", b"null", b'"text"', b"17"])
def test_json_that_is_no_object_is_a_422(body):
    problem = refusal(body)
    assert problem.status == 422
    assert [violation.field for violation in problem.violations] == ["body"]


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"from": "ann"}, ["from"]),
        ({"to": ["bob@example.com", "x", "y"]}, ["to[1]", "to[2]"]),
        ({"to": "bob@example.com"}, ["to"]),
        ({"to": []}, ["to"]),
        ({"subject": "a\r\nBcc: eve@example.com"}, ["subject"]),
        ({"subject": 5}, ["subject"]),
        ({"text": None}, ["body"]),
        ({"text": "\x00"}, ["text"]),
        ({"html": ""}, ["html"]),
        ({"headers": {"X-Ses-Source-Arn": "1"}}, ["headers"]),
        ({"headers": {"eve@example.com": 1}}, ["headers"]),
        ({"send_after": "2030-01-31T10:00:00"}, ["send_after"]),
        ({"send_after": "2030-01-31T21:00:01Z"}, ["send_after"]),
        ({"message_group": "two words"}, ["message_group"]),
        ({"message_group": ""}, ["message_group"]),
        ({"message_group": "g" * 129}, ["message_group"]),
        ({"message_group": "g\n"}, ["message_group"]),
        ({"eve@example.com": 1}, ["body"]),
        ({"from": "x", "subject": None}, ["from", "subject"]),
    ],
)
def test_the_offending_field_is_named(changes, fields):
    assert fields_refused(**changes) == fields


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.just("s3same") | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.just("s3same") | st.sampled_from(["X-A", "a"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from([*requests.WANTED, "s3same"]), JSON))
def test_no_refusal_repeats_the_input(body):
    answer = b""
    try:
        requests.parse_email(json.dumps({**PLAIN, **body}).encode(), wall_s=NOW_S)
    except Problem as problem:
        answer = problem.response().body
    assert b"s3same" not in answer


def test_twelve_hours_ahead_is_just_early_enough():
    body = json.dumps({**PLAIN, "send_after": "2030-01-31T21:00:00Z"}).encode()
    assert requests.parse_email(body, wall_s=NOW_S).send_after is not None


def group(headers=None, **changes):
    request = EmailRequest.model_validate_json(json.dumps({**PLAIN, **changes}))
    return requests.message_group(Headers(headers or {}), request, tenant="shop", email_id="em_1")


def test_the_group_comes_from_header_then_field_then_tenant():
    assert group({"X-Message-Group": "a"}, message_group="b") == "a"
    assert group(message_group="b") == "b"
    assert group() == "shop"


def test_an_email_for_later_holds_nobody_up():
    assert group({"X-Message-Group": "a"}, send_after="2030-01-31T10:00:00Z") == "later-em_1"


@pytest.mark.parametrize("value", ["", "two words", "g" * 129, "gr\u00fcn"])
def test_a_group_that_sqs_would_refuse_is_refused_here(value):
    with pytest.raises(Problem) as caught:
        group({"X-Message-Group": value})
    assert [violation.field for violation in caught.value.violations] == ["X-Message-Group"]


def test_a_quoted_key_is_the_bare_key():
    assert requests.idempotency_key(Headers({"Idempotency-Key": '"k-17"'})) == "k-17"
    assert requests.idempotency_key(Headers({"Idempotency-Key": "k-17"})) == "k-17"
    assert requests.idempotency_key(Headers({})) is None


@pytest.mark.parametrize("values", [[""], ["k" * 256], ["k\u00e9y"], ["a", "b"]])
def test_an_unusable_key_is_refused(values):
    headers = Headers(raw=[(b"idempotency-key", value.encode("latin-1")) for value in values])
    with pytest.raises(Problem) as caught:
        requests.idempotency_key(headers)
    assert [violation.field for violation in caught.value.violations] == ["Idempotency-Key"]
