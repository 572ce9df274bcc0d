"""Locust users: a sender of emails, and a client that calls SQS directly.

Each takes what is due from the environment's dispatcher, sends it, and writes down what it saw as
a Jepsen history: `invoke`, then `ok`, `fail` (certainly not done) or `info` (nobody can know).
"""

import json
import time
from abc import abstractmethod
from collections import deque
from typing import Any, ClassVar

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from locust import task
from locust.contrib.fasthttp import FastHttpUser

from loadtests.answers import (
    CallResult,
    call_result,
    email_id_of,
    is_worth_repeating,
    outcome_of,
    retry_after_s,
)
from loadtests.dispatch import Dispatcher
from loadtests.emails import email_about, headers_of
from loadtests.schedule import Attempt
from scenarios.arrivals import Person

EMAIL = "PostEmail"  # the action of the email load; SQS calls have SQS's own names


class ScheduledUser(FastHttpUser):
    """A connection that sends what the schedule says, when it says so."""

    abstract = True
    insecure = False
    connection_timeout = 5.0
    dispatcher: ClassVar[Dispatcher]  # set when the test starts

    @task
    def send_what_is_due(self) -> None:
        attempt = self.dispatcher.next()
        try:
            self.send(attempt)
        finally:
            self.dispatcher.done()

    @abstractmethod
    def send(self, attempt: Attempt) -> None:
        """Make the attempt and record it."""


class EmailSender(ScheduledUser):
    """Posts emails to the API and, where the outcome is unknown, posts them again."""

    people: ClassVar[list[Person]] = []

    def send(self, attempt: Attempt) -> None:
        options = self.environment.parsed_options
        arrival = attempt.arrival
        event = {"key": arrival.key, "attempt": attempt.attempt, "group": arrival.group}
        self.dispatcher.record(
            "sender", kind="invoke", intended_s=self.dispatcher.intended_s(attempt), **event
        )
        with self.client.post(
            "/v1/emails",
            json=email_about(self.people[arrival.number % len(self.people)], arrival),
            headers=headers_of(arrival, options.api_key),
            catch_response=True,
        ) as response:
            kind, code = outcome_of(response)
            if kind == "ok":
                response.success()
            else:
                response.failure(code)
            email_id = email_id_of(response) if kind == "ok" else None
        self.dispatcher.record(
            "sender",
            kind=kind,
            status=response.status_code or None,
            code=code,
            email_id=email_id,
            **event,
        )
        if is_worth_repeating(kind, code):
            self.dispatcher.retry(attempt, retry_after_s(response.headers))


class SqsCaller(ScheduledUser):
    """Calls SQS's API with signed requests and no retries, so that each throttle is seen."""

    credentials: ClassVar[Credentials]
    # Receipt handles not yet deleted, then those already deleted: shared by all callers.
    fresh_handles: ClassVar[deque[str]] = deque()
    used_handles: ClassVar[deque[str]] = deque(maxlen=1_000)

    def send(self, attempt: Attempt) -> None:
        request = self._request(attempt)
        if request is None:
            return
        intended_s = self.dispatcher.intended_s(attempt)
        if attempt.action == "SendMessage":
            self._record_send(attempt, kind="invoke", intended_s=intended_s)
        sent_s = time.monotonic()
        result = self._call(attempt.action, json.dumps(request))
        receiving = attempt.action == "ReceiveMessage"
        self.dispatcher.record(
            "calls",
            at_s=sent_s,
            action=attempt.action,
            outcome=result.outcome,
            intended_s=intended_s,
            completed_s=time.monotonic(),
            status=result.status,
            code=result.code,
            messages=len(result.answer.get("Messages", ())) if receiving else 1,
        )
        if attempt.action == "SendMessage":
            self._after_send(attempt, result)
        elif receiving:
            self._after_receive(result)
        else:
            self._after_delete(request["ReceiptHandle"], result)

    def _call(self, action: str, body: str) -> CallResult:
        with self.client.post(
            "/",
            name=action,
            data=body,
            headers=self._signed_headers(action, body),
            catch_response=True,
        ) as response:
            result = call_result(response)
            if result.outcome == "error":
                response.failure(result.code)
            else:
                response.success()  # a throttle is what the experiment asks for
        return result

    def _signed_headers(self, action: str, body: str) -> dict[str, str]:
        """AWS Signature Version 4, so that the same load runs against SQS itself."""
        options = self.environment.parsed_options
        request = AWSRequest(
            method="POST",
            url=options.sqs_endpoint,
            data=body,
            headers={
                "Content-Type": "application/x-amz-json-1.0",
                "X-Amz-Target": f"AmazonSQS.{action}",
            },
        )
        SigV4Auth(self.credentials, "sqs", options.aws_region).add_auth(request)
        return dict(request.headers.items())

    def _request(self, attempt: Attempt) -> dict[str, Any] | None:
        queue_url = self.environment.parsed_options.queue_url
        if attempt.action == "SendMessage":
            return {
                "QueueUrl": queue_url,
                "MessageBody": f"quota probe {attempt.arrival.key}",
                "MessageGroupId": attempt.arrival.group,
                "MessageDeduplicationId": attempt.arrival.key,
            }
        if attempt.action == "ReceiveMessage":
            return {
                "QueueUrl": queue_url,
                "MaxNumberOfMessages": 1,
                "MessageSystemAttributeNames": ["MessageDeduplicationId"],
            }
        handle = self._take_handle()
        return None if handle is None else {"QueueUrl": queue_url, "ReceiptHandle": handle}

    def _take_handle(self) -> str | None:
        """A handle to delete; when none waits, one deleted before: SQS accepts and counts it."""
        if self.fresh_handles:
            return self.fresh_handles.popleft()
        if self.used_handles:
            self.used_handles.rotate(-1)
            return self.used_handles[-1]
        return None

    def _after_send(self, attempt: Attempt, result: CallResult) -> None:
        kind = {"admitted": "ok", "throttled": "fail"}.get(result.outcome, "info")
        self._record_send(
            attempt,
            kind=kind,
            status=result.status,
            code=result.code,
            email_id=attempt.arrival.key if kind == "ok" else None,
        )

    def _after_receive(self, result: CallResult) -> None:
        for message in result.answer.get("Messages", ()):
            dedup_id = message["Attributes"]["MessageDeduplicationId"]
            self.dispatcher.record("sink", email_id=dedup_id, key=dedup_id)
            self.fresh_handles.append(message["ReceiptHandle"])

    def _after_delete(self, handle: str, result: CallResult) -> None:
        handles = self.used_handles if result.outcome == "admitted" else self.fresh_handles
        handles.append(handle)

    def _record_send(self, attempt: Attempt, **seen: object) -> None:
        self.dispatcher.record(
            "sender",
            key=attempt.arrival.key,
            attempt=attempt.attempt,
            group=attempt.arrival.group,
            **seen,
        )
