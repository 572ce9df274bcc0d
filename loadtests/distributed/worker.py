"""A worker's side: told what to do by the master, one order after the other."""

import os
import shutil
import socket
import sys
import tempfile
import time
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gevent
from gevent.event import Event
from locust.env import Environment
from locust.runners import WorkerRunner

from loadtests.dispatch import Dispatcher
from loadtests.distributed.ledgers import LEDGERS_ENV, chunks
from loadtests.distributed.share import Share
from loadtests.options import TargetError, options_of
from loadtests.schedule import Schedule
from loadtests.users import ScheduledUser
from scenarios.model import ScenarioError

MESSAGE = "queueproof"  # the one kind of message that we add to Locust's own

MakeSchedule = Callable[[Namespace, Share], Schedule]


class WorkerLoad:
    """One worker's part of a load."""

    def __init__(
        self, environment: Environment, runner: WorkerRunner, make_schedule: MakeSchedule
    ) -> None:
        self._environment = environment
        self._runner = runner
        self._make_schedule = make_schedule
        self._schedule: Schedule | None = None
        self._may_go_on = Event()
        shared = os.environ.get(LEDGERS_ENV)
        self._is_gathered = shared is None
        self._scratch = Path(tempfile.mkdtemp(prefix="queueproof-worker-"))
        self._ledgers = Path(shared) if shared else self._scratch
        # In greenlets of their own: a long order must not keep a ping waiting.
        runner.register_message(MESSAGE, self._obey, concurrent=True)

    def prepare(self, options: Namespace) -> None:
        """Users may come now; they wait for the schedule."""
        del options
        ScheduledUser.dispatcher = Dispatcher(self._ledgers, tells_status=False)

    def begin(self) -> None:
        """All users are there. The master says when to start."""

    def _obey(self, environment: Environment, msg: Any, **_: Any) -> None:
        del environment
        order: dict[str, Any] = msg.data
        match order["what"]:
            case "prepare":
                self._prepare_share(order)
            case "ping":
                self._tell("pong", n=order["n"], theirs_s=time.monotonic())
            case "begin":
                self._run(order["start_s"])
            case "more":
                self._may_go_on.set()

    def _tell(self, what: str, **told: Any) -> None:
        self._runner.send_message(MESSAGE, {"what": what, **told})

    def _prepare_share(self, order: dict[str, Any]) -> None:
        options = options_of(self._environment)
        if order["scenario"] is not None:
            # The master's path to it leads nowhere on another host.
            path = self._scratch / "scenario.toml"
            path.write_text(order["scenario"], encoding="utf-8")
            options.scenario = str(path)
        share = Share(order["index"], order["count"])
        try:
            # Inventing people takes seconds, in which the master must not miss our heartbeat.
            threads = gevent.get_hub().threadpool
            self._schedule = threads.apply(self._make_schedule, (options, share))
        except (TargetError, ScenarioError, OSError) as error:
            self._tell("refused", why=str(error))
        else:
            self._tell("ready", host=socket.gethostname(), is_gathered=self._is_gathered)

    def _run(self, start_s: float) -> None:
        assert self._schedule is not None, "the master says begin before it says prepare"
        is_finished = False
        try:
            is_finished = ScheduledUser.dispatcher.run(self._schedule, start_s)
        except OSError as error:  # a full disk: what is sent from now on would not be recorded
            print(f"error: the load ends here: {error}", file=sys.stderr)
            self._environment.process_exit_code = 1
        self._tell("worked-off", is_finished=is_finished)
        if self._is_gathered:
            self._hand_over()
        shutil.rmtree(self._scratch, ignore_errors=True)
        self._tell("end", rows=ScheduledUser.dispatcher.rows)

    def _hand_over(self) -> None:
        for ledger in sorted(self._ledgers.glob("*.jsonl")):
            for lines in chunks(ledger):
                self._may_go_on.clear()
                self._tell("rows", ledger=ledger.stem, lines=lines)
                self._may_go_on.wait()
