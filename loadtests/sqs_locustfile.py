"""Calls straight at one SQS queue, each action at a rate of its own: the quota experiment.

    locust -f loadtests/sqs_locustfile.py --headless --users 64 --spawn-rate 64 \
        --sqs-endpoint http://127.0.0.1:9324 --queue-url URL --rate 360 --duration 20

Credentials are those that botocore finds. Nothing is retried: a throttled call is a result.
"""

import uuid
from argparse import Namespace

import botocore.session

from loadtests import lifecycle
from loadtests.options import TargetError, sqs_call_load
from loadtests.schedule import Schedule
from loadtests.users import SqsCaller
from scenarios.arrivals import call_arrivals
from scenarios.model import Retries

__all__ = ["SqsCaller"]

ACTIONS = ("SendMessage", "ReceiveMessage", "DeleteMessage")


def schedule(options: Namespace) -> Schedule:
    """The same evenly spaced calls for each action."""
    load = sqs_call_load(options)
    credentials = botocore.session.get_session().get_credentials()
    if credentials is None:
        raise TargetError("no AWS credentials found; set AWS_ACCESS_KEY_ID and its secret")
    SqsCaller.host = options.sqs_endpoint
    SqsCaller.credentials = credentials
    SqsCaller.network_timeout = load.timeout_s
    prefix = options.key_prefix or uuid.uuid4().hex[:12]
    streams = {action: call_arrivals(load, options.seed, prefix) for action in ACTIONS}
    return Schedule(streams, Retries(attempts_max=1), options.seed)


lifecycle.attach(schedule, target_option="sqs_endpoint")
