"""The sender's history, as your test saw it: every attempt has an `invoke` and one end."""

import json
import re
import secrets
import time
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from http.client import HTTPException
from threading import Lock
from types import SimpleNamespace
from typing import Any, Literal

from loadtests.answers import outcome_of
from queueproof.pytest_plugin.identities import Row, bare_id

ACCEPTED = frozenset({200, 201, 202})
Kind = Literal["ok", "fail", "info"]

_KEY = re.compile(r"[A-Za-z0-9_.:/+=-]{1,128}")
# HTTP libraries whose errors are no OSError; they are known by name, not imported.
_CLIENT_ERRORS = frozenset(
    {
        ("httpx", "TransportError"),
        ("urllib3", "HTTPError"),
        ("aiohttp", "ClientError"),
        ("botocore", "HTTPClientError"),
    }
)


@dataclass(frozen=True)
class Answer:
    """How an email's last attempt ended."""

    key: str
    kind: Kind
    attempts: int
    status: int | None = None  # HTTP status; None: no answer
    email_id: str | None = None  # as the service named it
    response: Any = field(default=None, repr=False)  # it may hold personal data
    error: BaseException | None = field(default=None, repr=False)  # why there was no answer


class Ledger:
    """What senders saw. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._attempts: Counter[str] = Counter()
        self._sender: list[Row] = []
        self._delivered: list[Row] = []
        self.records_deliveries = False  # somebody called `delivered`

    def new_key(self, prefix: str = "mail") -> str:
        """A key that nobody used before."""
        return f"{prefix}-{secrets.token_hex(6)}"

    def invoke(self, key: str, *, group: str | None = None) -> int:
        """An attempt to send begins. Returns its number, from 1.

        `group` is the message group in which you expect order. Raises ValueError for a key that
        could be personal data, or would not be found again.
        """
        _check_key(key)
        with self._lock:
            self._attempts[key] += 1
            attempt = self._attempts[key]
            self._write("invoke", key, attempt, group=group)
        return attempt

    def ok(
        self,
        key: str,
        email_id: str | None = None,
        *,
        status: int = 202,
        attempt: int | None = None,
    ) -> None:
        """It was accepted; from now on it must not be lost.

        `attempt` is the number that `invoke` gave, when several of one key are under way at once;
        left out, the latest.
        """
        named = None if email_id is None else bare_id(email_id)
        self._end("ok", key, attempt, status=status, email_id=named)

    def fail(
        self,
        key: str,
        *,
        status: int | None = None,
        code: str | None = None,
        attempt: int | None = None,
    ) -> None:
        """It was certainly not done, and the sender knows it."""
        self._end("fail", key, attempt, status=status, code=code)

    def info(
        self,
        key: str,
        *,
        status: int | None = None,
        code: str | None = None,
        attempt: int | None = None,
    ) -> None:
        """Nobody can know: no answer, or a 5xx."""
        self._end("info", key, attempt, status=status, code=code)

    def delivered(self, key: str, email_id: str | None = None) -> None:
        """The work was done, in a service whose work is not an email to `mail_sink`."""
        self.records_deliveries = True
        row: Row = {"at_s": time.monotonic(), "key": key, "email_id": email_id}
        self._delivered.append(row)

    def send(
        self,
        call: Callable[[], Any],
        *,
        key: str,
        group: str | None = None,
        attempts_max: int = 1,
        pause_s: float = 0.05,
        accepted: Collection[int] = ACCEPTED,
        id_of: Callable[[Any], str | None] | None = None,
    ) -> Answer:
        """Call your service, and write down what can be concluded from its answer.

        `call` returns a response with a `status_code`, or raises as HTTP clients do. A status in
        `accepted` is ok, any other below 500 fail, and the rest unknown. Unknown and refused
        connections are tried again, `attempts_max` times in all, `pause_s` apart.
        `id_of(response)` is the email's id in an accepted answer; by default `id` of its JSON.
        An exception that is no network's is recorded as unknown and raised.
        """
        read_id = id_of or _id_in_json
        for tries_left in reversed(range(max(attempts_max, 1))):
            answer = self._attempt(call, key, group, accepted, read_id)
            is_unknown = answer.kind == "info" or answer.status in {None, 429}
            if answer.kind == "ok" or not is_unknown or not tries_left:
                break
            time.sleep(pause_s)
        return answer

    def _attempt(
        self,
        call: Callable[[], Any],
        key: str,
        group: str | None,
        accepted: Collection[int],
        read_id: Callable[[Any], str | None],
    ) -> Answer:
        attempt = self.invoke(key, group=group)
        try:
            response = call()
        except Exception as error:
            kind, code = outcome_of(SimpleNamespace(status_code=0, error=_root(error)))
            self._end(kind, key, attempt, code=code)
            if not _is_of_network(error):
                raise
            return Answer(key, _kind(kind), attempt, error=error)
        status = int(response.status_code)
        if status in accepted:
            email_id = read_id(response)
            self.ok(key, email_id, status=status, attempt=attempt)
            return Answer(key, "ok", attempt, status, email_id, response)
        # Anything that is neither accepted nor an error, such as a redirect, is not known.
        kind, code = outcome_of(SimpleNamespace(status_code=status if status >= 400 else 500))
        self._end(kind, key, attempt, status=status, code=f"HTTP {status}")
        return Answer(key, _kind(kind), attempt, status, None, response)

    @property
    def sender_rows(self) -> list[Row]:
        """All attempts so far, as rows of the `sender` ledger."""
        with self._lock:
            return list(self._sender)

    @property
    def delivered_rows(self) -> list[Row]:
        """What `delivered` was told, as rows of the `sink` ledger."""
        return list(self._delivered)

    def _end(self, kind: str, key: str, attempt: int | None, **seen: object) -> None:
        with self._lock:
            latest = self._attempts[key]
            if not latest:
                raise ValueError(f"ledger.{kind}({key!r}): no attempt was begun; call invoke first")
            self._write(kind, key, attempt or latest, **seen)

    def _write(self, kind: str, key: str, attempt: int, **seen: object) -> None:
        row = {"at_s": time.monotonic(), "kind": kind, "key": key, "attempt": attempt, **seen}
        self._sender.append(row)


def _check_key(key: str) -> None:
    if not _KEY.fullmatch(key):
        raise ValueError(
            f"a key has 1 to 128 letters, digits and _.:/+=- ; this one of {len(key)} characters "
            "has others. Keys stand in evidence and messages: an address or a name must not be one"
        )


def _kind(kind: str) -> Kind:
    assert kind in {"ok", "fail", "info"}
    return kind  # type: ignore[return-value]


def _root(error: BaseException) -> BaseException:
    """The refused connection behind a client library's error, or the error itself."""
    seen: list[BaseException] = []
    left: list[object] = [error]
    while left and len(seen) < 20:
        each = left.pop()
        if not isinstance(each, BaseException) or each in seen:
            continue
        if isinstance(each, ConnectionRefusedError):
            return each
        seen.append(each)
        left += [each.__cause__, each.__context__, getattr(each, "reason", None), *each.args]
    return error


def _is_of_network(error: Exception) -> bool:
    kinds = {(kind.__module__.partition(".")[0], kind.__name__) for kind in type(error).__mro__}
    return isinstance(error, OSError | HTTPException) or bool(kinds & _CLIENT_ERRORS)


def _id_in_json(response: Any) -> str | None:
    """`id` of the answer's JSON object; responses of test clients differ in how they give it."""
    try:
        body = response.json
        body = body() if callable(body) else body
        body = json.loads(body) if isinstance(body, str | bytes) else body
        return None if body["id"] is None else str(body["id"])
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
