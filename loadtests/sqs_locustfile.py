"""Calls straight at one SQS queue, each action at a rate of its own: the quota experiment.

    locust -f loadtests/sqs_locustfile.py --headless --users 64 --spawn-rate 64 \
        --sqs-endpoint http://127.0.0.1:9324 --queue-url URL --rate 360 --duration 20

Credentials are those that botocore finds. Nothing is retried: a throttled call is a result.
"""

import uuid
from argparse import Namespace
from typing import Any

import botocore.session
from locust import events
from locust.env import Environment

from loadtests import lifecycle
from loadtests.distributed.share import Share
from loadtests.options import TargetError, options_of, sqs_call_load
from loadtests.schedule import Schedule
from loadtests.users import SqsCaller
from scenarios.arrivals import call_arrivals
from scenarios.model import CALLED_ACTIONS, Retries

__all__ = ["SqsCaller"]


def schedule(options: Namespace, share: Share) -> Schedule:
    """The same evenly spaced calls for each action."""
    load = sqs_call_load(options)
    credentials = botocore.session.get_session().get_credentials()
    if credentials is None:
        raise TargetError("no AWS credentials found; set AWS_ACCESS_KEY_ID and its secret")
    SqsCaller.host = options.sqs_endpoint
    SqsCaller.credentials = credentials
    SqsCaller.network_timeout = load.timeout_s
    prefix = options.key_prefix or uuid.uuid4().hex[:12]
    streams = {action: share.of(call_arrivals(load, prefix)) for action in CALLED_ACTIONS}
    return Schedule(streams, Retries(attempts_max=1), options.seed)


def delete_what_is_in_hand(environment: Environment, **_: Any) -> None:
    """Leave nothing in flight: it would come back only after its visibility timeout."""
    options = options_of(environment)
    client: Any = botocore.session.get_session().create_client(
        "sqs", region_name=options.aws_region, endpoint_url=options.sqs_endpoint
    )
    while SqsCaller.fresh_handles:
        handle = SqsCaller.fresh_handles.popleft()
        client.delete_message(QueueUrl=options.queue_url, ReceiptHandle=handle)


lifecycle.attach(schedule, target_of=lambda environment: options_of(environment).sqs_endpoint)
events.quitting.add_listener(delete_what_is_in_hand)  # type: ignore[no-untyped-call]
