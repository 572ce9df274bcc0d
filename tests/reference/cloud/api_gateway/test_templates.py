"""VTL and AWS's variables: what AWS documents, and what a hostile sender may try."""

import json
from urllib.parse import parse_qs, parse_qsl, unquote_plus

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reference.cloud.api_gateway.definition import load_api
from reference.cloud.api_gateway.templates import Input, Template, TemplateError, Util
from reference.domain import QueuedEmail, email_id_for

POST = load_api("careful").methods["POST", "/v1/emails"]
REQUEST = POST.request_templates["application/json"]
EMAIL = {"from": "ann@example.com", "to": ["bob@example.com"], "subject": "Hi", "text": "Hello"}
CONTEXT = {"requestId": "r-1", "identity": {"apiKeyId": "shop"}}
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=50)
HOSTILE = [
    "a&Action=PurgeQueue",
    "a=b&MessageGroupId=other",
    "%26QueueUrl%3Dhttp://192.0.2.1/q",
    '","tenant":"bank","x":"',
    "it's \\ / \" '",
    "two\r\nlines\ttab",
    "$context.requestId #set($tenant = 'bank') #if(true)x#end ##",
    "${util.urlEncode('x')} $!nope #stop #parse('x')",
    "été 日本語 😀 \u2028",
    "__FORMAL_REFERENCE__REPLACE_TEXT__",  # a command to the engine
    "n" * 100_000,
]


def render(text, *, body=b"{}", headers=None, **more):
    variables = {"input": Input(body, {"header": headers or {}}), "util": Util(), **more}
    return Template(text).render(variables)


def form(headers=None, *, body=None, fifo="true", tenant="shop"):
    """What SQS would read of the request that the API makes of a sender's."""
    text = REQUEST.render(
        {
            "input": Input(
                json.dumps(EMAIL if body is None else body).encode(), {"header": headers or {}}
            ),
            "util": Util(),
            "context": {**CONTEXT, "identity": {"apiKeyId": tenant}},
            "stageVariables": {"fifo": fifo},
        }
    )
    fields = parse_qsl(text, keep_blank_values=True, strict_parsing=True)
    assert len(dict(fields)) == len(fields)
    return dict(fields)


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("$input.body", '{"a": [1, "x"], "n": null}'),
        ("$input.json('$')", '{"a":[1,"x"],"n":null}'),
        ("$input.json('$.a')", '[1,"x"]'),
        ("$input.json('$.a[1]')", '"x"'),
        ("$input.path('$.a[1]')", "x"),
        ("$input.path('$.a').size()", "2"),
        ("[$input.path('$.nothing')]", "[]"),
        ("[$input.path('$.n')]", "[]"),
        ("$input.params('X-One')", "1"),
        ("$input.params('x-one')", "1"),
        ("[$input.params('X-Two')]", "[]"),
        ("$input.params().header.get('x-one')", "1"),
        ("$util.urlEncode('a b&c=d~*+')", "a+b%26c%3Dd%7E*%2B"),
        ("$util.urlDecode('a+b%26')", "a b&"),
        ("$util.base64Encode('hi')$util.base64Decode('aGk=')", "aGk=hi"),
        ("$util.parseJson('[1,2]').size()", "2"),
        # The guide's own advice for JSON:
        ("""$util.escapeJavaScript("it's").replaceAll("\\\\'", "'")""", "it's"),
        ("[$!nope][$!input.params('nope')]", "[][]"),
        ("#set($a = 'x')#if($a == 'x')yes#{else}no#end", "yes"),
        ("one##\ntwo", "onetwo"),
        ("#foreach($x in [1, 2])$x#if($foreach.hasNext),#end#end", "1,2"),
    ],
)
def test_a_template_says_what_aws_documents(template, text):
    body = b'{"a": [1, "x"], "n": null}'
    assert render(template, body=body, headers={"x-one": "1"}) == text


def test_a_template_overrides_status_and_headers():
    context = {"responseOverride": {"header": {}}}
    render(
        "#set($context.responseOverride.status = 429)"
        '#set($context.responseOverride.header.Retry-After = "1")',
        context=context,
    )
    assert context == {"responseOverride": {"status": 429, "header": {"Retry-After": "1"}}}


def test_what_is_no_vtl_is_refused_with_its_place():
    with pytest.raises(TemplateError, match="no VTL: line 1"):
        Template("#if($x")


def test_a_template_that_fails_does_not_quote_the_request():
    with pytest.raises(TemplateError) as caught:
        render("$util.parseJson($input.body)", body=b"secret")
    assert "secret" not in str(caught.value)


@given(TEXTS)
@example("\u0000\u001f\u007f'\"\\/\u2028")
@example("😀")
def test_an_escaped_text_is_the_same_text_in_json(text):
    escaped = Util().escapeJavaScript(text)
    assert escaped.isascii()
    assert json.loads(f'"{escaped}"'.replace("\\'", "'")) == text


@given(TEXTS)
def test_an_encoded_text_is_the_same_text_in_a_form(text):
    assert unquote_plus(Util().urlEncode(text)) == text
    assert parse_qs(f"a={Util().urlEncode(text)}&b=1", keep_blank_values=True)["a"] == [text]


@pytest.mark.parametrize("text", HOSTILE)
def test_what_a_sender_puts_into_headers_stays_in_its_field(text):
    fields = form({"idempotency-key": text, "x-message-group": text})
    assert fields == {
        "Action": "SendMessage",
        "MessageBody": fields["MessageBody"],
        "MessageGroupId": text,
        "MessageDeduplicationId": f"shop:{text}",
    }
    message = json.loads(fields["MessageBody"])
    assert message == {"version": 2, "tenant": "shop", "idempotency_key": text, "request": EMAIL}


@pytest.mark.parametrize("text", HOSTILE)
def test_what_a_sender_puts_into_the_body_stays_in_its_text(text):
    body = {**EMAIL, "text": text, text: text}
    fields = form(body=body)
    assert fields.keys() == {"Action", "MessageBody", "MessageGroupId", "MessageDeduplicationId"}
    assert json.loads(fields["MessageBody"])["request"] == body
    assert form(body={**EMAIL, "message_group": text})["MessageGroupId"] == text


@given(key=TEXTS.filter(bool), subject=TEXTS)
def test_any_key_and_text_arrive_as_they_were(key, subject):
    message = json.loads(
        form({"idempotency-key": key}, body={**EMAIL, "subject": subject})["MessageBody"]
    )
    assert (message["idempotency_key"], message["request"]["subject"]) == (key, subject)


def test_an_unencoded_body_would_let_a_sender_purge_the_queue():
    """The planted bug: the template that is often seen."""
    naive = Template("Action=SendMessage&MessageBody=$input.body")
    text = naive.render({"input": Input(b'{"a":"&Action=PurgeQueue"}')})
    assert parse_qs(text)["Action"] == ["SendMessage", 'PurgeQueue"}']


def test_the_worker_reads_the_message_as_the_one_that_the_api_would_have_made():
    body = form({"idempotency-key": '"k-1"'}, body={**EMAIL, "message_group": "g"})["MessageBody"]
    message = QueuedEmail.from_body(body)
    assert message.email_id == email_id_for("shop", "k-1")
    assert message.email.to[0].address.reveal() == "bob@example.com"
    api_made = {"version": 1, "email_id": message.email_id, "email": EMAIL}
    assert json.loads(message.to_body()) == api_made


def test_repeats_have_the_same_bytes_and_requests_without_a_key_an_id_each():
    assert form({"idempotency-key": "k"}) == form({"idempotency-key": "k"})
    assert form()["MessageDeduplicationId"] == "shop:r-1"


@pytest.mark.parametrize(
    ("headers", "more", "group"),
    [
        ({"x-message-group": "h"}, {"message_group": "b"}, "h"),
        ({}, {"message_group": "b"}, "b"),
        ({}, {}, "shop"),
        ({"x-message-group": "h"}, {"send_after": "2030-01-31T09:00:00Z"}, "later-r-1"),
    ],
)
def test_the_group_is_the_one_that_the_api_would_choose(headers, more, group):
    assert form(headers, body={**EMAIL, **more})["MessageGroupId"] == group


def test_a_standard_queue_gets_no_deduplication_id():
    fields = form({"idempotency-key": "k"}, fifo="false")
    assert fields.keys() == {"Action", "MessageBody", "MessageGroupId"}


def test_two_tenants_with_one_key_absorb_nothing_of_each_other():
    ids = {form({"idempotency-key": "k"}, tenant=each)["MessageDeduplicationId"] for each in "ab"}
    assert len(ids) == 2
