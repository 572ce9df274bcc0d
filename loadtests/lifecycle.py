"""What happens around a Locust run: the schedule starts with the last user and ends the run.

Locust reads its command line, spawns the users, and only then is the load's time zero.
"""

import sys
from argparse import Namespace
from collections.abc import Callable
from typing import Any

import gevent
from locust import events
from locust.env import Environment
from locust.runners import Runner

from loadtests.dispatch import Dispatcher
from loadtests.options import TargetError, add_options, check_target
from loadtests.schedule import Schedule
from loadtests.users import ScheduledUser
from scenarios.model import ScenarioError


def attach(make_schedule: Callable[[Namespace], Schedule], target_option: str) -> None:
    """Register a Locust file's load.

    `make_schedule` draws up the schedule from the parsed options; `target_option` names the one
    that holds the URL to be loaded.
    """

    def prepare(environment: Environment, **_: Any) -> None:
        options = environment.parsed_options or Namespace()
        try:
            check_target(getattr(options, target_option) or "", owned=options.i_own_this_target)
            ScheduledUser.dispatcher = Dispatcher(make_schedule(options), options.ledger_dir)
        except (TargetError, ScenarioError, OSError) as error:
            print(f"error: {error}", file=sys.stderr)
            environment.process_exit_code = 2
            if environment.runner is not None:
                environment.runner.quit()

    def fail(user_instance: Any, exception: BaseException, **_: Any) -> None:
        # A mistake of ours, not an answer of the target's: the run must not pass for whole.
        print(f"error: {type(exception).__name__} in a sender", file=sys.stderr)
        user_instance.environment.process_exit_code = 1

    def connect(environment: Environment, runner: Runner, **_: Any) -> None:
        def begin(**_: Any) -> None:
            gevent.spawn(_dispatch_until_done, environment, runner)

        environment.events.spawning_complete.add_listener(begin)  # type: ignore[no-untyped-call]

    events.init_command_line_parser.add_listener(add_options)  # type: ignore[no-untyped-call]
    events.init.add_listener(connect)  # type: ignore[no-untyped-call]
    events.user_error.add_listener(fail)  # type: ignore[no-untyped-call]
    events.test_start.add_listener(prepare)  # type: ignore[no-untyped-call]


def _dispatch_until_done(environment: Environment, runner: Runner) -> None:
    try:
        ScheduledUser.dispatcher.run()
    except OSError as error:  # a full disk: what is sent from now on would not be recorded
        print(f"error: the load ends here: {error}", file=sys.stderr)
        environment.process_exit_code = 1
    finally:
        if environment.web_ui is None:
            runner.quit()
        else:
            runner.stop()
