"""What a sender is answered: by API Gateway itself, and by SQS through either mapping."""

import asyncio
import json

import httpx
import pytest

from reference.clock import VirtualClock
from reference.cloud.api_gateway.app import BURST, PAYLOAD_BYTES_MAX, RATE_PER_S, RestApi
from reference.cloud.api_gateway.definition import Api, DefinitionError, load_api
from reference.cloud.sqs.exchange import Reply, Request
from reference.journal import NullJournal
from reference.listening import bind

EMAIL = {
    "from": "Ann Example <ann@example.com>",
    "to": ["bob@example.com"],
    "subject": "Hi",
    "text": "Hello",
}


class Answering:
    """A server that answers every request alike, or never."""

    body_bytes_max = PAYLOAD_BYTES_MAX

    def __init__(self, status=None, body=b""):
        self.status, self.body = status, body
        self.end = asyncio.Event()

    def respond(self, request):
        return self._never() if self.status is None else self._answer()

    def _answer(self):
        return Reply(self.status or 500, b"content-type: application/json\r\n", self.body)

    async def _never(self):
        await self.end.wait()
        return self._answer()

    async def housekeep(self):
        pass

    def stop(self):
        self.end.set()

    def close(self):
        pass


def with_timeout(timeout_ms):
    document = json.loads(json.dumps(load_api("careful").document))
    post = document["paths"]["/v1/emails"]["post"]
    post["x-amazon-apigateway-integration"]["timeoutInMillis"] = timeout_ms
    return Api(document)


def test_an_email_is_accepted_with_the_message_id_that_sqs_gave(sqs, careful):
    answer = careful.post(key="k-1", X_Message_Group="g")
    assert answer.status_code == 202
    (message,) = sqs.take(sqs.fifo)
    assert answer.json() == {"id": message["MessageId"], "status": "accepted"}
    assert message["Attributes"]["MessageGroupId"] == "g"
    assert message["Attributes"]["MessageDeduplicationId"] == "shop:k-1"
    assert answer.headers["x-amzn-requestid"]


def test_a_repeat_is_absorbed_and_told_the_first_ones_id(sqs, careful):
    first, second = (careful.post(key="k-2") for _ in range(2))
    assert first.json() == second.json()
    assert len(sqs.take(sqs.fifo)) == 1


def test_a_standard_queue_takes_the_email_as_well(gateway, sqs):
    with gateway(sqs.endpoint, sqs.standard) as sender:
        assert sender.post().status_code == 202
    (message,) = sqs.take(sqs.standard)
    assert json.loads(message["Body"])["request"] == EMAIL


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        ({"kind": "refuse", "error": "InternalFailure"}, 503),
        ({"kind": "refuse", "error": "ServiceUnavailable"}, 503),
        ({"kind": "refuse", "error": "throttle"}, 429),
        ({"kind": "refuse", "error": "AccessDenied"}, 500),
        ({"kind": "outage"}, 504),
        ({"kind": "lose-answer", "how": "reset"}, 504),
    ],
)
def test_whatever_sqs_does_not_confirm_is_no_success_to_the_sender(sqs, careful, fault, status):
    sqs.break_it({**fault, "actions": ["SendMessage"]})
    answer = careful.post(key=f"broken-{fault['kind']}-{status}")
    assert answer.status_code == status
    assert "id" not in answer.json()
    stored = sqs.take(sqs.fifo)
    assert len(stored) == (fault["kind"] == "lose-answer")


def test_a_failure_says_when_to_try_again(sqs, careful):
    sqs.break_it({"kind": "refuse", "actions": ["SendMessage"]})
    assert careful.post(key="again").headers["retry-after"] == "1"


@pytest.mark.parametrize("error", ["InternalFailure", "throttle", "AccessDenied"])
def test_with_one_default_of_200_a_refusal_looks_like_success(sqs, default_200, error):
    sqs.break_it({"kind": "refuse", "error": error, "actions": ["SendMessage"]})
    answer = default_200.post(key=f"lost-{error}")
    assert answer.status_code == 200
    assert answer.json() == {"id": "", "status": "accepted"}
    assert sqs.take(sqs.fifo) == []


def test_with_one_default_of_200_an_outage_is_still_told(sqs, default_200):
    """The default catches answers; where there is none, API Gateway answers."""
    sqs.break_it({"kind": "outage", "actions": ["SendMessage"]})
    assert default_200.post(key="outage").status_code == 504


@pytest.mark.parametrize(
    ("content", "headers"),
    [
        (None, {"X_Message_Group": "two words"}),
        (None, {"key": "x" * 200}),
        ({"text": "x" * 1_100_000}, {"key": "large"}),
    ],
)
def test_what_sqs_does_not_take_is_the_senders_to_mend(sqs, careful, content, headers):
    answer = careful.post(content, **headers)
    assert answer.status_code == 400
    assert "Nothing was sent" in answer.json()["message"]
    assert sqs.take(sqs.fifo) == []


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no json",
        b"[]",
        b"[" * 100_000,
        b'{"from": "a@example.com"}',
        json.dumps({**EMAIL, "to": "bob@example.com"}).encode(),
        json.dumps({**EMAIL, "subject": 5}).encode(),
        json.dumps({**EMAIL, "text": float("nan")}).encode(),
        json.dumps({name: EMAIL[name] for name in ("from", "to", "subject")}).encode(),
    ],
)
def test_a_body_that_is_not_as_the_model_asks_never_reaches_sqs(sqs, careful, content):
    answer = careful.post(content)
    assert (answer.status_code, answer.json()) == (400, {"message": "Invalid request body"})
    assert sqs.take(sqs.fifo) == []


@pytest.mark.parametrize("key", [None, "", "key-of-the-ship", "Bearer key-of-the-shop"])
def test_without_a_valid_key_a_request_is_forbidden(careful, key):
    answer = careful.post(x_api_key=key)
    assert (answer.status_code, answer.json()) == (403, {"message": "Forbidden"})


def test_where_no_keys_are_set_none_is_asked_for(gateway, sqs):
    with gateway(sqs.endpoint, sqs.fifo, keys={}) as sender:
        assert sender.post(key="keyless", x_api_key=None).status_code == 202
    (message,) = sqs.take(sqs.fifo)
    assert json.loads(message["Body"])["tenant"] == "anonymous"


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/v1/emails"), ("POST", "/v1/emails/"), ("POST", "/V1/emails"), ("GET", "/")],
)
def test_an_unknown_method_misses_a_token_as_aws_puts_it(careful, method, path):
    answer = careful.client.request(method, path)
    assert (answer.status_code, answer.json()) == (403, {"message": "Missing Authentication Token"})


@pytest.mark.parametrize("media_type", ["text/plain", "application/xml", "application/jsonx"])
def test_another_media_type_is_refused(careful, media_type):
    assert careful.post(Content_Type=media_type).status_code == 415


def test_json_with_a_charset_is_json_and_no_type_at_all_too(sqs, careful):
    for number, media_type in enumerate(("application/json; charset=utf-8", None)):
        answer = careful.post(key=f"type-{number}", Content_Type=media_type)
        assert answer.status_code == 202
    assert len(sqs.take(sqs.fifo)) == 2


def test_a_body_beyond_ten_megabytes_is_too_large_and_one_of_ten_is_not(careful):
    inside, outside = (
        careful.post(b"x" * size) for size in (PAYLOAD_BYTES_MAX, PAYLOAD_BYTES_MAX + 1)
    )
    assert inside.status_code == 400  # no JSON, but read to its end
    assert outside.status_code == 413


def test_readiness_is_that_the_queue_can_be_reached(sqs, careful):
    assert careful.client.get("/readyz").json() == {"status": "ready"}
    sqs.break_it({"kind": "refuse", "actions": ["GetQueueAttributes"]})
    assert careful.client.get("/readyz").status_code == 503


def test_an_integration_that_does_not_answer_in_time_is_504(gateway, serving):
    upstream = Answering()
    with (
        serving(upstream) as url,
        gateway(url, "http://x/1/q.fifo", api=with_timeout(50)) as sender,
    ):
        answer = sender.post()
        assert (answer.status_code, answer.json()) == (
            504,
            {"message": "Endpoint request timed out"},
        )


def test_an_integration_that_nobody_serves_is_504(gateway, unused_port):
    with gateway(f"http://127.0.0.1:{unused_port}", "http://x/1/q.fifo") as sender:
        answer = sender.post()
    assert (answer.status_code, answer.json()) == (
        504,
        {"message": "Network error communicating with endpoint"},
    )


@pytest.fixture
def unused_port():
    listener = bind("127.0.0.1", 0)
    port = listener.getsockname()[1]
    listener.close()
    return port


@pytest.mark.parametrize("body", [b"", b"{}", b"<xml/>", b'{"SendMessageResponse": 5}'])
def test_a_success_without_a_message_id_confirms_nothing(gateway, serving, body):
    upstream = Answering(200, body)
    with serving(upstream) as url, gateway(url, "http://x/1/q.fifo") as sender:
        assert sender.post().status_code == 502


@pytest.mark.parametrize("status", [200, 299, 302, 400, 404, 499, 500, 599])
def test_a_pattern_matches_the_whole_status(status):
    careful = load_api("careful").methods["POST", "/v1/emails"]
    wanted = {2: 202, 4: 400}.get(status // 100, 503)
    assert careful.response_to(status).status == wanted
    assert load_api("default-200").methods["POST", "/v1/emails"].response_to(status).status == 200


def test_a_status_that_the_method_does_not_declare_is_our_mistake(gateway, serving):
    document = json.loads(json.dumps(load_api("careful").document))
    del document["paths"]["/v1/emails"]["post"]["responses"]["503"]
    with (
        serving(Answering(500)) as url,
        gateway(url, "http://x/1/q.fifo", api=Api(document)) as sender,
    ):
        answer = sender.post()
    assert (answer.status_code, answer.json()) == (500, {"message": "Internal server error"})


def test_without_a_default_an_unmatched_status_is_our_mistake(gateway, serving):
    document = json.loads(json.dumps(load_api("careful").document))
    post = document["paths"]["/v1/emails"]["post"]
    del post["x-amazon-apigateway-integration"]["responses"]["default"]
    with (
        serving(Answering(500)) as url,
        gateway(url, "http://x/1/q.fifo", api=Api(document)) as sender,
    ):
        assert sender.post().status_code == 500


class _Throttled:
    """How many of a number of requests at one moment the throttle lets pass.

    A hundredth of AWS's, as every request leaves a line in the log.
    """

    def __init__(self):
        self.clock = VirtualClock()
        self.app = RestApi(
            load_api("careful"),
            endpoint_url="http://127.0.0.1:9",
            queue_url="http://x/1/q.fifo",
            keys={},
            clock=self.clock,
            journal=NullJournal(),
            rate_per_s=RATE_PER_S / 100,
            burst=BURST / 100,
        )
        # Unknown, so that what passes is answered at once.
        self.request = Request(b"GET", b"/nowhere", {}, b"", None)

    def passed(self, hundreds):
        statuses = [self.app.respond(self.request).status for _ in range(hundreds)]
        assert set(statuses) <= {403, 429}
        return statuses.count(403)


def test_the_throttle_does_what_the_guides_examples_say():
    """api-gateway-request-throttling: 10,000 a second, and a burst of 5,000; here in hundreds."""
    assert (RATE_PER_S, BURST) == (10_000, 5_000)
    at_once = _Throttled()
    assert at_once.passed(100) == 50
    twice = _Throttled()
    assert twice.passed(50) == 50
    twice.clock.advance(0.1)
    assert twice.passed(50) == 10
    even = _Throttled()
    for _ in range(100):
        even.clock.advance(0.01)
        assert even.passed(1) == 1


def test_a_throttled_request_is_told_so_in_awss_words(gateway, sqs):
    with gateway(sqs.endpoint, sqs.fifo, clock=VirtualClock(), burst=1.0) as sender:
        answers = [sender.post(key="throttled") for _ in range(2)]
    assert answers[0].status_code == 202
    assert (answers[1].status_code, answers[1].json()) == (429, {"message": "Too Many Requests"})
    sqs.take(sqs.fifo)


class Rows(list):
    def write(self, **row):
        self.append(row)


def test_the_journal_tells_what_came_of_each_request_and_nothing_of_its_content(gateway, sqs):
    journal = Rows()
    with gateway(sqs.endpoint, sqs.fifo, journal=journal) as sender:
        sender.post(key="journalled")
        sender.post(b"no json")
        sender.client.get("/bob@example.com")
    sqs.take(sqs.fifo)
    told = [
        (row["route"], row["status"], row["integration_status"], row["gateway_response"])
        for row in journal
    ]
    assert told == [
        ("POST /v1/emails", 202, 200, None),
        ("POST /v1/emails", 400, None, "BAD_REQUEST_BODY"),
        ("unmatched", 403, None, "MISSING_AUTHENTICATION_TOKEN"),
    ]
    assert "example.com" not in json.dumps(journal)


def test_a_journal_that_cannot_be_written_costs_no_email(gateway, sqs):
    class Full:
        def write(self, **row):
            raise OSError(28, "No space left on device")

    with gateway(sqs.endpoint, sqs.fifo, journal=Full()) as sender:
        assert sender.post(key="full").status_code == 202
    assert len(sqs.take(sqs.fifo)) == 1


@pytest.mark.parametrize("queue_url", ["http://x/q", "http://x", "http://x/1/", "q"])
def test_a_url_that_names_no_queue_is_refused(queue_url):
    with pytest.raises(ValueError, match="ends with an account and a queue"):
        RestApi(
            load_api("careful"),
            endpoint_url="http://127.0.0.1:9",
            queue_url=queue_url,
            keys={},
            clock=VirtualClock(),
            journal=NullJournal(),
        )


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"type": "http"}, "only AWS integrations"),
        ({"uri": "arn:aws:apigateway:us-east-1:sns:path/x"}, "only AWS integrations"),
        ({"timeoutInMillis": 29_001}, "50 to 29000"),
        ({"requestTemplates": {"application/json": "#if($x"}}, "no VTL"),
        ({"responses": {"[": {"statusCode": "200"}}}, "POST /v1/emails"),
        (
            {"requestParameters": {"integration.request.header.X": "method.request.body"}},
            "only headers",
        ),
    ],
)
def test_a_definition_that_cannot_be_served_is_refused_with_its_place(change, problem):
    document = json.loads(json.dumps(load_api("careful").document))
    document["paths"]["/v1/emails"]["post"]["x-amazon-apigateway-integration"] |= change
    with pytest.raises(DefinitionError, match=problem):
        _ = Api(document).methods


def test_a_client_that_leaves_does_not_take_its_email_along(sqs, careful):
    sqs.break_it({"kind": "delay", "delay_s": 0.3, "actions": ["SendMessage"]})
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(
            f"{careful.url}/v1/emails",
            json=careful.email,
            headers={"x-api-key": careful.key, "Idempotency-Key": "impatient"},
            timeout=0.1,
        )
    received = sqs.client.receive_message(QueueUrl=sqs.fifo, WaitTimeSeconds=5)
    assert len(received["Messages"]) == 1
    sqs.break_it()
    sqs.client.purge_queue(QueueUrl=sqs.fifo)
