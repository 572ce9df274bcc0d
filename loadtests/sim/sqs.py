"""SQS in the simulation: the engine, quotas, long polls and faults of `reference.cloud.sqs`.

Only HTTP is left out: a call is handed over as the protocols would parse it, and its answer or
error comes back as botocore would show it. What the queues hold outlives the process, as with a
log on disk; who waits for a message does not.
"""

import asyncio
import json
import random
from collections.abc import Awaitable, Callable
from typing import Any, NoReturn

from botocore import exceptions as boto

from loadtests.queues import HIGH_THROUGHPUT
from loadtests.sim.ledgers import LedgerJournal, Ledgers
from loadtests.sim.loop import ProcessLoop
from loadtests.sim.network import Exchange, Outcome, Route
from loadtests.sim.scheduler import Process
from reference.clock import Clock
from reference.cloud.sqs.breaker import Breaker
from reference.cloud.sqs.engine import Engine
from reference.cloud.sqs.errors import RequestThrottled, SqsError
from reference.cloud.sqs.exchange import Cut, Request
from reference.cloud.sqs.faults import FaultInjector
from reference.cloud.sqs.ledger import QueueLedger
from reference.cloud.sqs.limits import OFF, STRICT
from reference.cloud.sqs.polling import LongPolls
from reference.cloud.sqs.queue import Queue as SqsQueue
from reference.cloud.sqs.quotas import Quotas
from reference.cloud.sqs.service import LocalSqs
from reference.cloud.sqs.wire import Call, Params
from scenarios.configuration import QueueKind
from scenarios.model import Queue

QUEUE_NAME, DLQ_NAME = "emails.fifo", "emails-dlq.fifo"
ENDPOINT = "http://sqs.sim"
QUEUE_URL = f"{ENDPOINT}/000000000000/{QUEUE_NAME}"
RECEIPT_KEY = b"simulated receipts: not a secret"
STOP_S = 0.01  # from the last answer to the end of the process


class SqsQueues:
    """What outlives the process: the queues, and the faults in force."""

    def __init__(
        self,
        clock: Clock,
        ledgers: Ledgers,
        kind: QueueKind,
        queue: Queue,
        randomness: random.Random,
    ) -> None:
        self.clock = clock
        self.limits = STRICT if queue.quotas == "strict" else OFF
        self.faults = FaultInjector(clock, LedgerJournal(ledgers, "faults"))
        self.polls: LongPolls | None = None  # of the life that lasts
        self.engine = Engine(
            clock,
            limits=self.limits,
            witness=QueueLedger(clock, LedgerJournal(ledgers, "queue")),
            new_message_id=lambda: f"{randomness.getrandbits(128):032x}",
            receipt_key=RECEIPT_KEY,
            on_available=self._wake,
        )
        dead_letters = self.engine.create_queue(DLQ_NAME, {"FifoQueue": "true"})
        redrive = {
            "deadLetterTargetArn": dead_letters.arn,
            "maxReceiveCount": queue.max_receive_count,
        }
        self.queue = self.engine.create_queue(
            QUEUE_NAME,
            {
                "FifoQueue": "true",
                **(HIGH_THROUGHPUT if kind.high_throughput else {}),
                "VisibilityTimeout": str(queue.visibility_timeout_s),
                "RedrivePolicy": json.dumps(redrive),
            },
        )

    def is_empty(self) -> bool:
        """Whether no message is waiting, hidden or in flight."""
        return len(self.queue.lives.store) == 0

    def _wake(self, queue: SqsQueue) -> None:
        if self.polls is not None:
            self.polls.wake(queue)


class SqsLife:
    """One life of the SQS process; see `components.Life`."""

    def __init__(self, process: Process, queues: SqsQueues) -> None:
        self._loop = ProcessLoop(process)
        self._queues = queues
        # Who waited in an earlier life is gone with it.
        queues.polls = LongPolls(queues.clock)
        self._backend = LocalSqs(
            queues.clock,
            queues.engine,
            Quotas(queues.clock, queues.limits),
            queues.polls,
            throttle_error=RequestThrottled,
        )
        self._breaker = Breaker(self._backend, queues.faults, RequestThrottled)

    def handle(self, exchange: Exchange) -> None:
        request = Request(b"POST", b"/", {}, b"", exchange)
        try:
            answer = self._breaker.run(exchange.request, request)
        except SqsError as error:
            exchange.answer(error)
        except Cut as cut:
            _cut(exchange, cut)
        else:
            if isinstance(answer, dict):
                exchange.answer(answer)
            else:
                self._loop.run(_answer_later(exchange, answer))

    def stop(self, ended: Callable[[], None]) -> None:
        self._backend.stop()
        self._breaker.stop()
        self._loop.call_later(STOP_S, ended)


async def _answer_later(exchange: Exchange, answer: Awaitable[Params]) -> None:
    try:
        result = await answer
    except SqsError as error:
        exchange.answer(error)
    except Cut as cut:
        _cut(exchange, cut)
    else:
        if exchange.trickle_s:
            await asyncio.sleep(exchange.trickle_s)
        exchange.answer(result)


def _cut(exchange: Exchange, cut: Cut) -> None:
    if not cut.is_silent:
        exchange.abort()


class SqsClient:
    """As much of boto3's client as `reference.sqs_client.SqsQueue` uses; raises what it raises."""

    def __init__(
        self,
        route: Route,
        *,
        connect_timeout_s: float,
        read_timeout_s: float,
    ) -> None:
        self._route = route
        self._connect_timeout_s = connect_timeout_s
        self._read_timeout_s = read_timeout_s

    def send_message(self, **params: Any) -> dict[str, Any]:
        return self._call("SendMessage", params)

    def send_message_batch(self, **params: Any) -> dict[str, Any]:
        return self._call("SendMessageBatch", params)

    def receive_message(self, **params: Any) -> dict[str, Any]:
        return self._call("ReceiveMessage", params)

    def delete_message_batch(self, **params: Any) -> dict[str, Any]:
        return self._call("DeleteMessageBatch", params)

    def change_message_visibility_batch(self, **params: Any) -> dict[str, Any]:
        return self._call("ChangeMessageVisibilityBatch", params)

    def get_queue_attributes(self, **params: Any) -> dict[str, Any]:
        return self._call("GetQueueAttributes", params)

    def _call(self, action: str, params: dict[str, Any]) -> dict[str, Any]:
        outcome = self._route.call(
            Call(action, params),
            connect_timeout_s=self._connect_timeout_s,
            timeout_s=self._read_timeout_s,
        )
        if outcome.kind != "answer":
            _raise_lost(outcome)
        if isinstance(outcome.value, SqsError):
            _raise_answered(outcome.value, action)
        answer: dict[str, Any] = outcome.value
        return answer


def _raise_answered(error: SqsError, action: str) -> NoReturn:
    answer: Any = {
        "Error": {"Code": error.code, "Message": error.message},
        "ResponseMetadata": {"HTTPStatusCode": error.status},
    }
    raise boto.ClientError(answer, action)


def _raise_lost(outcome: Outcome) -> NoReturn:
    match outcome.kind:
        case "refused":
            raise boto.EndpointConnectionError(endpoint_url=ENDPOINT)
        case "unreachable":
            raise boto.ConnectTimeoutError(endpoint_url=ENDPOINT)
        case "reset":
            raise boto.ConnectionClosedError(endpoint_url=ENDPOINT)
        case _:
            raise boto.ReadTimeoutError(endpoint_url=ENDPOINT)
