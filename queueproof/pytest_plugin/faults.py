"""Faults that a test injects, at SQS and at the mail sink, and the count of what they broke."""

import json
import time
import urllib.error
import urllib.request
from http.client import HTTPException
from typing import Any, Literal, Self, TypedDict, Unpack
from urllib.parse import quote

from pydantic import TypeAdapter, ValidationError

from reference.cloud.mail_sink.faults import Fault as MailFault
from reference.cloud.mail_sink.faults import Provider
from reference.cloud.sqs.faults import Action
from reference.cloud.sqs.faults import Fault as SqsFault

TIMEOUT_S = 5.0
POLL_S = 0.02
_NOT_OF_THE_FAULT = frozenset({"label", "may_stay_silent"})


class FaultError(ValueError):
    """A fault that cannot be injected; the message says what to mend."""


class _Options(TypedDict, total=False):
    nth_call: int  # only the nth call that it could meet, counted from the injection
    probability: float  # of each call that it could meet
    start_s: float  # since the injection
    end_s: float
    period_s: float  # flaps: on in the first half of each period
    label: str  # in messages and evidence
    may_stay_silent: bool  # do not fail the test when it never fired


class When(_Options, total=False):
    """When a fault of SQS fires, and what it is called. All of it may be left out."""

    queue: str  # by name; left out: any


class MailWhen(_Options, total=False):
    """When a fault of the mail sink fires, and what it is called. All of it may be left out."""

    provider: Provider  # left out: any


class InjectedFault:
    """One fault in force. As a context manager it heals at the block's end."""

    def __init__(
        self, injector: "_Injector", label: str, *, may_stay_silent: bool, ends_itself: bool
    ) -> None:
        self._injector = injector
        self.label = label
        self.may_stay_silent = may_stay_silent
        self.ends_itself = ends_itself  # it breaks one call, or until a time
        self.is_healed = False

    @property
    def fired(self) -> int:
        """How many calls it broke so far."""
        return self._injector.fired_counts().get(self.label, 0)

    def wait_until_fired(self, times: int = 1, *, timeout_s: float = 10.0) -> None:
        """Raises AssertionError when it has not broken so many calls in time."""
        deadline_s = time.monotonic() + timeout_s
        while (fired := self.fired) < times:
            if time.monotonic() > deadline_s:
                raise AssertionError(
                    f"the fault {self.label} broke {fired} of {times} calls within {timeout_s:g} s"
                )
            time.sleep(POLL_S)

    def heal(self) -> None:
        """End it now."""
        self._injector.end(self.label)
        self.is_healed = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.heal()


class _Injector:
    """Faults of one server, through its administration."""

    def __init__(self, name: str, url: str, kinds: Any, *, prefix: str = "") -> None:
        self._name = name  # as the test calls it
        self._prefix = prefix  # of labels
        self._url = url
        self._kinds: TypeAdapter[Any] = TypeAdapter(kinds)
        self._injected: list[InjectedFault] = []

    def fired_counts(self) -> dict[str, int]:
        """How many calls each fault broke, by label."""
        counts: dict[str, int] = self._ask("GET", "")["fired"]
        return counts

    def silent(self) -> list[str]:
        """The labels of faults that never fired, though they had to."""
        if not self._injected:
            return []
        fired = self.fired_counts()
        must_fire = [each.label for each in self._injected if not each.may_stay_silent]
        return [label for label in must_fire if not fired.get(label)]

    def end(self, label: str) -> None:
        """End one fault now. Raises FaultError when there is none of that label."""
        self._ask("DELETE", f"/{quote(label, safe='')}")

    def heal_what_fired(self) -> None:
        """End the faults that fired and would go on for ever; their counts stay."""
        endless = [each for each in self._injected if not (each.ends_itself or each.is_healed)]
        if endless:
            fired = self.fired_counts()
            for each in endless:
                if fired.get(each.label):
                    each.heal()

    def forget(self) -> None:
        """End all faults, with their counts: the test is over."""
        self._ask("DELETE", "")

    def _inject(self, kind: str, when: When | MailWhen, **options: object) -> InjectedFault:
        label = when.get("label") or f"{self._prefix}{kind}-{len(self._injected) + 1}"
        conditions = {name: told for name, told in when.items() if name not in _NOT_OF_THE_FAULT}
        fault = {"kind": kind, "label": label, **conditions, **options}
        try:
            checked = self._kinds.validate_python(fault)
        except ValidationError as error:
            raise FaultError(f"{self._name}.{kind.replace('-', '_')}: {_told(error)}") from None
        self._ask("POST", "", {"faults": [checked.model_dump(mode="json", exclude_none=True)]})
        injected = InjectedFault(
            self,
            label,
            may_stay_silent=when.get("may_stay_silent", False),
            ends_itself="nth_call" in when or "end_s" in when,
        )
        self._injected.append(injected)
        return injected

    def _ask(self, method: str, path: str, value: object = None) -> dict[str, Any]:
        request = urllib.request.Request(  # noqa: S310 - a server of our own
            f"{self._url}/_admin/faults{path}",
            data=None if value is None else json.dumps(value).encode(),
            method=method,
            headers={"Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310
                told: dict[str, Any] = json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                reason = json.loads(error.read() or b"{}").get("error", f"HTTP {error.code}")
            raise FaultError(f"{self._name}: {reason}") from None
        except (OSError, HTTPException) as error:
            raise FaultError(
                f"{self._name}: {self._url} did not take the fault: {error}"
            ) from error
        return told


class MailFaults(_Injector):
    """Breaks what the mail sink does with emails; every method is one kind of fault."""

    def __init__(self, url: str) -> None:
        super().__init__("faults.mail", url, MailFault, prefix="mail-")

    def throttle(self, **when: Unpack[MailWhen]) -> InjectedFault:
        """Not now: SMTP 450, HTTP 429."""
        return self._inject("throttle", when)

    def unavailable(self, **when: Unpack[MailWhen]) -> InjectedFault:
        """Not now, nothing works: SMTP 421, HTTP 503."""
        return self._inject("unavailable", when)

    def reject(self, **when: Unpack[MailWhen]) -> InjectedFault:
        """Never: SMTP 550, HTTP 400."""
        return self._inject("reject", when)

    def slow(self, *, delay_s: float, **when: Unpack[MailWhen]) -> InjectedFault:
        """The email is taken at once, and the answer comes so much later."""
        return self._inject("slow", when, delay_s=delay_s)

    def lose_answer(self, **when: Unpack[MailWhen]) -> InjectedFault:
        """The email is taken, and the connection is reset before the answer."""
        return self._inject("lose-answer", when)

    def outage(self, **when: Unpack[MailWhen]) -> InjectedFault:
        """The connection is aborted, and nothing is taken."""
        return self._inject("outage", when)


class Faults(_Injector):
    """Breaks calls to the local SQS; `mail` breaks the mail sink.

    `actions` are SQS's own names, such as "SendMessage"; none named: all that the kind can meet.
    """

    def __init__(self, endpoint_url: str, mail_url: str | None = None) -> None:
        """`mail_url` is that of the mail sink's administration, when the test has a sink."""
        super().__init__("faults", endpoint_url, SqsFault)
        self._mail = None if mail_url is None else MailFaults(mail_url)

    @property
    def mail(self) -> MailFaults:
        """Faults of the mail sink. Raises FaultError when the test does not use `mail_sink`."""
        if self._mail is None:
            raise FaultError("faults.mail: the test has no mail sink; let it use `mail_sink`")
        return self._mail

    def silent(self) -> list[str]:
        """The labels of faults that never fired, though they had to."""
        return super().silent() + ([] if self._mail is None else self._mail.silent())

    def heal_what_fired(self) -> None:
        """End the faults that fired and would go on for ever, the mail sink's too."""
        super().heal_what_fired()
        if self._mail is not None:
            self._mail.heal_what_fired()

    def forget(self) -> None:
        """End all faults, with their counts: the test is over."""
        super().forget()
        if self._mail is not None:
            self._mail.forget()

    def refuse(
        self,
        *actions: Action,
        error: Literal["InternalFailure", "ServiceUnavailable", "throttle", "AccessDenied"] = (
            "InternalFailure"
        ),
        **when: Unpack[When],
    ) -> InjectedFault:
        """SQS answers an error and does nothing."""
        return self._inject("refuse", when, actions=actions, error=error)

    def lose_answer(
        self,
        *actions: Action,
        how: Literal["reset", "timeout"] = "reset",
        **when: Unpack[When],
    ) -> InjectedFault:
        """SQS does what was asked, and the answer never arrives."""
        return self._inject("lose-answer", when, actions=actions, how=how)

    def outage(self, *actions: Action, **when: Unpack[When]) -> InjectedFault:
        """SQS aborts the connection and does nothing."""
        return self._inject("outage", when, actions=actions)

    def delay(self, *actions: Action, delay_s: float, **when: Unpack[When]) -> InjectedFault:
        """SQS does it, and answers, so much later."""
        return self._inject("delay", when, actions=actions, delay_s=delay_s)

    def slow_body(self, *actions: Action, body_s: float, **when: Unpack[When]) -> InjectedFault:
        """SQS does it at once; the answer trickles in over `body_s`."""
        return self._inject("slow-body", when, actions=actions, body_s=body_s)

    def half_batch(self, *actions: Action, **when: Unpack[When]) -> InjectedFault:
        """SQS answers 200 to a batch, and every second entry has failed; of those alone, half."""
        return self._inject("half-batch", when, actions=actions)

    def wrong_md5(self, *actions: Action, **when: Unpack[When]) -> InjectedFault:
        """The digest in the answer is not that of the message."""
        return self._inject("wrong-md5", when, actions=actions)

    def empty_receive(self, **when: Unpack[When]) -> InjectedFault:
        """A receive finds nothing, though messages wait."""
        return self._inject("empty-receive", when)

    def early_expiry(self, *, visibility_s: int = 0, **when: Unpack[When]) -> InjectedFault:
        """Received messages come back after `visibility_s`: the work took longer than allowed."""
        return self._inject("early-expiry", when, visibility_s=visibility_s)

    def duplicate(self, *, also_fifo: bool = False, **when: Unpack[When]) -> InjectedFault:
        """A standard queue ignores the first delete, so that the messages come again."""
        return self._inject("duplicate", when, also_fifo=also_fifo)

    def reorder(self, *, also_fifo: bool = False, **when: Unpack[When]) -> InjectedFault:
        """A standard queue returns any of the next messages, in any order."""
        return self._inject("reorder", when, also_fifo=also_fifo)


def _told(error: ValidationError) -> str:
    """What is wrong with a fault: its fields by their names, and what was given."""
    return "; ".join(
        f"{'.'.join(str(part) for part in each['loc'][1:]) or 'fault'}: {each['msg']}"
        f" (got {str(each['input'])[:80]!r})"
        for each in error.errors(include_url=False)
    )
