"""A local SQS inside the test process, on a free loopback port, and what it saw."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from loadtests.metrics import NO_METRICS, queue_metrics
from loadtests.queues import AWS_ENV, IN_QUEUE, REGION, sqs_client
from queueproof.pytest_plugin.identities import Row
from reference.clock import MonotonicClock
from reference.cloud.sqs.app import create_app
from reference.cloud.sqs.background import running
from reference.cloud.sqs.dedup import FirstSend
from reference.cloud.sqs.ledger import QueueLedger
from reference.cloud.sqs.message import Attributes, Message, Outgoing

if TYPE_CHECKING:
    from reference.cloud.sqs.queue import Queue as EngineQueue


@dataclass(frozen=True)
class Queue:
    """A queue that was created."""

    name: str
    url: str
    arn: str
    dead_letter: "Queue | None" = None


class Rows:
    """A journal in memory; the server's thread appends, the test reads."""

    def __init__(self) -> None:
        self.rows: list[Row] = []

    def write(self, **row: object) -> None:
        self.rows.append(row)


class QueueWatch(QueueLedger):
    """Keeps the queue's journal, and what each message said: a service may name its emails there.

    The text stays in memory; evidence holds digests.
    """

    def __init__(self) -> None:
        self._kept = Rows()
        super().__init__(MonotonicClock(), self._kept)

    @property
    def rows(self) -> list[Row]:
        return list(self._kept.rows)

    def stored(self, queue: "EngineQueue", message: Message) -> None:
        super().stored(queue, message)
        self._keep_text(message.body, message.attributes)

    def absorbed(
        self, queue: "EngineQueue", outgoing: Outgoing, dedup_id: str, first: FirstSend
    ) -> None:
        super().absorbed(queue, outgoing, dedup_id, first)
        self._keep_text(outgoing.body, outgoing.attributes)

    def _keep_text(self, body: str, attributes: Attributes | None) -> None:
        said = [attribute.value for attribute in (attributes or {}).values()]
        self._kept.rows[-1]["text"] = "\n".join(
            [body, *(text for text in said if isinstance(text, str))]
        )


class LocalSqs:
    """A running SQS with AWS's semantics and quotas. Nothing of it outlives the fixture."""

    def __init__(self, endpoint_url: str, watch: QueueWatch, fault_rows: Rows) -> None:
        self.endpoint_url = endpoint_url
        self.region = REGION
        self._watch = watch
        self._fault_rows = fault_rows
        self._monkeypatch = pytest.MonkeyPatch()
        self._own_client = sqs_client(endpoint_url)  # to make one takes longer than to ask

    @property
    def env(self) -> dict[str, str]:
        """What an AWS SDK in another process has to find in its environment."""
        return {
            **AWS_ENV,
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_ENDPOINT_URL_SQS": self.endpoint_url,
        }

    def set_env(self) -> None:
        """Put `env` into this process's environment until the fixture ends."""
        for name, value in self.env.items():
            self._monkeypatch.setenv(name, value)
        self._monkeypatch.delenv("AWS_PROFILE", raising=False)

    def client(self) -> Any:
        """A boto3 client of this SQS."""
        return sqs_client(self.endpoint_url)

    def create_queue(
        self,
        name: str,
        *,
        fifo: bool = True,
        dlq: bool = True,
        visibility_timeout_s: int = 30,
        max_receive_count: int = 5,
        attributes: dict[str, str] | None = None,
    ) -> Queue:
        """Create a queue, and with `dlq` the dead-letter queue that takes what failed too often.

        A FIFO queue's name ends in .fifo, which is added when it is missing. `attributes` are
        further ones, by SQS's names. Raises botocore's ClientError when SQS refuses them.
        """
        suffix = ".fifo" if fifo else ""
        stem = name.removesuffix(".fifo")
        common = {"FifoQueue": "true"} if fifo else {}
        wanted = {**common, "VisibilityTimeout": str(visibility_timeout_s), **(attributes or {})}
        dead_letter = None
        if dlq:
            dead_letter = self._create(f"{stem}-dlq{suffix}", common, None)
            redrive = {"deadLetterTargetArn": dead_letter.arn, "maxReceiveCount": max_receive_count}
            wanted["RedrivePolicy"] = json.dumps(redrive)
        return self._create(f"{stem}{suffix}", wanted, dead_letter)

    def _create(self, name: str, attributes: dict[str, str], dead_letter: Queue | None) -> Queue:
        client = self._own_client
        url = client.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
        asked = client.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        return Queue(name, url, asked["Attributes"]["QueueArn"], dead_letter)

    def waiting(self) -> dict[str, int]:
        """How many messages each queue holds: visible, in flight or delayed; DLQs left out."""
        parked_in = self._dead_letter_queues()
        try:
            metrics = queue_metrics(self.endpoint_url)
        except NO_METRICS as error:
            raise RuntimeError(f"the local SQS does not tell what it holds: {error}") from error
        return {
            name: int(sum(counts.get(kind, 0) for kind in IN_QUEUE))
            for name, counts in metrics.items()
            if name not in parked_in
        }

    def _dead_letter_queues(self) -> set[str]:
        client = self._own_client
        names = set()
        for url in client.list_queues().get("QueueUrls", []):
            asked = client.get_queue_attributes(QueueUrl=url, AttributeNames=["RedrivePolicy"])
            policy = asked.get("Attributes", {}).get("RedrivePolicy")
            if policy:
                names.add(json.loads(policy)["deadLetterTargetArn"].rpartition(":")[2])
        return names

    @property
    def queue_rows(self) -> list[Row]:
        """All that happened in the queues, as rows of the `queue` ledger, with `text`."""
        return self._watch.rows

    @property
    def fault_rows(self) -> list[Row]:
        """All faults that began, fired and ended, as rows of the `faults` ledger."""
        return list(self._fault_rows.rows)

    def close(self) -> None:
        """Undo `set_env`, and hang up."""
        self._monkeypatch.undo()
        self._own_client.close()


@contextmanager
def serving() -> Iterator[LocalSqs]:
    """An SQS while the block runs."""
    watch, fault_rows = QueueWatch(), Rows()
    with running(create_app(witness=watch, fault_journal=fault_rows)) as endpoint_url:
        sqs = LocalSqs(endpoint_url, watch, fault_rows)
        try:
            yield sqs
        finally:
            sqs.close()
