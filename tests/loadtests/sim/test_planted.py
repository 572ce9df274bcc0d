"""Planted bugs in API and worker: each is found within some seeds, and told as a short story.

The healthy reference under as many seeds is blamed for nothing.
"""

import asyncio
import contextlib
import random
from dataclasses import replace
from unittest.mock import patch

import pytest

from loadtests.sim import api
from loadtests.sim.api import reference_intake
from loadtests.sim.campaign import run_campaign
from loadtests.sim.shrink import shrunk
from loadtests.sim.story import LINES_MAX, told
from loadtests.sim.trial import try_plan
from loadtests.sim.worker import reference_worker
from loadtests.sim.world import Twin
from reference.api import intake, sending
from reference.api.batching import Batcher
from reference.api.sending import QueueSender, SendFailedError
from reference.errors import ProviderError, transient_refusal
from reference.providers.failover import Failover
from reference.worker import loop
from reference.worker.courier import Courier
from reference.worker.custody import Custody, GroupRun
from reference.worker.decide import Delete
from reference.worker.ledger.memory import MemoryLedger
from reference.worker.ledger.port import Outcome
from reference.worker.outbox import Outbox
from scenarios.faults import HalfBatch, ProcessFault, SlowProvider

SEEDS = 40


def worker_with(**parts):
    """The worker, put together with other parts in place of those that its loop names."""

    def make(found):
        with patch.multiple(loop, **parts):
            return reference_worker(found)

    return Twin(make_worker=make)


def sender(kind):
    """The API with another sender."""

    def make(*found):
        with patch.object(api, "QueueSender", kind):
            return reference_intake(*found)

    return Twin(make_intake=make)


class DeletesFirst(Courier):
    """Deletes the message, and then sends the email."""

    def _send(self, held, queued, visible_in_s):
        run = next(run for run in self._custody.runs() if held in run.messages)
        self._deleter.submit(run, held, "early").done.wait(5)
        return super()._send(held, queued, visible_in_s)


class DeletesFailed(Courier):
    """Takes a provider's error for the end of the matter."""

    def _send(self, held, queued, visible_in_s):
        super()._send(held, queued, visible_in_s)
        return Delete("done")


class Forgets(MemoryLedger):
    """Does not know what was sent."""

    def settle(self, claim, outcome):
        del outcome
        super().settle(claim, Outcome.NOT_SENT)


def worker_that_forgets():
    def make(found):
        return reference_worker(replace(found, ledger=Forgets(found.clock)))

    return Twin(make_worker=make)


class GoesOn(Courier):
    """Goes on with the group behind an email that is yet to be sent."""

    def deliver(self, run):
        for held in list(run.messages):
            alone = GroupRun([held], run.visible_at_s, run.lock)
            super().deliver(alone)
            self._custody.drop(run, [held])


class SplitsGroups(Custody):
    """Makes each message a run of its own, so that several threads send one group."""

    def take(self, messages, visible_at_s):
        return [run for held in messages for run in Custody.take(self, [held], visible_at_s)]


class SendsBesideItself(Outbox):
    """Relies on the ledger's lease alone, also against itself."""

    def send(self, held, queued, *, lease_s):
        return self._claim_and_send(held, queued, lease_s)


class Hasty(Failover):
    """Asks the next provider also after an unknown outcome."""

    def _attempt(self, *found):
        try:
            return super()._attempt(*found)
        except ProviderError as error:
            raise transient_refusal(error.code) from error


class EarlySender(QueueSender):
    """Confirms, and then writes."""

    async def send(self, **message):
        asyncio.get_running_loop().create_task(self._write(message))

    async def _write(self, message):
        with contextlib.suppress(SendFailedError):
            await super().send(**message)


class SilentSender(QueueSender):
    """Tells nobody that a write has failed."""

    async def send(self, **message):
        with contextlib.suppress(SendFailedError):
            await super().send(**message)


class SureSender(QueueSender):
    """Takes an answer that did not come for a refusal."""

    async def send(self, **message):
        try:
            await super().send(**message)
        except SendFailedError as error:
            raise intake.problems.key_reused() from error


class OneIdSender(QueueSender):
    """Takes a few digits of the id for the deduplication id."""

    async def send(self, *, body, group, email_id):
        await super().send(body=body, group=group, email_id=f"{email_id[:4]}{'0' * 31}")


class DeafBatcher(Batcher):
    """Takes the answer to a batch for the answer to each of its entries."""

    def __init__(self, call, **limits):
        async def call_without_a_word(items):
            await call(items)
            return {}

        super().__init__(call_without_a_word, **limits)


class CrossedBatcher(Batcher):
    """Tells each request what came of another one's entry."""

    def __init__(self, call, **limits):
        async def call_backwards(items):
            failures = await call(items)
            return {len(items) - 1 - position: error for position, error in failures.items()}

        super().__init__(call_backwards, **limits)


def batcher(kind):
    """The API with another batcher, which its sender makes when the first message comes."""

    class Sender(QueueSender):
        def _batcher(self, queue):
            with patch.object(sending, "Batcher", kind):
                return super()._batcher(queue)

    return sender(Sender)


def fresh_ids():
    """The API gives every request an id of its own, whatever its key."""

    def make(*found):
        made = reference_intake(*found)
        identify = made.identify

        def identify_anew(headers):
            return identify(headers)._replace(email_id=f"em_{random.getrandbits(128):032x}")

        made.identify = identify_anew
        return made

    return Twin(make_intake=make)


# A worker that stands still for longer than its lease lasts, in the midst of a still longer call.
STANDS_STILL = {
    "storm": None,
    "faults": [
        SlowProvider(
            label="slow",
            at="provider",
            kind="slow",
            delay_s=8,
            probability=0.5,
            start_s=2,
            end_s=50,
        ),
        *(
            ProcessFault(
                label=f"still-{n}",
                at="process",
                kind="pause",
                component="worker",
                start_s=12.0 * n,
                down_s=5.0,
            )
            for n in (1, 2, 3)
        ),
    ],
}
# Batches of which SQS takes only a part, which a storm never makes of sends.
HALF_SENT = HalfBatch(
    label="half-sent", kind="half-batch", actions=["SendMessageBatch"], probability=0.5
)
BATCHED = {"configuration": "fifo-batched"}
# The twin, the set that it brings emails into, and what of the scenario has to be otherwise.
PLANTED = {
    "delete before send": (worker_with(Courier=DeletesFirst), "lost"),
    "ack on exception": (worker_with(Courier=DeletesFailed), "lost"),
    "what was sent is not remembered": (worker_that_forgets(), "duplicated"),
    "the group goes on behind a failure": (worker_with(Courier=GoesOn), "reordered"),
    "a group sent in parallel": (worker_with(Custody=SplitsGroups), "reordered"),
    "an email sent twice at a time": (
        worker_with(Outbox=SendsBesideItself),
        "duplicated",
        STANDS_STILL,
    ),
    "failover after an unknown outcome": (worker_with(Failover=Hasty), "duplicated"),
    "202 before the write": (sender(EarlySender), "false_ack"),
    "a failed write gets 202": (sender(SilentSender), "lost"),
    "an unknown outcome called a refusal": (sender(SureSender), "false_ack"),
    "a short deduplication id": (sender(OneIdSender), "lost"),
    "a retry with another deduplication id": (fresh_ids(), "duplicated"),
    "202 for an entry that failed": (
        batcher(DeafBatcher),
        "lost",
        BATCHED | {"storm": None, "faults": [HALF_SENT]},
    ),
    "an answer for another request": (
        batcher(CrossedBatcher),
        "lost",
        BATCHED | {"storm": None, "faults": [HALF_SENT]},
    ),
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_bug_is_found_and_told_as_a_short_story(storm, try_seed, name):
    twin, kind, *changes = PLANTED[name]
    scenario = storm.model_copy(update=changes[0]) if changes else storm
    trials = (try_seed(scenario, seed, twin) for seed in range(1, SEEDS + 1))
    failing = next((trial for trial in trials if kind in trial.sets.offences()), None)
    assert failing is not None, f"not found within {SEEDS} seeds"

    short = shrunk(failing, failing.story.people, twin)

    assert short.offending[0] == failing.offending[0]
    assert len(short.story.plan.arrivals) <= 4
    assert len(short.story.plan.faults) <= 2
    lines = told(short)
    assert len(lines) <= LINES_MAX + 2
    assert short.offending[1] in lines[0]
    again = try_plan(short.story.plan, failing.story.people, twin)
    assert told(again) == lines


@pytest.mark.parametrize("changes", [{}, BATCHED | {"faults": [HALF_SENT]}], ids=["", "batched"])
def test_the_healthy_reference_is_blamed_for_nothing(storm, changes):
    scenario = storm.model_copy(update=changes)
    campaign = run_campaign(scenario, range(1, SEEDS + 1), jobs=1)
    assert (campaign.failing, campaign.doubtful) == ([], [])
    assert campaign.counts["ambiguous"] < campaign.counts["delivered"] / 20
