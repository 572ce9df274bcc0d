"""No personal data in any log at the most talkative level, whatever goes wrong.

Real processes at LOG_LEVEL=debug and in Python's development mode, which lets asyncio and warnings
say all they can. Everything sent carries canaries that nothing else carries; then the log scanner
reads what the processes wrote. A control line shows that it read the right files.
"""

import contextlib
import json
import shutil
import socket

import boto3
import httpx
import pytest

from compliance.pii.canaries import Canary
from compliance.pii.scanner import Scanner
from reference.api.requests import WANTED

pytestmark = pytest.mark.xdist_group("live")

ADDRESS = "wilhelmina.ashdown@mail.example.com"
REFUSED = "refused.ashdown@mail.example.com"
NAME = "Wilhelmina Ashdown"
PHONE = "+1 202-555-0143"
SUBJECT = "Biopsy results of the Ashdown family"
TEXT = f"Dear {NAME}, your appointment at 17 Larkspur Crescent is confirmed, call {PHONE}."
CONTROL = "control-5f1c9e7a"
CANARIES = [
    *(Canary("email", each) for each in (ADDRESS, REFUSED)),
    *(Canary("person", each) for each in (NAME, "Ashdown")),
    Canary("phone", PHONE),
    Canary("subject", SUBJECT),
    Canary("body", TEXT),
    Canary("address", "17 Larkspur Crescent"),
    Canary("control", CONTROL),
]
EMAIL = {
    "from": f"{NAME} <{ADDRESS}>",
    "to": [ADDRESS, f'"{NAME}" <{ADDRESS}>'],
    "cc": [ADDRESS],
    "bcc": [ADDRESS],
    "reply_to": ADDRESS,
    "subject": SUBJECT,
    "text": TEXT,
    "html": f"<p>{TEXT}</p>",
    "headers": {"X-Recipient": ADDRESS, "X-Name": NAME},
    "message_group": ADDRESS,
}
# Wrong in every way that a field can be wrong, each with something to leak.
WRONG_VALUES = [
    f"{NAME} <{ADDRESS}",
    f"{TEXT}\r\nBcc: {ADDRESS}\x00",
    {ADDRESS: TEXT},
    [{"address": ADDRESS}, [ADDRESS], TEXT],
    [f"{NAME} {ADDRESS}"] * 60,
    {f"X-{NAME}": 17, "X-SES-Recipient": ADDRESS},
    17,
]
HEADERS = {"Idempotency-Key": f"key of {ADDRESS}", "X-Message-Group": ADDRESS}


class Senders:
    """Everybody who posts to the API; every answer is looked at for what was sent."""

    def __init__(self, pipeline):
        self._client = httpx.Client(
            base_url=pipeline.api_url,
            headers={"Authorization": pipeline.authorization},
            timeout=60,
        )
        self.statuses = set()

    def post(self, changes=None, *, content=None, path="/v1/emails", headers=None):
        body = json.dumps({**EMAIL, **(changes or {})}) if content is None else content
        kind = {"Content-Type": "application/json"}
        answer = self._client.post(path, content=body, headers={**kind, **(headers or {})})
        self.statuses.add(answer.status_code)
        assert "Ashdown" not in answer.text
        assert "ashdown" not in answer.text + str(answer.headers)
        return answer.status_code

    def close(self):
        self._client.close()


@pytest.fixture
def senders(pipeline):
    pipeline.environment = {"PYTHONDEVMODE": "1", "PYTHONTRACEMALLOC": "0"}
    pipeline.start_api(
        EMAIL_API_LOG_LEVEL="debug",
        EMAIL_API_READ_TIMEOUT_S="0.3",
        EMAIL_API_SEND_ATTEMPTS_MAX="2",
    )
    pipeline.start_worker(
        *("--log-level", "debug", "--refuse-recipient", "^refused"),
        EMAIL_WORKER_LOG_LEVEL="debug",
        EMAIL_WORKER_WAIT_TIME_S="1",
    )
    with contextlib.closing(Senders(pipeline)) as senders:
        yield senders


def send_what_is_wrong(senders, pipeline):
    for field in WANTED:
        for value in WRONG_VALUES:
            senders.post({field: value})
    for content in (
        f'{{"to": ["{ADDRESS}"], "text": "{TEXT}',
        f"to={ADDRESS}&subject={SUBJECT}",
        json.dumps([EMAIL]),
        json.dumps(ADDRESS),
        json.dumps(TEXT).encode("utf-16"),
        b"\xff" + TEXT.encode(),
        json.dumps({**EMAIL, ADDRESS: TEXT}),
        json.dumps({**EMAIL, "text": TEXT * 40_000}),
        json.dumps({**EMAIL, "text": TEXT * 14_000}),
    ):
        assert 400 <= senders.post(content=content) < 500
    for headers in (
        {"Content-Type": f"text/{ADDRESS}"},
        {"Idempotency-Key": f"{ADDRESS}\t{NAME}"},
        {"X-Message-Group": f"{NAME} {ADDRESS}"},
        {"Authorization": f"Bearer {ADDRESS}"},
        {"Authorization": f"Basic {ADDRESS}:{PHONE}"},
    ):
        assert 400 <= senders.post(headers=headers) < 500
    for path in (f"/v1/emails?to={ADDRESS}", f"/v1/emails/{ADDRESS}", f"/{ADDRESS}?n={NAME}"):
        senders.post(path=path)
    port = int(pipeline.api_url.rpartition(":")[2])
    for request in (
        f"GET /{ADDRESS} HTTP/9.9\r\n\r\n",
        f"{ADDRESS}\r\n\r\n",
        f"POST /v1/emails HTTP/1.1\r\nContent-Length: 500\r\n\r\n{TEXT}",
    ):
        with socket.create_connection(("127.0.0.1", port), timeout=10) as raw:
            raw.sendall(request.encode())


def put_strange_messages_on_the_queue(pipeline):
    """Anybody with rights on the queue can; ids and groups may be addresses too."""
    email = {"from": ADDRESS, "to": [ADDRESS], "subject": SUBJECT, "text": TEXT}
    sqs = boto3.client(
        "sqs",
        region_name="us-east-1",
        endpoint_url=pipeline.endpoint,
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    with contextlib.closing(sqs):
        for number, body in enumerate(
            (
                TEXT,
                json.dumps(email),
                json.dumps({"version": 1, "email_id": ADDRESS, "email": email}),
                json.dumps(
                    {"version": 1, "email_id": f"em_{'0' * 32}", "email": {**email, "to": TEXT}}
                ),
                f'{{"version": 1, "email": {{"to": "{ADDRESS}',
            )
        ):
            sqs.send_message(
                QueueUrl=pipeline.queue_url,
                MessageBody=body,
                MessageGroupId=ADDRESS,
                MessageDeduplicationId=f"{ADDRESS}{number}",
            )


def break_sqs(pipeline, *faults):
    answer = httpx.put(f"{pipeline.endpoint}/_admin/faults", json={"faults": faults})
    assert answer.is_success, answer.text


def test_a_pipeline_at_debug_level_logs_no_personal_data_whatever_goes_wrong(
    pipeline, senders, tmp_path
):
    assert senders.post(headers=HEADERS) == 202
    assert senders.post({"text": f"{TEXT} Again."}, headers=HEADERS) == 422
    assert senders.post({"to": [REFUSED], "message_group": "refused"}) == 202
    send_what_is_wrong(senders, pipeline)
    put_strange_messages_on_the_queue(pipeline)
    for fault in (
        {"kind": "refuse", "error": "InternalFailure"},
        {"kind": "refuse", "error": "AccessDenied"},
        {"kind": "outage"},
        {"kind": "lose-answer"},
        {"kind": "wrong-md5", "actions": ["SendMessage", "ReceiveMessage"]},
    ):
        break_sqs(pipeline, {"label": "f", **fault})
        assert senders.post() >= 500
        pipeline.wait_until(lambda: "receive failed" in pipeline.log("worker"), "receives fail")
    break_sqs(pipeline)
    assert senders.post({"message_group": "last"}) == 202
    pipeline.wait_until(lambda: len(pipeline.rows("sink")) >= 2, "emails arrive")
    said = ("email not sent", "email cannot be sent", "unreadable")
    pipeline.wait_until(lambda: all(each in pipeline.log("worker") for each in said), "failures")
    assert [pipeline.end(name) for name in ("api", "worker", "sink", "sqs")] == [0, 0, 0, 0]

    assert {202, 400, 401, 404, 413, 415, 422, 503, 504} <= senders.statuses
    assert '"reason":"permanent:550"' in pipeline.log("worker")
    assert "queue write failed" in pipeline.log("api")

    logs = tmp_path / "logs"
    logs.mkdir()
    for log in tmp_path.glob("*.log"):
        shutil.copy(log, logs)
    (logs / "control.log").write_text(f'{{"event":"{CONTROL}"}}\n')
    scanner = Scanner(CANARIES)
    clean = scanner.scan([logs])
    assert clean.places == ()
    assert clean.is_complete
    assert clean.control_lines == 1
    assert clean.lines_read > 100

    # The scanner can see: one line each of what must not be there.
    line = pipeline.log("api").splitlines()[-1].removesuffix("}")
    leaks = [f'{line},"to":{json.dumps(value)}}}\n' for value in (ADDRESS, NAME, TEXT, SUBJECT)]
    (logs / "leak.log").write_text("".join(leaks))
    leaking = scanner.scan([logs])
    assert {finding.line for finding in leaking.findings} == {1, 2, 3, 4}
