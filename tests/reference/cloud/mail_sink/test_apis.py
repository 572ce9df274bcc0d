"""The providers' HTTP APIs, asked by plain HTTP and by boto3: answers, and rows of the journal."""

import base64
import contextlib
import hashlib
import json

import boto3
import httpx
import pytest
from botocore.exceptions import ClientError

BODY = "Hello Bob\r\n"
MIME = (
    "Message-ID: <em_1@mail.example.com>\r\nTo: Bob Example <bob@example.com>\r\n"
    f"X-Queueproof-Key: k-17\r\nSubject: Hi\r\n\r\n{BODY}"
).encode()
BEARER = {"Authorization": "Bearer SG.local"}
SENDGRID = {
    "personalizations": [{"to": [{"email": "bob@example.com"}]}],
    "from": {"email": "ann@example.com", "name": "Ann"},
    "subject": "Hi",
    "content": [{"type": "text/plain", "value": BODY}],
    "headers": {"Message-ID": "<em_1@mail.example.com>", "X-Queueproof-Key": "k-17"},
}
MAILGUN = {"from": "ann@example.com", "to": "Bob <bob@example.com>", "subject": "Hi", "text": BODY}


@pytest.fixture(autouse=True)
def rows_before(shared_sink):
    shared_sink.set_faults()
    shared_sink.rows_before = len(shared_sink.rows())


@pytest.fixture(scope="module")
def ses(shared_sink):
    client = boto3.client(
        "sesv2",
        region_name="us-east-1",
        endpoint_url=shared_sink.url,
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    with contextlib.closing(client):
        yield client


def new_rows(sink):
    return sink.rows()[sink.rows_before :]


def sendgrid(sink, headers=BEARER, **changes):
    return httpx.post(f"{sink.url}/v3/mail/send", json={**SENDGRID, **changes}, headers=headers)


def mailgun(sink, *, mime=None, user="api", **changes):
    path = "messages" if mime is None else "messages.mime"
    return httpx.post(
        f"{sink.url}/v3/mail.example.com/{path}",
        data={**(MAILGUN if mime is None else {"to": "bob@example.com"}), **changes},
        files=None if mime is None else {"message": ("message.mime", mime)},
        auth=(user, "key-local"),
    )


def of(row):
    return row["provider"], row["email_id"], row["key"]


def test_ses_takes_raw_content_and_answers_a_message_id(shared_sink, ses):
    answer = ses.send_email(
        Destination={"ToAddresses": ["bob@example.com"], "BccAddresses": ["Eve@example.com"]},
        Content={"Raw": {"Data": MIME}},
    )
    assert answer["MessageId"]
    (row,) = new_rows(shared_sink)
    assert of(row) == ("ses", "em_1", "k-17")
    both = b"bob@example.com\neve@example.com"
    assert row["recipients_sha256"] == hashlib.sha256(both).hexdigest()
    assert row["body_sha256"] == hashlib.sha256(BODY.encode()).hexdigest()
    assert row["size_bytes"] == len(MIME)


def test_ses_takes_recipients_from_the_raw_header_when_none_are_given(shared_sink, ses):
    ses.send_email(Content={"Raw": {"Data": MIME}})
    (row,) = new_rows(shared_sink)
    assert row["recipients_sha256"] == hashlib.sha256(b"bob@example.com").hexdigest()


def test_ses_takes_simple_content_with_headers_and_tags(shared_sink, ses):
    ses.send_email(
        FromEmailAddress="ann@example.com",
        Destination={"ToAddresses": ["bob@example.com"]},
        Content={
            "Simple": {
                "Subject": {"Data": "Hi"},
                "Body": {"Text": {"Data": BODY}},
                "Headers": [{"Name": "x-queueproof-key", "Value": "k-17"}],
            }
        },
        EmailTags=[{"Name": "email_id", "Value": "em_2"}],
    )
    assert [of(row) for row in new_rows(shared_sink)] == [("ses", "em_2", "k-17")]


@pytest.mark.parametrize(
    "content",
    [
        {"Template": {"TemplateName": "welcome"}},
        {"Simple": {"Subject": {"Data": "Hi"}, "Body": {"Text": {"Data": BODY}}}},
    ],
)
def test_ses_refuses_bad_requests_with_awss_error_type(shared_sink, ses, content):
    with pytest.raises(ClientError) as caught:
        ses.send_email(Content=content)
    assert caught.value.response["Error"]["Code"] == "BadRequestException"
    assert new_rows(shared_sink) == []


@pytest.mark.parametrize("body", [b"", b"[]", b'{"Content": {"Raw": {"Data": "?"}}}'])
def test_ses_answers_any_body(shared_sink, body):
    signed = {"Authorization": "AWS4-HMAC-SHA256 Credential=test"}
    answer = httpx.post(f"{shared_sink.url}/v2/email/outbound-emails", content=body, headers=signed)
    assert answer.status_code == 400
    assert answer.headers["x-amzn-errortype"] == "BadRequestException"
    assert answer.json()["message"]


def test_sendgrid_answers_202_with_an_id_and_no_body(shared_sink):
    answer = sendgrid(shared_sink)
    assert (answer.status_code, answer.content) == (202, b"")
    assert answer.headers["X-Message-Id"]
    (row,) = new_rows(shared_sink)
    assert of(row) == ("sendgrid", "em_1", "k-17")
    assert row["recipients_sha256"] == hashlib.sha256(b"bob@example.com").hexdigest()


def test_sendgrid_finds_ids_in_custom_arguments_too(shared_sink):
    mail = {**SENDGRID, "custom_args": {"X-Queueproof-Key": "k-18"}}
    mail["personalizations"] = [
        {"to": [{"email": f"{name}@example.com"}], "custom_args": {"email_id": name}}
        for name in ("em_4", "em_5")
    ]
    del mail["headers"]
    answer = httpx.post(f"{shared_sink.url}/v3/mail/send", json=mail, headers=BEARER)
    assert answer.status_code == 202
    assert [of(row) for row in new_rows(shared_sink)] == [
        ("sendgrid", "em_4", "k-18"),
        ("sendgrid", "em_5", "k-18"),
    ]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"personalizations": []}, "personalizations"),
        ({"subject": ""}, "subject"),
        ({"content": [{"type": "text/plain", "value": ""}]}, "content.0.value"),
        (
            {
                "personalizations": [
                    {"to": [{"email": "a@example.com"}], "cc": [{"email": "A@example.com"}]}
                ]
            },
            "personalizations.0",
        ),
    ],
)
def test_sendgrid_refuses_with_a_list_of_errors(shared_sink, changes, field):
    answer = sendgrid(shared_sink, **changes)
    assert answer.status_code == 400
    (error,) = answer.json()["errors"]
    assert set(error) == {"message", "field", "help"}
    assert error["field"] == field
    assert new_rows(shared_sink) == []


def test_mailgun_takes_mime_as_a_file(shared_sink):
    answer = mailgun(shared_sink, mime=MIME + b"\xe4\xff\x00 binary", to="bob@example.com")
    assert answer.status_code == 200
    assert set(answer.json()) == {"id", "message"}
    (row,) = new_rows(shared_sink)
    assert of(row) == ("mailgun", "em_1", "k-17")
    assert row["size_bytes"] == len(MIME) + 10
    assert row["body_sha256"] == hashlib.sha256(BODY.encode() + b"\xe4\xff\x00 binary").hexdigest()


def test_mailgun_takes_parts_with_headers_and_variables(shared_sink):
    fields = {"h:Message-Id": "<em_1@mail.example.com>", "v:x-queueproof-key": "k-17"}
    assert mailgun(shared_sink, **fields).status_code == 200
    assert [of(row) for row in new_rows(shared_sink)] == [("mailgun", "em_1", "k-17")]


@pytest.mark.parametrize("changes", [{"to": ""}, {"from": ""}, {"text": ""}])
def test_mailgun_refuses_with_a_message(shared_sink, changes):
    answer = mailgun(shared_sink, **changes)
    assert answer.status_code == 400
    assert set(answer.json()) == {"message"}
    assert new_rows(shared_sink) == []


def test_nobody_sends_without_credentials(shared_sink):
    anonymous = httpx.post(
        f"{shared_sink.url}/v2/email/outbound-emails",
        content=json.dumps({"Content": {"Raw": {"Data": base64.b64encode(MIME).decode()}}}),
    )
    assert anonymous.status_code == 403
    assert anonymous.headers["x-amzn-errortype"] == "MissingAuthenticationTokenException"
    assert sendgrid(shared_sink, headers={}).status_code == 401
    refused = mailgun(shared_sink, user="postmaster")
    assert (refused.status_code, refused.text) == (401, "Forbidden")
    assert new_rows(shared_sink) == []


def test_other_paths_are_404_and_the_rest_goes_on(shared_sink):
    for path in ("/", "/v3/mail/sent", "/_admin/", "/v3/a/b/messages"):
        assert httpx.post(f"{shared_sink.url}{path}").status_code == 404
    assert httpx.get(f"{shared_sink.url}/v3/mail/send").status_code == 404
    assert httpx.get(f"{shared_sink.url}/_admin/healthz").json() == {"status": "ok"}


@pytest.mark.parametrize("sink", [["--refuse-recipient", "^refused"]], indirect=True)
def test_recipients_can_be_refused_with_their_address_in_the_answer(sink):
    address = "refused@example.com"
    answers = [
        sendgrid(sink, personalizations=[{"to": [{"email": address}]}]),
        mailgun(sink, to=address),
    ]
    assert [answer.status_code for answer in answers] == [400, 400]
    assert all(address in answer.text for answer in answers)
    assert sink.rows() == []
    assert address not in sink.log()
