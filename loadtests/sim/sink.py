"""The providers in the simulation: they accept an email, or a fault decides otherwise.

Over SMTP an email takes two exchanges: the transaction is opened, then the text is handed over;
up to that moment nothing was sent, and the sender knows. Over HTTP it takes one.
"""

from collections.abc import Callable
from typing import Literal, NamedTuple

from loadtests.sim.network import Exchange, Outcome, Route
from loadtests.sim.scheduler import Process
from reference.cloud.mail_sink.faults import REFUSALS, Failing, Fault, Slow
from reference.cloud.mail_sink.mail import Mail
from reference.cloud.mail_sink.sink import Sink
from reference.errors import ProviderError, outcome_unknown, permanent_refusal, transient_refusal
from reference.providers.base import Accepted, Outgoing
from scenarios.arrivals import CORRELATION_HEADER

CONNECT_TIMEOUT_S = 2.0
# As the providers answer: an SMTP reply code, an HTTP status.
SMTP_CODES = {"throttle": "450", "unavailable": "421", "reject": "550"}
HTTP_CODES = {"throttle": "429", "unavailable": "503", "reject": "400"}

ProviderName = Literal["smtp", "ses", "sendgrid", "mailgun"]


class Transaction(NamedTuple):
    """MAIL and RCPT of one email."""

    decided: list[Fault | None]  # the sink's decision, for the text that follows


class Delivery(NamedTuple):
    """The email itself."""

    provider: ProviderName
    mail: Mail
    transaction: Transaction | None  # over HTTP there is none


class SinkLife:
    """One life of the sink's process; see `components.Life`."""

    def __init__(self, process: Process, sink: Sink) -> None:
        self._process = process
        self._sink = sink

    def handle(self, exchange: Exchange) -> None:
        request = exchange.request
        if isinstance(request, Transaction):
            self._open(exchange, request)
        else:
            self._deliver(exchange, request)

    def stop(self, ended: Callable[[], None]) -> None:
        ended()

    def _open(self, exchange: Exchange, transaction: Transaction) -> None:
        fault = self._sink.faults.decide("smtp")
        transaction.decided.append(fault)
        if isinstance(fault, Failing) and fault.kind == "outage":
            self._sink.fired(fault, "smtp", [], stored=False)
            exchange.abort()
        else:
            exchange.answer(None)

    def _deliver(self, exchange: Exchange, delivery: Delivery) -> None:
        provider, mails = delivery.provider, [delivery.mail]
        if delivery.transaction is not None:
            fault = delivery.transaction.decided[0]
        else:
            fault = self._sink.faults.decide(provider)
        refusal, delivers = None, True
        if isinstance(fault, Failing):
            refusal = fault.kind if fault.kind in REFUSALS else None
            delivers = fault.kind == "lose-answer"
        if delivers:
            self._sink.accept(provider, mails)
        if fault is not None:
            self._sink.fired(fault, provider, mails, stored=delivers)
        if isinstance(fault, Slow):
            self._process.call_later(fault.delay_s, exchange.answer, refusal)
        elif isinstance(fault, Failing) and refusal is None:
            exchange.abort()
        else:
            exchange.answer(refusal)


class SimProvider:
    """A `reference.providers.base.Provider` whose network is the simulation's."""

    def __init__(
        self,
        name: ProviderName,
        route: Route,
        *,
        timeout_s: float,
    ) -> None:
        self.name: str = name
        self._name: ProviderName = name
        self._route = route
        self._timeout_s = timeout_s

    def send(self, outgoing: Outgoing) -> Accepted:
        """Raises ProviderError."""
        transaction = None
        if self._name == "smtp":
            transaction = Transaction([])
            opened = self._call(transaction)
            if opened.kind != "answer":
                raise transient_refusal(opened.kind)
        sent = self._call(Delivery(self._name, _mail(outgoing), transaction))
        if sent.kind in {"refused", "unreachable"}:
            raise transient_refusal(sent.kind)
        if sent.kind != "answer":
            raise outcome_unknown(sent.kind)
        if sent.value is not None:
            raise _refusal(self._name, sent.value)
        return Accepted(provider_id="")

    def close(self) -> None:
        """Connections are not kept."""

    def _call(self, request: Transaction | Delivery) -> Outcome:
        return self._route.call(
            request, connect_timeout_s=CONNECT_TIMEOUT_S, timeout_s=self._timeout_s
        )


def _refusal(provider: ProviderName, kind: str) -> ProviderError:
    code = (SMTP_CODES if provider == "smtp" else HTTP_CODES)[kind]
    return permanent_refusal(code) if kind == "reject" else transient_refusal(code)


def _mail(outgoing: Outgoing) -> Mail:
    """What a sink keeps of an email; the text's own digest is nobody's question here."""
    email = outgoing.email
    key = email.headers.get(CORRELATION_HEADER)
    return Mail(
        email_id=outgoing.email_id,
        key=None if key is None else key.reveal(),
        recipients=tuple(address.reveal() for address in email.recipients()),
        size_bytes=len(email.text.reveal()) if email.text is not None else 0,
        body_sha256="",
    )
