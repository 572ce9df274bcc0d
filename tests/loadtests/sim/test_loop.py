"""The loop of a simulated process: what is left of it once the process is dead."""

import asyncio

from loadtests.sim.loop import ProcessLoop
from loadtests.sim.scheduler import Process, Scheduler
from reference.clock import VirtualClock


def test_what_a_dead_process_left_unfinished_ends_on_its_own_loop_and_does_nothing_more():
    scheduler = Scheduler(VirtualClock())
    process, other = Process(scheduler, "api"), Process(scheduler, "sqs")
    loop, _ = ProcessLoop(process), ProcessLoop(other)
    ended_on, done = [], []

    async def clean_up_after_itself():
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            ended_on.append(asyncio.get_running_loop())
            asyncio.get_running_loop().call_soon(done.append, "something")

    loop.run(clean_up_after_itself())
    scheduler.run(deadline_s=1.0)
    process.kill()
    other.call_soon(done.append, "of the other")
    scheduler.run(deadline_s=2.0)
    assert ended_on == []
    loop.bury()
    scheduler.run(deadline_s=3.0)
    assert ended_on == [loop]
    assert done == ["of the other"]
