"""Batches form as they should, and each message hears of itself alone.

SQS is a script in the same event loop, so the tests decide when a call ends.
"""

import asyncio
from collections import defaultdict

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reference.api.batching import Batcher, Item
from reference.errors import QueueError
from reference.sqs_client import Outgoing

THROTTLED = QueueError("RequestThrottled", is_definite=True, is_transient=True)
LOST = QueueError("ReadTimeoutError", is_definite=False, is_transient=True)
REFUSED = QueueError("InvalidMessageContents", is_definite=True, is_transient=False)
LINGER_S = 0.02


class Sqs:
    """Remembers the calls; each waits until it may go on."""

    def __init__(self, fate=lambda body: None, whole=lambda bodies: None):
        self.calls = []
        self.stored = []
        self.open = asyncio.Event()
        self.open.set()
        self._fate = fate
        self._whole = whole

    async def __call__(self, items):
        bodies = [item.message.body for item in items]
        self.calls.append(bodies)
        await self.open.wait()
        if (error := self._whole(bodies)) is not None:
            raise error
        fates = [self._fate(body) for body in bodies]
        self.stored += [body for body, fate in zip(bodies, fates, strict=True) if fate is None]
        return {n: fate for n, fate in enumerate(fates) if fate is not None}


def batcher(sqs, **options):
    defaults = {
        "places": anyio.Semaphore(100),
        "batch_max": 10,
        "linger_s": LINGER_S,
        "calls_max": 8,
        "waiting_max": 1000,
    }
    return Batcher(sqs, **{**defaults, "keeps_order": True, **options})


def item(body, group="g"):
    return Item(Outgoing(body, group, f"em_{body}"), lambda: True)


async def send(batch, each, wait_max_s=5.0):
    await batch.send(each, wait_max_s=wait_max_s)


async def outcome(sending):
    try:
        await sending
    except QueueError as error:
        return error.code
    return "confirmed"


async def send_all(batch, items):
    return await asyncio.gather(*(outcome(send(batch, each)) for each in items))


def groups_of_their_own(count):
    return [item(f"{n:02}", f"g{n}") for n in range(count)]


def test_ten_that_come_together_share_a_call():
    async def go():
        sqs = Sqs()
        assert set(await send_all(batcher(sqs, linger_s=60), groups_of_their_own(30))) == {
            "confirmed"
        }
        assert [len(call) for call in sqs.calls] == [10, 10, 10]

    asyncio.run(go())


def test_one_that_stays_alone_goes_once_it_has_lingered():
    async def go():
        sqs = Sqs()
        began_s = asyncio.get_running_loop().time()
        await send(batcher(sqs), item("a"))
        assert asyncio.get_running_loop().time() - began_s >= LINGER_S * 0.9
        assert sqs.calls == [["a"]]

    asyncio.run(go())


def test_of_a_batch_that_failed_in_part_only_the_stored_ones_are_confirmed():
    fates = {"01": THROTTLED, "02": LOST, "03": REFUSED}

    async def go():
        sqs = Sqs(fate=fates.get)
        outcomes = await send_all(batcher(sqs), groups_of_their_own(6))
        assert outcomes == [
            "confirmed",
            "RequestThrottled",
            "ReadTimeoutError",
            "InvalidMessageContents",
            "confirmed",
            "confirmed",
        ]
        assert sqs.stored == ["00", "04", "05"]

    asyncio.run(go())


def test_one_message_that_spoils_its_batch_fails_alone():
    async def go():
        sqs = Sqs(whole=lambda bodies: REFUSED if "03" in bodies else None)
        outcomes = await send_all(batcher(sqs), groups_of_their_own(5))
        assert outcomes == ["confirmed"] * 3 + ["InvalidMessageContents"] + ["confirmed"]
        assert sqs.stored == ["00", "01", "02", "04"]

    asyncio.run(go())


@pytest.mark.parametrize("error", [THROTTLED, LOST])
def test_a_call_that_failed_for_now_or_whose_answer_is_lost_is_not_repeated_here(error):
    async def go():
        sqs = Sqs(whole=lambda bodies: error)
        assert await send_all(batcher(sqs), groups_of_their_own(4)) == [error.code] * 4
        assert len(sqs.calls) == 1

    asyncio.run(go())


def test_no_batch_is_larger_than_sqs_takes():
    """Bytes count, not characters; and no message is left behind for its size."""

    async def go():
        sqs = Sqs()
        bodies = [chr(0xE9) * 200_000 for _ in range(6)]
        items = [item(body, f"g{n}") for n, body in enumerate(bodies)]
        assert await send_all(batcher(sqs), items) == ["confirmed"] * 6
        assert [sum(len(body.encode()) for body in call) for call in sqs.calls] == [
            800_000,
            800_000,
            800_000,
        ]

    asyncio.run(go())


@pytest.mark.parametrize("calls_max", [1, 2, 8])
def test_as_soon_as_a_call_ends_the_next_begins(calls_max):
    """While messages wait, as many calls are under way as may be."""

    async def go():
        begun, ends = [], asyncio.Semaphore(0)

        async def call(items):
            begun.append(len(items))
            await ends.acquire()
            return {}

        batch = batcher(call, calls_max=calls_max)
        batches = 3 * calls_max
        sends = asyncio.gather(
            *(outcome(send(batch, each, 0.5)) for each in groups_of_their_own(10 * batches))
        )
        for ended in range(batches):
            for _ in range(10):  # turns of the loop, ample for a call to end and another to begin
                await asyncio.sleep(0)
            assert len(begun) == min(calls_max + ended, batches)
            ends.release()
        assert set(await sends) == {"confirmed"}

    asyncio.run(go())


def test_one_call_at_a_time_sends_all_that_wait():
    async def go():
        sqs = Sqs()
        batch = batcher(sqs, calls_max=1)
        outcomes = await asyncio.gather(
            *(outcome(send(batch, each, 0.5)) for each in groups_of_their_own(30))
        )
        assert outcomes == ["confirmed"] * 30
        assert [len(call) for call in sqs.calls] == [10, 10, 10]

    asyncio.run(go())


def test_a_group_has_one_call_under_way_and_others_do_not_wait_for_it():
    async def go():
        sqs = Sqs()
        sqs.open.clear()
        batch = batcher(sqs, linger_s=0)
        sends = [asyncio.create_task(send(batch, item("a1", "a")))]
        await asyncio.sleep(0.01)
        sends += [
            asyncio.create_task(send(batch, each))
            for each in (item("a2", "a"), item("b1", "b"), item("a3", "a"))
        ]
        await asyncio.sleep(0.01)
        assert sqs.calls == [["a1"], ["b1"]]
        sqs.open.set()
        await asyncio.gather(*sends)
        assert sqs.calls == [["a1"], ["b1"], ["a2", "a3"]]

    asyncio.run(go())


def test_of_a_standard_queue_no_message_waits_for_another():
    async def go():
        sqs = Sqs()
        sqs.open.clear()
        batch = batcher(sqs, linger_s=0, keeps_order=False)
        sends = []
        for body in ("a1", "a2"):
            sends.append(asyncio.create_task(send(batch, item(body))))
            await asyncio.sleep(0.01)
        assert sqs.calls == [["a1"], ["a2"]]
        sqs.open.set()
        await asyncio.gather(*sends)

    asyncio.run(go())


def test_what_waits_too_long_is_certainly_not_sent():
    """An outage holds every call; the next request must not queue up behind it."""

    async def go():
        sqs = Sqs()
        sqs.open.clear()
        batch = batcher(sqs, linger_s=0, calls_max=1)
        first = asyncio.create_task(send(batch, item("a", "a")))
        await asyncio.sleep(0.01)
        assert await outcome(send(batch, item("b", "b"), wait_max_s=0.05)) == "NoFreeThread"
        sqs.open.set()
        await first
        await send(batch, item("c", "c"))
        assert sqs.stored == ["a", "c"]

    asyncio.run(go())


def test_a_line_that_is_full_takes_nobody_more():
    async def go():
        sqs = Sqs()
        batch = batcher(sqs, waiting_max=4)
        assert not batch.is_full
        outcomes = await send_all(batch, groups_of_their_own(6))
        assert outcomes == ["confirmed"] * 4 + ["LineFull"] * 2
        assert await outcome(send(batch, item("later"))) == "confirmed"

    asyncio.run(go())


def test_a_request_that_leaves_takes_its_waiting_message_along():
    async def go():
        sqs = Sqs()
        batch = batcher(sqs)
        leaving = asyncio.create_task(send(batch, item("a")))
        staying = asyncio.create_task(send(batch, item("b")))
        await asyncio.sleep(0)
        leaving.cancel()
        await staying
        assert sqs.calls == [["b"]]

    asyncio.run(go())


def test_a_fault_of_our_own_reaches_every_request_of_the_batch():
    async def go():
        async def broken(items):
            raise RuntimeError(f"{len(items)} items")

        batch = batcher(broken)
        sends = (send(batch, each) for each in groups_of_their_own(3))
        found = await asyncio.gather(*sends, return_exceptions=True)
        assert [str(each) for each in found] == ["3 items"] * 3

    asyncio.run(go())


ARRIVALS = st.lists(
    st.tuples(st.sampled_from("abc"), st.sampled_from([0.0, 0.0, 0.001, 0.004]), st.booleans()),
    max_size=40,
)


async def replay(arrivals, **options):
    """Messages come in groups and at times; some calls are slow, and some messages fail."""
    sqs = Sqs(fate=lambda body: THROTTLED if body.endswith("!") else None)
    batch = batcher(sqs, linger_s=0.002, batch_max=3, calls_max=2, **options)
    sends, expected = [], defaultdict(list)
    for number, (group, pause_s, fails) in enumerate(arrivals):
        body = f"{group}{number:03}{'!' if fails else ''}"
        sends.append(asyncio.create_task(outcome(send(batch, item(body, group)))))
        if not fails:
            expected[group].append(body)
        (sqs.open.clear if number % 5 == 1 else sqs.open.set)()
        await asyncio.sleep(pause_s)
    sqs.open.set()
    outcomes = await asyncio.gather(*sends)
    return sqs, outcomes, expected


@settings(max_examples=40)
@given(ARRIVALS)
def test_every_message_is_sent_once_in_its_groups_order_and_hears_of_itself(arrivals):
    sqs, outcomes, expected = asyncio.run(replay(arrivals))
    assert outcomes == ["RequestThrottled" if fails else "confirmed" for _, _, fails in arrivals]
    for group, bodies in expected.items():
        assert [body for body in sqs.stored if body[0] == group] == bodies
    assert sum(len(call) for call in sqs.calls) == len(arrivals)
    assert all(len(call) <= 3 for call in sqs.calls)
