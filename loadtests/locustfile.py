"""Senders of emails in an open model, as plain Locust.

    locust -f loadtests/locustfile.py --host http://127.0.0.1:8080 --api-key KEY

opens Locust's web UI: the number of users is the number of senders, `--rate` decides the load.
With `--scenario` it offers what a scenario asks for; with `--ledger-dir` it keeps evidence.
"""

import uuid
from argparse import Namespace

from loadtests import lifecycle
from loadtests.distributed.share import Share
from loadtests.options import email_load
from loadtests.schedule import Schedule
from loadtests.users import EMAIL, EmailSender
from scenarios.arrivals import email_arrivals, synthetic_people

__all__ = ["EmailSender"]


def schedule(options: Namespace, share: Share) -> Schedule:
    """Invent the people and draw up what is to be sent to them."""
    load = email_load(options)
    EmailSender.people = synthetic_people(load.people, options.seed)
    EmailSender.network_timeout = load.timeout_s
    # The queue remembers keys for five minutes, so a second plain run needs new ones.
    prefix = options.key_prefix or uuid.uuid4().hex[:12]
    arrivals = share.of(email_arrivals(load, options.seed, prefix))
    return Schedule({EMAIL: arrivals}, load.retries, options.seed)


# The host may have come from the command line, the web UI or the master.
lifecycle.attach(schedule, target_of=lambda environment: environment.host or "")
