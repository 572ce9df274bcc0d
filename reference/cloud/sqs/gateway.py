"""Quotas and faults in front of another SQS: moto, ministack, LocalStack, ElasticMQ, AWS itself.

    client -> this server -> breaker, quotas -> upstream

Calls go on as AWS JSON 1.0, signed anew, with queue URLs turned to the upstream's host and back.
Only AWS's own hosts get credentials from the usual places (environment, profile, role); any other
upstream gets a signature of made-up ones, because stand-ins read the service from it.
"""

import asyncio
import base64
import re
from typing import Any
from urllib.parse import urlsplit

import orjson
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.session import Session

from reference.cloud.sqs.attributes import Throughput
from reference.cloud.sqs.checks import is_queue_name
from reference.cloud.sqs.errors import (
    InternalFailure,
    QueueDoesNotExist,
    ServiceUnavailable,
    SqsError,
)
from reference.cloud.sqs.exchange import Connection, Request
from reference.cloud.sqs.partitions import groups_named
from reference.cloud.sqs.queue import Queue
from reference.cloud.sqs.quotas import Quotas
from reference.cloud.sqs.seen_groups import SeenGroups
from reference.cloud.sqs.upstream import UpstreamClient, UpstreamLostError
from reference.cloud.sqs.wire import Call, Params

_FORGETS_THROUGHPUT = {"CreateQueue", "DeleteQueue", "SetQueueAttributes"}
_CODE = re.compile(r"[A-Za-z0-9_.]{1,128}")


class UpstreamError(SqsError):
    """An error that the upstream answered; passed on as it came."""

    def __init__(self, status: int, kind: str, code: str, fault: str, message: str) -> None:
        super().__init__(message)
        # Of the instance, not the class: each answer has its own. Words that do not fit into a
        # header or a status line are left out.
        namespace, _, shape = kind.rpartition("#")
        shape = shape if _CODE.fullmatch(shape) else InternalFailure.shape
        vars(self).update(
            status=status if 400 <= status < 600 else ServiceUnavailable.status,
            shape=shape,
            namespace=namespace or self.namespace,
            code=code if _CODE.fullmatch(code) else shape,
            is_sender_fault=fault != "Receiver",
        )


class Gateway:
    """A Backend over another SQS."""

    def __init__(
        self, upstream: str, quotas: Quotas, throttle_error: type[SqsError], *, region: str
    ) -> None:
        """Raises ValueError when `upstream` is no URL, or AWS's and there are no credentials."""
        try:
            self._client = UpstreamClient(upstream)
        except ValueError as error:
            raise ValueError(f"--upstream {error}") from None
        self._upstream = self._client.url
        self._quotas = quotas
        self._throttle_error = throttle_error
        self._signer = SigV4Auth(_credentials(self._client.host), "sqs", region)
        self._throughputs: dict[str, Throughput] = {}
        self._seen_groups = SeenGroups()

    async def run(self, call: Call, request: Request) -> Params:
        name = call.queue_name
        params = dict(call.params)
        throughput = Throughput.UNLIMITED
        if name is not None:
            if not is_queue_name(name):
                raise QueueDoesNotExist("The specified queue does not exist.")
            params["QueueUrl"] = self._upstream + urlsplit(params["QueueUrl"]).path
            throughput = await self._throughput(name, params["QueueUrl"])
            is_admitted = self._quotas.admit(
                name,
                throughput,
                call.action,
                lambda: groups_named(call.params, self._seen_groups.hash_of),
            )
            if not is_admitted:
                raise self._throttle_error("Request is throttled.")
        if call.action == "ReceiveMessage":
            received = await self._receive(params, request.connection)
            if throughput is Throughput.PER_PARTITION:
                self._seen_groups.see(received)
            if call.draw is not None and "Messages" in received:
                messages = received["Messages"]
                received = {"Messages": call.draw.pick(messages, len(messages))}
            return received
        result = await self._forward(call.action, params)
        if call.action in _FORGETS_THROUGHPUT:
            self._throughputs.clear()
        if call.action == "DeleteQueue":
            self._quotas.forget(name or "")
        return _with_base_url(result, request.base_url)

    async def _receive(self, params: Params, connection: Connection) -> Params:
        """A receive ends with its client: the upstream must not hand messages to nobody.

        A message that is on its way just then stays in flight, as with AWS itself.
        """
        receive = asyncio.ensure_future(self._forward("ReceiveMessage", params))

        def leave() -> None:
            receive.cancel()

        connection.when_lost(leave)
        try:
            await asyncio.wait([receive])
        finally:
            connection.when_lost(None)
            receive.cancel()
        return {} if receive.cancelled() else receive.result()

    async def _throughput(self, name: str, url: str) -> Throughput:
        """Which quota the queue has; asked of the upstream once.

        Asked for standard queues too: a name that nobody has must not be counted for. Raises
        QueueDoesNotExist.
        """
        if name not in self._throughputs:
            throughput = Throughput.UNLIMITED
            wanted = ["QueueArn"]
            if name.endswith(".fifo"):
                throughput = Throughput.PER_QUEUE
                wanted = ["DeduplicationScope", "FifoThroughputLimit"]
            try:
                found = await self._forward(
                    "GetQueueAttributes", {"QueueUrl": url, "AttributeNames": wanted}
                )
            except SqsError as error:
                if QueueDoesNotExist.shape in {error.shape, error.code}:
                    raise
                return throughput  # the call itself will hear of the trouble
            values = found.get("Attributes") or {}
            if [values.get(each) for each in wanted] == ["messageGroup", "perMessageGroupId"]:
                throughput = Throughput.PER_PARTITION
            self._throughputs[name] = throughput
        return self._throughputs[name]

    async def _forward(self, action: str, params: Params) -> Params:
        """Raises UpstreamError, or ServiceUnavailable when nobody answers."""
        body = orjson.dumps(params, default=_as_base64)
        signed = AWSRequest(
            "POST",
            f"{self._upstream}/",
            data=body,
            headers={
                "Content-Type": "application/x-amz-json-1.0",
                "X-Amz-Target": f"AmazonSQS.{action}",
                "X-Amzn-Query-Mode": "true",
            },
        )
        self._signer.add_auth(signed)
        try:
            answer = await self._client.post(dict(signed.headers.items()), body)
        except UpstreamLostError as error:
            raise ServiceUnavailable(
                f"The upstream {self._upstream} does not answer: {error}."
            ) from error
        try:
            result = orjson.loads(answer.body or b"{}")
        except orjson.JSONDecodeError:
            result = None
        if not isinstance(result, dict):
            trouble = f"The upstream answered {answer.status} without a JSON object."
            if answer.status == 200:
                raise InternalFailure(f"{trouble} What was asked may be done.")
            result = {"message": trouble}
        if answer.status == 200:
            return result
        code, _, fault = answer.headers.get("x-amzn-query-error", "").partition(";")
        raise UpstreamError(
            answer.status,
            str(result.get("__type", "InternalFailure")),
            code,
            fault or ("Sender" if answer.status < 500 else "Receiver"),
            str(result.get("message", result.get("Message", ""))),
        )

    def queue_named(self, name: str) -> Queue | None:
        del name
        return None

    def settle(self) -> None:
        pass

    def stop(self) -> None:
        self._client.abort_all()

    def close(self) -> None:
        pass


def _credentials(host: str) -> Credentials:
    if host.endswith((".amazonaws.com", ".amazonaws.com.cn")):
        found = Session().get_credentials()
        if found is None:
            raise ValueError(f"there are no AWS credentials for {host}; configure a profile")
        return found
    return Credentials("local", "local")


def _as_base64(value: Any) -> str:
    assert isinstance(value, bytes), f"{type(value).__name__} in a checked call"
    return base64.b64encode(value).decode()


def _with_base_url(result: Params, base_url: str) -> Params:
    """The upstream's queue URLs as URLs of ours."""
    changed = dict(result)
    if "QueueUrl" in result:
        changed["QueueUrl"] = base_url + urlsplit(result["QueueUrl"]).path
    for name in {"QueueUrls", "queueUrls"} & result.keys():
        changed[name] = [base_url + urlsplit(url).path for url in result[name]]
    return changed
