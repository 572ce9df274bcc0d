"""What the sender concludes from a sequence of attempts, against the rule in one line."""

import threading

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reference.api.metrics import Metrics
from reference.api.routing import OneQueue
from reference.api.sending import QueueSender, SendFailedError
from reference.clock import MonotonicClock, VirtualClock
from reference.errors import QueueError

OUTCOMES = st.sampled_from(["ok", "refused", "lost", "hopeless", "false-md5"])
ERRORS = {
    "refused": QueueError("RequestThrottled", is_definite=True, is_transient=True),
    "lost": QueueError("ReadTimeoutError", is_definite=False, is_transient=True),
    "hopeless": QueueError("AccessDenied", is_definite=True, is_transient=False),
    "false-md5": QueueError("Md5Mismatch", is_definite=False, is_transient=False),
}


class ScriptedQueue:
    def __init__(self, script):
        self.script = iter(script)
        self.attempts = []

    def send(self, *, body, group, dedup_id):
        self.attempts.append(next(self.script))
        if self.attempts[-1] in ERRORS:
            raise ERRORS[self.attempts[-1]]
        return "message-1"

    def check(self):
        """Not asked here."""


def outcome(queue, **options):
    limits = {"threads": 2, "line_max": 8, "attempts_max": 3, "deadline_s": 5.0, **options}

    async def go():
        sender = QueueSender(OneQueue(queue), Metrics(), MonotonicClock(), **limits)
        try:
            await sender.send(body="b", group="g", email_id="em_1")
        except SendFailedError as error:
            return "not-sent" if error.is_definite else "unknown"
        return "confirmed"

    return anyio.run(go)


@settings(max_examples=40)
@given(st.lists(OUTCOMES, min_size=3, max_size=3))
def test_the_conclusion_follows_from_the_attempts_made(script):
    queue = ScriptedQueue(script)
    concluded = outcome(queue)
    made = queue.attempts
    if made[-1] == "ok":
        assert concluded == "confirmed"
    elif any(attempt in ("lost", "false-md5") for attempt in made):
        assert concluded == "unknown"
    else:
        assert concluded == "not-sent"
    stops = [n for n, attempt in enumerate(script) if attempt not in ("refused", "lost")]
    assert len(made) == (stops[0] + 1 if stops else 3)


def test_no_attempt_begins_after_the_deadline():
    queue = ScriptedQueue(["lost"] * 100)
    assert outcome(queue, attempts_max=100, deadline_s=0.2) == "unknown"
    assert len(queue.attempts) < 100


@pytest.mark.parametrize("batch_max", [1, 10])
def test_a_later_attempt_waits_only_for_what_is_left_of_the_deadline(batch_max):
    """Its own first attempt has used most of the time when another request takes the thread."""
    deadline_s, clock = 60.0, VirtualClock()
    begun, waits, taken, release = (threading.Event() for _ in range(4))

    class Stuck:
        keeps_order = True

        def send(self, *, body, group, dedup_id):
            if group == "first":
                begun.set()
                assert waits.wait(10)
                clock.advance(deadline_s - 0.3)
                raise ERRORS["refused"]
            taken.set()
            assert release.wait(10)

        def send_batch(self, messages):
            for each in messages:
                self.send(body=each.body, group=each.group, dedup_id=each.dedup_id)
            return {}

        def check(self):
            """Not asked here."""

    async def go():
        sender = QueueSender(
            OneQueue(Stuck()),
            Metrics(),
            clock,
            threads=1,
            line_max=8,
            attempts_max=3,
            deadline_s=deadline_s,
            batch_max=batch_max,
        )
        failures = []

        async def send(group):
            try:
                await sender.send(body="b", group=group, email_id=f"em_{group}")
            except SendFailedError as error:
                failures.append((group, error.code))

        async with anyio.create_task_group() as group:
            group.start_soon(send, "first")
            await anyio.to_thread.run_sync(begun.wait, 10)
            group.start_soon(send, "second")
            await anyio.wait_all_tasks_blocked()
            waits.set()
            await anyio.to_thread.run_sync(taken.wait, 10)
            with anyio.move_on_after(5):
                while not failures:
                    await anyio.sleep(0.01)
            release.set()
        return failures

    assert anyio.run(go) == [("first", "NoFreeThread")]


def test_no_attempt_begins_when_finding_the_way_took_all_the_time():
    clock, queue = VirtualClock(), ScriptedQueue(["ok"])

    class Slow(OneQueue):
        async def way_of(self, **message):
            clock.advance(5.0)
            return await super().way_of(**message)

    async def go():
        sender = QueueSender(
            Slow(queue), Metrics(), clock, threads=1, line_max=8, attempts_max=3, deadline_s=5.0
        )
        with pytest.raises(SendFailedError) as caught:
            await sender.send(body="b", group="g", email_id="em_1")
        return caught.value

    error = anyio.run(go)
    assert (error.code, error.is_definite) == ("DeadlinePassed", True)
    assert queue.attempts == []


def test_a_request_that_finds_no_thread_is_certainly_not_sent():
    """An outage holds the only thread; the next request must not queue up behind it."""
    held, release = threading.Event(), threading.Event()

    class Stuck(ScriptedQueue):
        def send(self, **message):
            held.set()
            assert release.wait(10)
            return super().send(**message)

    queue = Stuck(["ok"])

    async def go():
        sender = QueueSender(
            OneQueue(queue),
            Metrics(),
            MonotonicClock(),
            threads=1,
            line_max=1,
            attempts_max=3,
            deadline_s=0.05,
        )
        async with anyio.create_task_group() as group:
            group.start_soon(lambda: sender.send(body="b", group="g", email_id="em_1"))
            await anyio.to_thread.run_sync(held.wait)
            with pytest.raises(SendFailedError) as caught:
                await sender.send(body="b", group="g", email_id="em_2")
            release.set()
        return caught.value

    error = anyio.run(go)
    assert (error.code, error.is_definite) == ("NoFreeThread", True)
    assert len(queue.attempts) == 1


def test_a_request_that_finds_the_line_full_is_refused_at_once():
    """A backlog must not grow until every answer comes after its sender has gone."""
    held, release = threading.Event(), threading.Event()

    class Stuck(ScriptedQueue):
        def send(self, **message):
            held.set()
            assert release.wait(10)
            return super().send(**message)

    queue = Stuck(["ok"] * 3)

    async def go():
        sender = QueueSender(
            OneQueue(queue),
            Metrics(),
            MonotonicClock(),
            threads=1,
            line_max=2,
            attempts_max=3,
            deadline_s=60.0,
        )

        async def send(email_id):
            await sender.send(body="b", group="g", email_id=email_id)

        async with anyio.create_task_group() as group:
            group.start_soon(send, "em_1")
            await anyio.to_thread.run_sync(held.wait)
            group.start_soon(send, "em_2")
            group.start_soon(send, "em_3")
            await anyio.sleep(0)
            await anyio.sleep(0)
            with pytest.raises(SendFailedError) as caught:
                await sender.send(body="b", group="g", email_id="em_4")
            release.set()
        return caught.value

    error = anyio.run(go)
    assert (error.code, error.is_definite) == ("LineFull", True)
    assert len(queue.attempts) == 3


class BatchQueue:
    """Refuses a batch with a spoilt message as a whole."""

    keeps_order = True

    def __init__(self):
        self.calls = []

    def send_batch(self, messages):
        self.calls.append([each.group for each in messages])
        if "spoilt" in self.calls[-1]:
            raise ERRORS["hopeless"]
        return {}

    def check(self):
        """Not asked here."""


def test_in_a_batch_with_a_moved_group_a_spoilt_message_still_fails_alone():
    queue, asked = BatchQueue(), []

    def is_open_the_third_time():
        asked.append("moved")
        return len(asked) > 2

    class Moving(OneQueue):
        async def way_of(self, *, group, email_id):
            way = await super().way_of(group=group, email_id=email_id)
            return way._replace(is_open=is_open_the_third_time) if group == "moved" else way

    async def go():
        sender = QueueSender(
            Moving(queue),
            Metrics(),
            MonotonicClock(),
            threads=1,
            line_max=8,
            attempts_max=3,
            deadline_s=5.0,
            batch_max=10,
        )
        failures = []

        async def send(group):
            try:
                await sender.send(body="b", group=group, email_id=f"em_{group}")
            except SendFailedError as error:
                failures.append((group, error.code))

        async with anyio.create_task_group() as group:
            for name in ("moved", "spoilt", "innocent"):
                group.start_soon(send, name)
        return failures

    assert anyio.run(go) == [("spoilt", "AccessDenied")]
    assert queue.calls == [["spoilt", "innocent"], ["spoilt"], ["innocent"], ["moved"]]


def test_a_batch_that_finds_no_thread_since_another_queue_has_them_is_certainly_not_sent():
    held, release = threading.Event(), threading.Event()

    class Stuck(BatchQueue):
        def send_batch(self, messages):
            held.set()
            assert release.wait(10)
            return super().send_batch(messages)

    queues = {"stuck": Stuck(), "other": BatchQueue()}

    class Two(OneQueue):
        queue_count = 2

        async def way_of(self, *, group, email_id):
            return await OneQueue(queues[group]).way_of(group=group, email_id=email_id)

    async def go():
        sender = QueueSender(
            Two(queues["stuck"]),
            Metrics(),
            MonotonicClock(),
            threads=1,
            line_max=8,
            attempts_max=1,
            deadline_s=0.2,
            batch_max=10,
        )
        code = None
        async with anyio.create_task_group() as group:
            group.start_soon(lambda: sender.send(body="b", group="stuck", email_id="em_1"))
            await anyio.to_thread.run_sync(held.wait, 10)
            with anyio.move_on_after(3):
                try:
                    await sender.send(body="b", group="other", email_id="em_2")
                except SendFailedError as error:
                    code = error.code
            release.set()
        return code

    assert anyio.run(go) == "NoFreeThread"
    assert queues["other"].calls == []
