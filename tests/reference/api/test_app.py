"""The API's answers, over a queue that does as the test says."""

import json
import threading

import anyio
import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from reference.api.auth import ApiKeys
from reference.domain import email_id_for
from reference.errors import QueueError

EMAIL = {"from": "ann@example.com", "to": ["bob@example.com"], "subject": "Hi", "text": "Hello"}

KEY = "key-of-the-shop"

REFUSED = QueueError("RequestThrottled", is_definite=True, is_transient=True)
WRONG_QUEUE = QueueError("NonExistentQueue", is_definite=True, is_transient=False)
LOST_ANSWER = QueueError("ReadTimeoutError", is_definite=False, is_transient=True)
FALSE_MD5 = QueueError("Md5Mismatch", is_definite=False, is_transient=False)


def post(api, email=EMAIL, **options):
    return api.call("POST", "/v1/emails", json=email, **options)


def kind(response):
    assert response.headers["content-type"] == "application/problem+json"
    document = response.json()
    assert document["status"] == response.status_code
    return document["type"].rpartition(":")[2]


def test_a_confirmed_write_is_a_202_with_id_and_location(make_api):
    api = make_api()
    response = post(api, headers={"Idempotency-Key": "k1"})
    email_id = email_id_for("shop", "k1")
    assert response.status_code == 202
    assert response.json() == {"id": email_id, "status": "accepted"}
    assert response.headers["location"] == f"/v1/emails/{email_id}"
    ((body, group, dedup_id),) = api.queue.sends
    assert (group, dedup_id) == ("shop", email_id)
    assert json.loads(body)["email"] == EMAIL


def test_a_repeat_sends_the_same_bytes_under_the_same_id(make_api):
    api = make_api()
    email = {**EMAIL, "send_after": "2023-11-14T22:30:00+01:00", "headers": {"X-A": "1"}}
    for _ in range(2):
        post(api, email, headers={"Idempotency-Key": "k1", "X-Message-Group": "g"})
    first, second = api.queue.sends
    assert first == second


def test_a_different_email_under_the_same_key_is_refused_not_swallowed(make_api):
    api = make_api()
    key = {"Idempotency-Key": "k1"}
    assert post(api, headers=key).status_code == 202
    for headers, email in (
        (key, {**EMAIL, "subject": "Another"}),
        ({**key, "X-Message-Group": "other"}, EMAIL),
    ):
        response = post(api, email, headers=headers)
        assert (response.status_code, kind(response)) == (422, "key-reused")
    assert len(api.queue.sends) == 1
    assert post(api, headers=key).status_code == 202


def test_an_email_that_was_certainly_not_sent_may_be_corrected(make_api):
    api = make_api(WRONG_QUEUE, FALSE_MD5)
    key = {"Idempotency-Key": "k1"}
    assert post(api, headers=key).status_code == 503
    corrected = {**EMAIL, "subject": "Another"}
    assert post(api, corrected, headers=key).status_code == 504
    # Perhaps that one was stored, so now the key stands for it.
    assert post(api, headers=key).status_code == 422
    assert post(api, corrected, headers=key).status_code == 202


def test_a_failed_repeat_does_not_free_the_key_of_an_accepted_email(make_api):
    api = make_api(None, WRONG_QUEUE)
    key = {"Idempotency-Key": "k1"}
    assert [post(api, headers=key).status_code for _ in range(2)] == [202, 503]
    assert post(api, {**EMAIL, "subject": "Another"}, headers=key).status_code == 422


def test_two_tenants_with_the_same_key_send_two_emails(make_api):
    api = make_api()
    ids = {
        post(api, key=key, headers={"Idempotency-Key": "k1"}).json()["id"]
        for key in ("key-of-the-shop", "key-of-bank")
    }
    assert len(ids) == 2


def test_without_a_key_equal_emails_are_two_emails(make_api):
    api = make_api()
    assert post(api).json()["id"] != post(api).json()["id"]


@pytest.mark.parametrize(
    ("script", "status", "expected"),
    [
        ([REFUSED, REFUSED, REFUSED], 503, "not-sent"),
        ([WRONG_QUEUE], 503, "not-sent"),
        ([LOST_ANSWER, LOST_ANSWER, LOST_ANSWER], 504, "outcome-unknown"),
        # The refusal is definite, but the attempt before it may have been stored.
        ([LOST_ANSWER, REFUSED, REFUSED], 504, "outcome-unknown"),
        ([REFUSED, LOST_ANSWER, WRONG_QUEUE], 504, "outcome-unknown"),
        ([FALSE_MD5], 504, "outcome-unknown"),
    ],
)
def test_what_is_not_confirmed_is_never_a_202(make_api, script, status, expected):
    api = make_api(*script)
    response = post(api, headers={"Idempotency-Key": "k1"})
    assert response.status_code == status
    assert kind(response) == expected
    assert ("retry-after" in response.headers) == (status == 503)
    assert len(api.queue.sends) == len(script)


@pytest.mark.parametrize("script", [[REFUSED], [LOST_ANSWER], [LOST_ANSWER, REFUSED]])
def test_a_later_success_is_a_202(make_api, script):
    api = make_api(*script)
    assert post(api, headers={"Idempotency-Key": "k1"}).status_code == 202
    assert len(set(api.queue.sends)) == 1


def test_a_504_says_whether_a_retry_is_safe(make_api):
    with_key = post(make_api(FALSE_MD5), headers={"Idempotency-Key": "k1"})
    assert "same Idempotency-Key is safe" in with_key.json()["detail"]
    assert "may send the email twice" in post(make_api(FALSE_MD5)).json()["detail"]


@pytest.mark.parametrize(
    "authorization",
    [None, "", "Bearer", "Bearer wrong", "Basic key-of-the-shop", "key-of-the-shop", "Bearer \xff"],
)
def test_a_wrong_or_missing_key_is_a_401(make_api, authorization):
    api = make_api()
    headers = {} if authorization is None else {"Authorization": authorization.encode("latin-1")}
    response = post(api, key=None, headers=headers)
    assert response.status_code == 401
    assert kind(response) == "unauthorised"
    assert response.headers["www-authenticate"].startswith("Bearer")
    assert api.queue.sends == []


@pytest.mark.parametrize(
    ("content", "headers", "status", "expected"),
    [
        (b"{", {"Content-Type": "application/json"}, 400, "malformed-json"),
        (b"{}", {"Content-Type": "application/json"}, 422, "invalid-request"),
        (b"{}", {"Content-Type": "text/plain"}, 415, "wrong-media-type"),
        (b"{}", {}, 415, "wrong-media-type"),
        (
            b"{}",
            {"Content-Type": "application/json", "Content-Encoding": "gzip"},
            415,
            "wrong-media-type",
        ),
    ],
)
def test_unusable_requests_are_told_why(make_api, content, headers, status, expected):
    api = make_api()
    response = api.call("POST", "/v1/emails", content=content, headers=headers)
    assert (response.status_code, kind(response)) == (status, expected)
    assert api.queue.sends == []


def test_a_request_over_the_limit_is_a_413_and_not_sent(make_api):
    api = make_api(request_bytes_max=2000)
    assert post(api, {**EMAIL, "text": "x" * 1000}).status_code == 202
    response = post(api, {**EMAIL, "text": "x" * 2000})
    assert (response.status_code, kind(response)) == (413, "too-large")
    assert "2000 bytes" in response.json()["detail"]
    assert len(api.queue.sends) == 1


def test_a_body_that_hides_its_length_is_stopped_all_the_same(make_api):
    api = make_api(request_bytes_max=2000)

    async def endless():
        for _ in range(100):
            yield b"x" * 1000

    response = api.call(
        "POST", "/v1/emails", content=endless(), headers={"Content-Type": "application/json"}
    )
    assert response.status_code == 413


def test_the_message_limit_holds_to_the_byte(make_api):
    api = make_api()
    post(api, headers={"Idempotency-Key": "k1"})
    size = len(api.queue.sends[0][0].encode())
    for text, bytes_max, status in (("Hello", size, 202), ("Hellö", size, 413)):
        limited = make_api(message_bytes_max=bytes_max)
        response = post(limited, {**EMAIL, "text": text}, headers={"Idempotency-Key": "k1"})
        assert response.status_code == status
        assert len(limited.queue.sends) == (status == 202)


def test_unknown_paths_and_methods_are_problems_too(make_api):
    api = make_api()
    assert kind(api.call("GET", "/v1/nothing")) == "not-found"
    response = api.call("DELETE", "/v1/emails")
    assert kind(response) == "method-not-allowed"
    assert response.headers["allow"] == "POST"


def test_a_fault_of_our_own_is_a_500_without_its_text(make_api):
    with capture_logs() as logged:
        api = make_api(RuntimeError("s3same bob@example.com"))
        response = post(api)
    assert (response.status_code, kind(response)) == (500, "internal")
    [fault] = [line for line in logged if line["event"] == "unexpected failure"]
    assert (fault["exception"], bool(fault["frames"])) == ("RuntimeError", True)
    for told in (response.text, repr(logged)):
        assert "s3same" not in told
        assert "bob@" not in told


def test_readiness_follows_the_queue_and_is_cached(make_api):
    api = make_api()
    assert api.call("GET", "/readyz").status_code == 200
    api.queue.is_reachable = False
    assert api.call("GET", "/readyz").status_code == 200
    assert api.queue.checks == 1
    api.clock.advance(2)
    response = api.call("GET", "/readyz")
    assert (response.status_code, kind(response)) == (503, "not-ready")
    assert api.call("GET", "/healthz").status_code == 200


def test_metrics_count_requests_and_attempts(make_api):
    api = make_api(LOST_ANSWER, REFUSED)
    post(api)
    text = api.call("GET", "/metrics").text
    for sample in (
        'email_api_requests_total{method="POST",route="/v1/emails",status="202"} 1.0',
        'email_api_sqs_attempts_total{outcome="indefinite"} 1.0',
        'email_api_sqs_attempts_total{outcome="definite"} 1.0',
        'email_api_sqs_attempts_total{outcome="ok"} 1.0',
    ):
        assert sample in text


def test_the_contract_is_published(make_api):
    operation = make_api().call("GET", "/openapi.json").json()["paths"]["/v1/emails"]["post"]
    assert {"202", "401", "413", "422", "503", "504"} <= set(operation["responses"])
    assert "from" in json.dumps(operation["requestBody"])


@given(st.text(min_size=1, alphabet=st.characters(min_codepoint=33, max_codepoint=126)))
def test_keys_are_compared_whole(text):
    keys = ApiKeys({"shop": "key-of-the-shop"})
    assert keys.tenant_of(f"Bearer {text}") == ("shop" if text == "key-of-the-shop" else None)
    assert keys.tenant_of("bearer key-of-the-shop") == "shop"


def hold(queue):
    """Its sends wait until they may go on; the first tells that it is there."""
    held, release = threading.Event(), threading.Event()
    send = queue.send

    def stuck(**message):
        held.set()
        assert release.wait(10)
        return send(**message)

    queue.send = stuck
    return held, release


@pytest.mark.parametrize(("batch_max", "waiting_max"), [(1, 1), (2, 2), (10, 10)])
def test_when_the_line_is_full_the_next_email_is_refused_before_any_work(
    make_api, batch_max, waiting_max
):
    """Also without a valid key: refusals are what an overloaded API does most."""
    api = make_api(send_threads=1, send_line_max=1, send_batch_max=batch_max)
    held, release = hold(api.queue)

    async def go():
        transport = httpx.ASGITransport(app=api.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://api") as client:
            answers = {}

            async def ask(name, key):
                headers = {"Authorization": f"Bearer {key}"}
                answers[name] = await client.post("/v1/emails", json=EMAIL, headers=headers)

            async with anyio.create_task_group() as group:
                group.start_soon(ask, "first", KEY)
                await anyio.to_thread.run_sync(held.wait)
                for number in range(waiting_max):
                    group.start_soon(ask, number, KEY)
                await anyio.wait_all_tasks_blocked()
                await ask("refused", "wrong")
                release.set()
            await ask("last", KEY)
        return answers

    answers = anyio.run(go)
    refused = answers.pop("refused")
    assert (refused.status_code, kind(refused)) == (503, "busy")
    assert refused.headers["retry-after"] == "5"
    assert [answer.status_code for answer in answers.values()] == [202] * (waiting_max + 2)
    assert len(api.queue.sends) == waiting_max + 2


@pytest.mark.parametrize(("batch_max", "came"), [(1, 2), (10, 21)])
def test_an_email_whose_line_has_filled_while_it_was_read_is_told_so(make_api, batch_max, came):
    """One call is under way, all that may wait do, and one email is too many."""
    api = make_api(send_threads=1, send_line_max=0, send_batch_max=batch_max)
    held, release = hold(api.queue)

    async def go():
        transport = httpx.ASGITransport(app=api.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://api") as client:
            answers, arrived = [], anyio.Event()

            async def body():
                await arrived.wait()
                yield json.dumps(EMAIL).encode()

            async def ask():
                headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
                answers.append(await client.post("/v1/emails", content=body(), headers=headers))

            async with anyio.create_task_group() as group:
                for _ in range(came):
                    group.start_soon(ask)
                await anyio.wait_all_tasks_blocked()
                arrived.set()
                await anyio.to_thread.run_sync(held.wait)
                await anyio.wait_all_tasks_blocked()
                release.set()
        return answers

    answers = anyio.run(go)
    [refused] = [answer for answer in answers if answer.status_code != 202]
    assert (refused.status_code, kind(refused)) == (503, "busy")
    assert refused.headers["retry-after"] == "5"
    assert len(api.queue.sends) == came - 1
