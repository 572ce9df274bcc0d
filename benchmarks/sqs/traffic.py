"""SQS calls as bytes, and scripts of calls, over AWS JSON 1.0."""

import itertools
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import orjson

from benchmarks.figures import BenchError
from benchmarks.http_load import Answer, Request, Script, offer

BODY = ("queueproof bench " * 61)[:1024]
BATCH = 10  # SQS takes no more
VISIBILITY_TIMEOUT_S = 900  # nothing comes back during a measure
# None of the servers checks signatures; moto reads the service's name from the scope.
_HEAD = (
    "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-amz-json-1.0\r\n"
    "X-Amz-Target: AmazonSQS.{action}\r\nX-Amz-Date: 20260101T000000Z\r\n"
    "Authorization: AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/sqs/aws4_request, "
    "SignedHeaders=host, Signature=0\r\nContent-Length: {length}\r\n\r\n"
)


def request(action: str, params: dict[str, Any], *, units: int = 0) -> Request:
    """One call, ready for the wire."""
    body = orjson.dumps(params)
    return Request(_HEAD.format(action=action, length=len(body)).encode() + body, units)


@dataclass(frozen=True)
class Queue:
    """A queue on one of the servers, which listens on `port`."""

    port: int
    url: str
    is_fifo: bool = False

    def message(self, number: int) -> dict[str, str]:
        """A message's own parameters; groups are many, so that FIFO order holds nobody up."""
        if not self.is_fifo:
            return {"MessageBody": BODY}
        return {
            "MessageBody": BODY,
            "MessageGroupId": f"g{number % 1000}",
            "MessageDeduplicationId": f"d{number}",
        }

    def sends(self, numbers: Iterator[int]) -> list[Request]:
        """One message a call, a unit each."""
        if not self.is_fifo:
            same = request("SendMessage", {"QueueUrl": self.url, **self.message(0)}, units=1)
            return [same for _ in numbers]
        return [
            request("SendMessage", {"QueueUrl": self.url, **self.message(number)}, units=1)
            for number in numbers
        ]

    def batch_sends(self, numbers: Iterator[int]) -> Script:
        """Ten messages a call, a unit each."""
        while batch := list(itertools.islice(numbers, BATCH)):
            entries = [{"Id": str(n), **self.message(n)} for n in batch]
            params = {"QueueUrl": self.url, "Entries": entries}
            answer = yield request("SendMessageBatch", params, units=len(batch))
            if failed := orjson.loads(answer.body).get("Failed"):
                raise BenchError(f"a batch was not stored: {failed[0].get('Code')}")

    def takes(self, numbers: Iterator[int]) -> Script:
        """Receive one message and delete it: a unit for both."""
        receive = request(
            "ReceiveMessage",
            {
                "QueueUrl": self.url,
                "MaxNumberOfMessages": 1,
                "WaitTimeSeconds": 0,
                "VisibilityTimeout": VISIBILITY_TIMEOUT_S,
            },
        )
        for _ in numbers:
            messages = None
            while not messages:
                answer = yield receive
                messages = orjson.loads(answer.body).get("Messages")
            handle = messages[0]["ReceiptHandle"]
            yield request("DeleteMessage", {"QueueUrl": self.url, "ReceiptHandle": handle}, units=1)


def call(port: int, action: str, params: dict[str, Any]) -> dict[str, Any]:
    """One call of its own, for set-up. Raises BenchError unless it is answered 200."""
    answers: list[Answer] = []

    def once() -> Script:
        answers.append((yield request(action, params)))

    offer(port, [once()], time_max_s=60)
    value: dict[str, Any] = orjson.loads(answers[0].body or b"{}")
    return value


def create_queue(port: int, name: str, *, is_fifo: bool = False) -> Queue:
    """A new queue; its name gets FIFO's ending where it needs one."""
    params: dict[str, Any] = {"QueueName": name + ".fifo" * is_fifo}
    if is_fifo:
        params["Attributes"] = {"FifoQueue": "true"}
    return Queue(port, str(call(port, "CreateQueue", params)["QueueUrl"]), is_fifo)


def wait_for_answer(port: int, is_alive: Callable[[], bool], timeout_s: float) -> None:
    """Until the server answers a call. Raises BenchError when it ends or does not in time."""
    deadline_s = time.monotonic() + timeout_s
    while True:
        try:
            call(port, "ListQueues", {})
        except BenchError as error:
            if not is_alive() or time.monotonic() > deadline_s:
                raise BenchError(f"it never answered: {error}") from error
            time.sleep(0.005)
        else:
            return
