"""The application: requests in, replies out, and the parts put together.

request -> protocol.parse -> breaker -> backend -> protocol.answer
                             (faults)   (quotas, operations, long polls)
"""

import asyncio
import logging
from collections.abc import Awaitable
from typing import Literal

from reference.clock import Clock, MonotonicClock
from reference.cloud.sqs.admin import PREFIX as ADMIN_PREFIX
from reference.cloud.sqs.admin import Admin
from reference.cloud.sqs.breaker import Breaker
from reference.cloud.sqs.contents import Recovered
from reference.cloud.sqs.datalog import DataLog
from reference.cloud.sqs.engine import Engine
from reference.cloud.sqs.errors import InternalFailure, RequestTooLarge, SqsError
from reference.cloud.sqs.exchange import Cut, Reply, Request
from reference.cloud.sqs.faults import THROTTLE_ERRORS, FaultInjector
from reference.cloud.sqs.gateway import Gateway
from reference.cloud.sqs.ids import unique_ids
from reference.cloud.sqs.json_protocol import JsonProtocol
from reference.cloud.sqs.ledger import QueueLedger
from reference.cloud.sqs.limits import OFF, REQUEST_BYTES_MAX, STRICT
from reference.cloud.sqs.polling import LongPolls
from reference.cloud.sqs.query_protocol import FORM, QueryInJsonOut, QueryProtocol
from reference.cloud.sqs.quotas import BURST_CALLS_DEFAULT, Quotas
from reference.cloud.sqs.service import Backend, DurableSqs, LocalSqs
from reference.cloud.sqs.shapes import load_model
from reference.cloud.sqs.wire import Call, Params, WireProtocol
from reference.cloud.sqs.witness import Witness, Witnesses
from reference.journal import Journal, NullJournal

ThrottleError = Literal["RequestThrottled", "ThrottlingException"]

_log = logging.getLogger(__name__)

_HOUSEKEEPING_S = 0.25
_ADMIN_PREFIX = ADMIN_PREFIX.encode()


class SqsApp:
    """Serves one backend: the Handler of its connections. Belongs to one event loop."""

    body_bytes_max = REQUEST_BYTES_MAX

    def __init__(
        self,
        *,
        backend: Backend,
        faults: FaultInjector,
        admin: Admin,
        throttle_error: type[SqsError],
        found: Recovered | None = None,
    ) -> None:
        self.found = found
        self._backend = backend
        self._faults = faults
        self._breaker = Breaker(backend, faults, throttle_error)
        self._admin = admin
        model = load_model()
        self._json, self._query = JsonProtocol(model), QueryProtocol(model)
        self._query_in_json_out = QueryInJsonOut(model)
        self._new_request_id = unique_ids()

    def respond(self, request: Request) -> Reply | Awaitable[Reply]:
        """Most calls are answered at once; see `exchange.Handler`."""
        request_id = self._new_request_id()
        is_json = b"x-amz-target" in request.headers
        protocol = self._json if is_json else self._protocol_without_target(request)
        try:
            if not request.is_whole:
                raise RequestTooLarge(
                    f"The request has more than {REQUEST_BYTES_MAX} bytes; no valid one has."
                )
            if _ADMIN_PREFIX in request.target and request.path.startswith(ADMIN_PREFIX):
                return self._admin.handle(request)
            call = protocol.parse(request)
            result = self._breaker.run(call, request)
            if isinstance(result, dict):
                return protocol.answer(call, result, request_id)
        except Cut:
            raise
        except Exception as error:  # noqa: BLE001 - our mistake must not reach a caller's SDK raw
            return protocol.refusal(_as_sqs_error(error), request_id)
        return self._respond_later(protocol, call, result, request_id)

    async def _respond_later(
        self, protocol: WireProtocol, call: Call, result: Awaitable[Params], request_id: str
    ) -> Reply:
        """Raises Cut when the caller shall get no answer."""
        try:
            return protocol.answer(call, await result, request_id)
        except Cut:
            raise
        except Exception as error:  # noqa: BLE001 - as above
            return protocol.refusal(_as_sqs_error(error), request_id)

    def _protocol_without_target(self, request: Request) -> WireProtocol:
        headers = request.headers
        is_form = headers.get(b"content-type", b"").startswith(FORM)
        if not is_form and request.method not in {b"GET", b"HEAD"}:
            return self._json
        wants_json = headers.get(b"accept", b"").startswith(b"application/json")
        return self._query_in_json_out if wants_json else self._query

    async def housekeep(self) -> None:
        """Expire messages and open and close fault windows while no call does it."""
        while True:
            self._backend.settle()
            self._faults.settle()
            await asyncio.sleep(_HOUSEKEEPING_S)

    def stop(self) -> None:
        """Answer every waiting receive and cut off whom a fault keeps waiting."""
        self._backend.stop()
        self._breaker.stop()

    def close(self) -> None:
        """Every call was answered: write what is left to write."""
        self._backend.close()


def _as_sqs_error(error: Exception) -> SqsError:
    if isinstance(error, SqsError):
        return error
    if isinstance(error, OSError):
        # A journal or the log could not be written; what was asked may be done or not.
        return InternalFailure(f"This server cannot write: {error.strerror}.")
    # Type and place alone: the text of an error may quote a message.
    _log.error("%s at %s", type(error).__name__, _place_of(error))
    return InternalFailure("This server made a mistake; its log names the place.")


def _place_of(error: BaseException) -> str:
    """File and line that raised it."""
    step = error.__traceback__
    while step is not None and step.tb_next is not None:
        step = step.tb_next
    return f"{step.tb_frame.f_code.co_filename}:{step.tb_lineno}" if step else "an unknown place"


def create_app(
    *,
    clock: Clock | None = None,
    quotas: Literal["strict", "off"] = "strict",
    burst_calls: float = BURST_CALLS_DEFAULT,
    throttle_error: ThrottleError = "RequestThrottled",
    region: str = "us-east-1",
    journal: Journal | None = None,
    fault_journal: Journal | None = None,
    seed: int = 0,
    upstream: str | None = None,
    data: DataLog | None = None,
    witness: Witness | None = None,
) -> SqsApp:
    """An SQS to serve with `server.serve` or `background.running`.

    `seed` is for fault plans that bring none. With `upstream`, the URL of another SQS, quotas and
    faults work in front of that one. With `data`, queues begin as the log holds them; `app.found`
    says what that was. A `witness` is told what happens in the queues. Raises ValueError for
    settings that make no sense, DataError when the log cannot be written.
    """
    if upstream is not None and data is not None:
        raise ValueError("--data keeps queues of this server; with --upstream it has none")
    clock = clock or MonotonicClock()
    limits = STRICT if quotas == "strict" else OFF
    polls = LongPolls(clock)
    engine = Engine(
        clock,
        limits=limits,
        witness=Witnesses(
            [
                *([data] if data else []),
                *([QueueLedger(clock, journal)] if journal else []),
                *([witness] if witness else []),
            ]
        ),
        region=region,
        receipt_key=data.receipt_key if data else None,
        on_available=polls.wake,
    )
    found = data.restore(engine) if data else None
    rates = Quotas(clock, limits, region=region, burst_calls=burst_calls)
    faults = FaultInjector(clock, fault_journal or NullJournal(), seed=seed)
    error = THROTTLE_ERRORS[throttle_error]
    backend: Backend
    if upstream is not None:
        backend = Gateway(upstream, rates, error, region=region)
    elif data is not None:
        backend = DurableSqs(clock, engine, rates, polls, data, throttle_error=error)
    else:
        backend = LocalSqs(clock, engine, rates, polls, throttle_error=error)
    return SqsApp(
        backend=backend,
        faults=faults,
        admin=Admin(clock, engine, rates, faults),
        throttle_error=error,
        found=found,
    )
