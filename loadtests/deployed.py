"""The queues of a deployment: are they there, and are they empty?

Asked with the owner's own credentials, seldom, because each question is a request that is paid for.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config

POLL_S = 5.0
_IN_QUEUE = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)
# Counts are approximate and lag behind (SQS API Reference, GetQueueAttributes): one zero is none.
_ZEROES = 3


@dataclass(frozen=True)
class DeployedQueues:
    """Where they are."""

    endpoint: str
    region: str
    urls: Sequence[str]

    def attributes(self) -> dict[str, str]:
        """Of the first; all are asked. Raises AWS_ERRORS."""
        client = self._client()
        found = [
            client.get_queue_attributes(QueueUrl=url, AttributeNames=["All"]) for url in self.urls
        ]
        attributes: dict[str, str] = found[0]["Attributes"]
        return attributes

    def wait_until_empty(self, timeout_s: float, poll_s: float = POLL_S) -> bool:
        """False when one still holds messages. Raises AWS_ERRORS."""
        client = self._client()
        deadline_s, zeroes = time.monotonic() + timeout_s, 0
        while zeroes < _ZEROES:
            zeroes = zeroes + 1 if self._are_empty(client) else 0
            if time.monotonic() + poll_s > deadline_s:
                break
            if zeroes < _ZEROES:
                time.sleep(poll_s)
        return zeroes >= _ZEROES

    def _are_empty(self, client: Any) -> bool:
        for url in self.urls:
            answer = client.get_queue_attributes(QueueUrl=url, AttributeNames=list(_IN_QUEUE))
            if any(int(answer["Attributes"][name]) for name in _IN_QUEUE):
                return False
        return True

    def _client(self) -> Any:
        """With credentials from where every AWS SDK looks for them."""
        return boto3.client(
            "sqs",
            endpoint_url=self.endpoint,
            region_name=self.region,
            config=Config(
                connect_timeout=5, read_timeout=30, retries={"mode": "standard", "max_attempts": 5}
            ),
        )
