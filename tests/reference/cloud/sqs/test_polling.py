"""What long polls leave behind: nothing, and while they wait one timer a queue."""

import asyncio
import gc
import weakref

import pytest

from reference.clock import MonotonicClock
from reference.cloud.sqs.engine import Engine
from reference.cloud.sqs.message import Outgoing
from reference.cloud.sqs.polling import LongPolls
from reference.cloud.sqs.receives import receive_call


class Bench:
    """An engine whose queues wake long polls."""

    def __init__(self):
        clock = MonotonicClock()
        self.polls = LongPolls(clock)
        self.engine = Engine(clock, on_available=self.polls.wake)
        self.queue = self.engine.create_queue("q")

    def wait(self, wait_s, **params):
        call = receive_call(self.queue, {"WaitTimeSeconds": 20, **params})
        return self.polls.wait(call._replace(wait_s=wait_s))


@pytest.fixture
def bench():
    return Bench()


def test_a_wait_that_ends_empty_leaves_nothing_behind(bench):
    async def live():
        futures = [bench.wait(0.01).future for _ in range(5)]
        gone = [weakref.ref(future) for future in futures]
        assert await asyncio.gather(*futures) == [{}] * 5
        futures.clear()
        await asyncio.sleep(0)
        gc.collect()
        return [future() for future in gone]

    assert asyncio.run(live()) == [None] * 5


def test_a_wait_whose_client_left_leaves_nothing_behind_and_takes_no_message(bench):
    async def live():
        wait = bench.wait(20)
        wait.leave()
        gone = weakref.ref(wait.future)
        del wait
        await asyncio.sleep(0)
        gc.collect()
        bench.queue.send(Outgoing("m", 1))
        await asyncio.sleep(0.01)
        return gone(), bench.queue.depth().visible

    assert asyncio.run(live()) == (None, 1)


def test_a_deleted_queue_is_forgotten_once_its_last_wait_ended(bench):
    async def live():
        future = bench.wait(0.01).future
        bench.engine.delete_queue("q")
        gone, bench.queue = weakref.ref(bench.queue), None
        await future
        del future
        await asyncio.sleep(0)
        gc.collect()
        return gone()

    assert asyncio.run(live()) is None


def test_a_queue_is_watched_by_one_timer_however_many_wait(bench):
    async def live():
        bench.queue.send(Outgoing("m", 1))
        bench.queue.receive(1, visibility_s=10)
        loop = asyncio.get_running_loop()
        timers = []
        call_later = loop.call_later
        loop.call_later = lambda *given: timers.append(given[1]) or call_later(*given)
        waits = [bench.wait(20) for _ in range(50)]
        watches = [run for run in timers if run == bench.polls._look]
        for wait in waits:
            wait.leave()
        return len(watches)

    assert asyncio.run(live()) == 1


def test_the_earliest_of_several_times_wakes_the_waits(bench):
    async def live():
        for timeout_s in (10, 0.05):
            bench.queue.send(Outgoing(f"hidden for {timeout_s} s", 1))
            bench.queue.receive(1, visibility_s=10)
        wait = bench.wait(20)
        # The watch for ten seconds gives way to an earlier one; a later one changes nothing.
        (last,) = [m for m in bench.queue.messages() if m.body == "hidden for 0.05 s"]
        bench.queue._set_timeout(last, 0.05)
        second = bench.wait(20)
        answer = await asyncio.wait_for(wait.future, 5)
        second.leave()
        return answer["Messages"][0]["Body"]

    assert asyncio.run(live()) == "hidden for 0.05 s"


def test_waits_are_answered_in_the_order_in_which_they_came(bench):
    async def live():
        waits = [bench.wait(20) for _ in range(3)]
        waits[0].leave()
        for body in "ab":
            bench.queue.send(Outgoing(body, 1))
        answers = await asyncio.gather(*(wait.future for wait in waits))
        return [[each["Body"] for each in answer.get("Messages", [])] for answer in answers]

    assert asyncio.run(live()) == [[], ["a"], ["b"]]
