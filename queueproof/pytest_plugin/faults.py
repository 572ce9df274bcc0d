"""Faults of SQS that a test injects, and the count of what they broke."""

import json
import time
import urllib.error
import urllib.request
from http.client import HTTPException
from types import TracebackType
from typing import Any, Literal, Self, TypedDict, Unpack
from urllib.parse import quote

from pydantic import TypeAdapter, ValidationError

from reference.cloud.sqs.faults import Action, Fault

TIMEOUT_S = 5.0
POLL_S = 0.02
_FAULT: TypeAdapter[Any] = TypeAdapter(Fault)


class FaultError(ValueError):
    """A fault that cannot be injected; the message says what to mend."""


class When(TypedDict, total=False):
    """When a fault fires, and what it is called. All of it may be left out."""

    nth_call: int  # only the nth call that it could meet, counted from the injection
    probability: float  # of each call that it could meet
    start_s: float  # since the injection
    end_s: float
    queue: str  # by name; left out: any
    label: str  # in messages and evidence
    may_stay_silent: bool  # do not fail the test when it never fired


class InjectedFault:
    """One fault in force. As a context manager it heals at the block's end."""

    def __init__(self, faults: "Faults", label: str, *, may_stay_silent: bool) -> None:
        self._faults = faults
        self.label = label
        self.may_stay_silent = may_stay_silent

    @property
    def fired(self) -> int:
        """How many calls it broke so far."""
        return self._faults.fired_counts().get(self.label, 0)

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
        self._faults.end(self.label)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.heal()


class Faults:
    """Breaks calls to one local SQS. `actions` are SQS's own names; none named: all."""

    def __init__(self, endpoint_url: str) -> None:
        self._endpoint_url = endpoint_url
        self.injected: list[InjectedFault] = []

    def refuse(
        self,
        *actions: Action,
        error: Literal["InternalFailure", "ServiceUnavailable", "throttle", "AccessDenied"] = (
            "InternalFailure"
        ),
        **when: Unpack[When],
    ) -> InjectedFault:
        """SQS answers an error and does nothing."""
        return self._inject("refuse", actions, when, error=error)

    def lose_answer(
        self,
        *actions: Action,
        how: Literal["reset", "timeout"] = "reset",
        **when: Unpack[When],
    ) -> InjectedFault:
        """SQS does what was asked, and the answer never arrives."""
        return self._inject("lose-answer", actions, when, how=how)

    def outage(self, *actions: Action, **when: Unpack[When]) -> InjectedFault:
        """SQS aborts the connection and does nothing."""
        return self._inject("outage", actions, when)

    def delay(self, *actions: Action, delay_s: float, **when: Unpack[When]) -> InjectedFault:
        """SQS does it, and answers, so much later."""
        return self._inject("delay", actions, when, delay_s=delay_s)

    def slow_body(self, *actions: Action, body_s: float, **when: Unpack[When]) -> InjectedFault:
        """SQS does it at once; the answer trickles in over `body_s`."""
        return self._inject("slow-body", actions, when, body_s=body_s)

    def half_batch(self, *actions: Action, **when: Unpack[When]) -> InjectedFault:
        """SQS answers 200 to a batch, and every second entry has failed."""
        return self._inject("half-batch", actions, when)

    def wrong_md5(self, *actions: Action, **when: Unpack[When]) -> InjectedFault:
        """The digest in the answer is not that of the message."""
        return self._inject("wrong-md5", actions, when)

    def empty_receive(self, **when: Unpack[When]) -> InjectedFault:
        """A receive finds nothing, though messages wait."""
        return self._inject("empty-receive", (), when)

    def early_expiry(self, *, visibility_s: int = 0, **when: Unpack[When]) -> InjectedFault:
        """Received messages come back after `visibility_s`: the work took longer than allowed."""
        return self._inject("early-expiry", (), when, visibility_s=visibility_s)

    def duplicate(self, *, also_fifo: bool = False, **when: Unpack[When]) -> InjectedFault:
        """A standard queue ignores the first delete, so that the messages come again."""
        return self._inject("duplicate", (), when, also_fifo=also_fifo)

    def reorder(self, *, also_fifo: bool = False, **when: Unpack[When]) -> InjectedFault:
        """A standard queue returns any of the next messages, in any order."""
        return self._inject("reorder", (), when, also_fifo=also_fifo)

    def fired_counts(self) -> dict[str, int]:
        """How many calls each fault broke, by label."""
        counts: dict[str, int] = self._ask("GET", "")["fired"]
        return counts

    def silent(self) -> list[str]:
        """The labels of faults that never fired, though they had to."""
        if not self.injected:
            return []
        fired = self.fired_counts()
        return [
            each.label
            for each in self.injected
            if not each.may_stay_silent and not fired.get(each.label)
        ]

    def end(self, label: str) -> None:
        """End one fault now. Raises FaultError when there is none of that label."""
        self._ask("DELETE", f"/{quote(label, safe='')}")

    def heal(self) -> None:
        """End all faults now; their counts stay."""
        for each in self.injected:
            each.heal()

    def forget(self) -> None:
        """End all faults, with their counts: the test is over."""
        self._ask("DELETE", "")

    def _inject(
        self, kind: str, actions: tuple[Action, ...], when: When, **options: object
    ) -> InjectedFault:
        label = when.get("label") or f"{kind}-{len(self.injected) + 1}"
        conditions = {
            name: value for name, value in when.items() if name not in {"label", "may_stay_silent"}
        }
        fault = {"kind": kind, "label": label, "actions": actions, **conditions, **options}
        try:
            checked = _FAULT.validate_python(fault)
        except ValidationError as error:
            raise FaultError(_told(kind, error)) from None
        self._ask("POST", "", {"faults": [checked.model_dump(mode="json", exclude_none=True)]})
        injected = InjectedFault(self, label, may_stay_silent=when.get("may_stay_silent", False))
        self.injected.append(injected)
        return injected

    def _ask(self, method: str, path: str, value: object = None) -> dict[str, Any]:
        request = urllib.request.Request(  # noqa: S310 - the endpoint is our own local SQS
            f"{self._endpoint_url}/_admin/faults{path}",
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
            raise FaultError(reason) from None
        except (OSError, HTTPException) as error:
            raise FaultError(f"the local SQS did not take the fault: {error}") from error
        return told


def _told(kind: str, error: ValidationError) -> str:
    """What is wrong with a fault: its fields by their names, and what was given."""
    problems = [
        f"{'.'.join(str(part) for part in each['loc'][1:]) or 'fault'}: {each['msg']}"
        f" (got {str(each['input'])[:80]!r})"
        for each in error.errors(include_url=False)
    ]
    return f"faults.{kind.replace('-', '_')}: {'; '.join(problems)}"
