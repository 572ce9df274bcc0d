"""What happens around a Locust run: the schedule starts with the last user and ends the run.

Locust reads its command line, spawns the users, and only then is the load's time zero. A process
is the whole of a load, or its master, or one of its workers (`loadtests.distributed`).
"""

import sys
from argparse import Namespace
from collections.abc import Callable
from typing import Any, Protocol

import gevent
from locust import events
from locust.env import Environment
from locust.runners import MasterRunner, Runner, WorkerRunner

from loadtests.dispatch import Dispatcher
from loadtests.distributed.master import MasterLoad
from loadtests.distributed.share import WHOLE
from loadtests.distributed.worker import MakeSchedule, WorkerLoad
from loadtests.options import (
    TargetError,
    add_options,
    check_target,
    ledger_folder,
    options_of,
)
from loadtests.schedule import Schedule
from loadtests.users import ScheduledUser
from scenarios.model import ScenarioError


class Load(Protocol):
    """What a process has to do with a load."""

    def prepare(self, options: Namespace) -> None:
        """Before the first user. Raises TargetError, ScenarioError or OSError."""

    def begin(self) -> None:
        """All users are there."""


class LocalLoad:
    """All of it, in this process."""

    def __init__(
        self, environment: Environment, runner: Runner, make_schedule: MakeSchedule
    ) -> None:
        self._environment = environment
        self._runner = runner
        self._make_schedule = make_schedule
        self._schedule: Schedule | None = None

    def prepare(self, options: Namespace) -> None:
        self._schedule = self._make_schedule(options, WHOLE)
        ScheduledUser.dispatcher = Dispatcher(ledger_folder(options))

    def begin(self) -> None:
        gevent.spawn(self._dispatch_until_done)

    def _dispatch_until_done(self) -> None:
        assert self._schedule is not None, "users were spawned before the test started"
        try:
            ScheduledUser.dispatcher.run(self._schedule)
        except OSError as error:  # a full disk: what is sent from now on would not be recorded
            print(f"error: the load ends here: {error}", file=sys.stderr)
            self._environment.process_exit_code = 1
        finally:
            if self._environment.web_ui is None:
                self._runner.quit()
            else:
                self._runner.stop()


def attach(make_schedule: MakeSchedule, target_of: Callable[[Environment], str]) -> None:
    """Register a Locust file's load.

    `make_schedule` draws up the schedule of a share of the load from the parsed options;
    `target_of` tells the URL to be loaded.
    """

    def connect(environment: Environment, runner: Runner, **_: Any) -> None:
        load = _load_of(environment, runner, make_schedule)

        def prepare(**_: Any) -> None:
            options = options_of(environment)
            try:
                check_target(target_of(environment), owned=options.i_own_this_target)
                load.prepare(options)
            except (TargetError, ScenarioError, OSError) as error:
                print(f"error: {error}", file=sys.stderr)
                environment.process_exit_code = 2
                runner.quit()

        def begin(**_: Any) -> None:
            load.begin()

        environment.events.test_start.add_listener(prepare)  # type: ignore[no-untyped-call]
        environment.events.spawning_complete.add_listener(begin)  # type: ignore[no-untyped-call]

    def fail(user_instance: Any, exception: BaseException, **_: Any) -> None:
        # A mistake of ours, not an answer of the target's: the run must not pass for whole.
        print(f"error: {type(exception).__name__} in a sender", file=sys.stderr)
        user_instance.environment.process_exit_code = 1

    events.init_command_line_parser.add_listener(add_options)  # type: ignore[no-untyped-call]
    events.init.add_listener(connect)  # type: ignore[no-untyped-call]
    events.user_error.add_listener(fail)  # type: ignore[no-untyped-call]


def _load_of(environment: Environment, runner: Runner, make_schedule: MakeSchedule) -> Load:
    if isinstance(runner, MasterRunner):
        return MasterLoad(environment, runner)
    if isinstance(runner, WorkerRunner):
        return WorkerLoad(environment, runner, make_schedule)
    return LocalLoad(environment, runner, make_schedule)
