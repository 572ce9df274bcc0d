"""The senders in the simulation: the schedule, the answers' meaning and the retries are those of
the live ones; only Locust is not there.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import orjson
from starlette.datastructures import Headers

from loadtests.answers import is_worth_repeating, outcome_of, retry_after_s
from loadtests.emails import email_about, headers_of
from loadtests.schedule import Attempt, Schedule
from loadtests.sim.api import API_KEY, Answer, Post
from loadtests.sim.ledgers import Ledgers
from loadtests.sim.network import Outcome, Route
from loadtests.sim.scheduler import Handle, Process
from scenarios.arrivals import Person

CONNECT_TIMEOUT_S = 5.0
_ERRORS: dict[str, type[OSError]] = {
    "refused": ConnectionRefusedError,
    "reset": ConnectionResetError,
    "unreachable": TimeoutError,
    "timeout": TimeoutError,
}


@dataclass(frozen=True)
class NoAnswer:
    """In place of an answer; as Locust shows it."""

    error: OSError
    status_code: int = 0
    headers: dict[str, str] = field(default_factory=dict)


class Senders:
    """All senders of one load; none waits for another."""

    def __init__(
        self,
        process: Process,
        route: Route,
        ledgers: Ledgers,
        *,
        schedule: Schedule,
        people: list[Person],
        timeout_s: float,
        done: Callable[[], None],
    ) -> None:
        """`done` is called when nothing is left to be sent, nor under way."""
        self._process = process
        self._route = route
        self._ledgers = ledgers
        self._schedule = schedule
        self._people = people
        self._timeout_s = timeout_s
        self._done = done
        self._start_s = process.clock.now_s()
        self._armed: Handle | None = None
        self._armed_for_s: float | None = None
        self._arm()

    def _arm(self) -> None:
        """See to it that the next attempt is made when it is due."""
        due_s = self._schedule.next_due_s()
        if due_s == self._armed_for_s:
            return
        if self._armed is not None:
            self._armed.cancel()
        self._armed, self._armed_for_s = None, due_s
        if due_s is not None:
            at_s = max(self._start_s + due_s, self._process.clock.now_s())
            self._armed = self._process.call_at(at_s, self._take)

    def _take(self) -> None:
        self._route.threads.spawn(partial(self._send, self._schedule.take()))
        self._armed = self._armed_for_s = None
        self._arm()

    def _send(self, attempt: Attempt) -> None:
        arrival = attempt.arrival
        event = {"key": arrival.key, "attempt": attempt.attempt, "group": arrival.group}
        self._record(kind="invoke", intended_s=self._start_s + attempt.due_s, **event)
        headers = headers_of(arrival, API_KEY)
        raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        person = self._people[arrival.number % len(self._people)]
        post = Post(Headers(raw=raw), orjson.dumps(email_about(person, arrival)))
        response = _response(
            self._route.call(post, connect_timeout_s=CONNECT_TIMEOUT_S, timeout_s=self._timeout_s)
        )
        kind, code = outcome_of(response)
        email_id = response.email_id if isinstance(response, Answer) else None
        status = response.status_code or None
        self._record(kind=kind, status=status, code=code, email_id=email_id, **event)
        if is_worth_repeating(kind, code):
            now_s = self._process.clock.now_s() - self._start_s
            self._schedule.retry(attempt, now_s, retry_after_s(response.headers))
        self._schedule.finish()
        self._arm()
        if self._schedule.exhausted:
            self._done()

    def _record(self, **row: object) -> None:
        self._ledgers.write("sender", {"at_s": self._process.clock.now_s(), **row})


def _response(outcome: Outcome) -> Answer | NoAnswer:
    if outcome.kind == "answer":
        answer: Answer = outcome.value
        return answer
    return NoAnswer(_ERRORS[outcome.kind]())
