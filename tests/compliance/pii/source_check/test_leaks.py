"""Planted leaks, each of which must be found at exactly its line, and nowhere else."""

import pytest

LEAKS = {
    "f-string of an attribute": (
        "pii-log",
        """
import logging
log = logging.getLogger(__name__)
def send(user):
    log.info(f"sending to {user.email}")  # LEAK
""",
    ),
    "percent arguments": (
        "pii-log",
        """
def send(self, recipient):
    self.logger.debug("to %s at %d", recipient, 3)  # LEAK
""",
    ),
    "percent operator and a local": (
        "pii-log",
        """
def send(user, log):
    text = "phone is %s" % user.phone_number
    line = text.upper().strip()
    log.warning(line)  # LEAK
""",
    ),
    "str.format and join": (
        "pii-log",
        """
def send(order, log):
    lines = ["order", "{}".format(order.billing_address)]
    log.error("\\n".join(lines))  # LEAK
""",
    ),
    "whole pydantic model": (
        "pii-log",
        """
import structlog
from pydantic import BaseModel, EmailStr
class Signup(BaseModel):
    contact: EmailStr
    plan: str
def create(signup: Signup):
    structlog.get_logger().info("created", signup=signup)  # LEAK
""",
    ),
    "extra of a model dump": (
        "pii-log",
        """
import logging
from pydantic import BaseModel
class Customer(BaseModel):
    first_name: str
def create(customer: Customer):
    logging.info("created", extra={"customer": customer.model_dump()})  # LEAK
""",
    ),
    "dataclass repr": (
        "pii-print",
        """
from dataclasses import dataclass
@dataclass
class Person:
    full_name: str
def show(person: Person):
    print(repr(person))  # LEAK
""",
    ),
    "structlog bind": (
        "pii-log-context",
        """
import structlog
def handle(email):
    log = structlog.get_logger().bind(recipient=email)  # LEAK
    log.info("accepted")
""",
    ),
    "contextvars": (
        "pii-log-context",
        """
from structlog.contextvars import bind_contextvars
async def middleware(request):
    bind_contextvars(body=await request.json())  # LEAK
""",
    ),
    "request body": (
        "pii-log",
        """
async def create(request, logger):
    payload = await request.json()
    logger.info("payload %r", payload)  # LEAK
""",
    ),
    "authorization header": (
        "pii-log",
        """
def create(request, logger):
    key = request.headers.get("Authorization", "")
    logger.info("key " + key)  # LEAK
""",
    ),
    "SQS message body": (
        "pii-log",
        """
def poll(sqs, log):
    response = sqs.receive_message(QueueUrl="q")
    for message in response.get("Messages", []):
        log.info("received", body=message["Body"])  # LEAK
""",
    ),
    "Lambda event": (
        "pii-print",
        """
def handler(event, context):
    print(event)  # LEAK
""",
    ),
    "Lambda record": (
        "pii-log",
        """
import json, logging
def handler(event, context):
    for record in event["Records"]:
        email = json.loads(record["body"])
        logging.info("subject %s", email["subject"])  # LEAK
""",
    ),
    "exception message": (
        "pii-exception",
        """
def check(email):
    if "@" not in email:
        raise ValueError(f"bad address {email}")  # LEAK
""",
    ),
    "own exception class, through super": (
        "pii-exception",
        """
class Refused(Exception):
    def __init__(self, who):
        super().__init__(f"refused: {who}")
def send(user):
    raise Refused(user.email)  # LEAK
""",
    ),
    "caught exception that carried it": (
        "pii-log",
        """
class Refused(Exception):
    pass
def send(user):
    raise Refused(user.email)  # pii: allow pii-exception until 2030-01-01 because of this test
def run(user, log):
    try:
        send(user)
    except Refused as error:
        log.error("refused: %s", error)  # LEAK
""",
    ),
    "logger.exception shows what was raised": (
        "pii-log",
        """
def run(user, log):
    try:
        raise RuntimeError(user.email)  # pii: allow pii-exception until 2030-01-01 because test
    except RuntimeError:
        log.exception("failed")  # LEAK
""",
    ),
    "pydantic validation error": (
        "pii-exception-text",
        """
from pydantic import ValidationError
def parse(body, log, Model):
    try:
        return Model.model_validate_json(body)
    except ValidationError as error:
        log.warning("invalid: %s", error)  # LEAK
""",
    ),
    "smtplib error with exc_info": (
        "pii-exception-text",
        """
import smtplib
def send(server, log):
    try:
        server.send()
    except smtplib.SMTPRecipientsRefused:
        log.warning("refused", exc_info=True)  # LEAK
""",
    ),
    "standard error": (
        "pii-print",
        """
import sys
def send(to_address):
    sys.stderr.write("to " + to_address + "\\n")  # LEAK
""",
    ),
    "warnings.warn": (
        "pii-print",
        """
import warnings
def send(recipient):
    warnings.warn(f"no route to {recipient}")  # LEAK
""",
    ),
    "span attribute": (
        "pii-span",
        """
from opentelemetry import trace
def send(user):
    span = trace.get_current_span()
    span.set_attribute("user.email", user.email)  # LEAK
""",
    ),
    "error report": (
        "pii-span",
        """
import sentry_sdk
def login(user):
    sentry_sdk.set_user({"id": user.id, "email": user.email})  # LEAK
""",
    ),
    "metric label": (
        "pii-metric",
        """
from prometheus_client import Counter
SENT = Counter("sent", "sent", ["to"])
def send(recipient):
    SENT.labels(to=recipient).inc()  # LEAK
""",
    ),
    "environment secret": (
        "pii-log",
        """
import os, logging
PASSWORD = os.environ["SMTP_PASSWORD"]
def connect():
    logging.debug("password %s", PASSWORD)  # LEAK
""",
    ),
    "through a function's answer": (
        "pii-log",
        """
def describe(user):
    return "<" + user.email + ">"
def send(user, log):
    log.info(describe(user))  # LEAK
""",
    ),
    "through a function that logs": (
        "pii-log",
        """
import logging
def note(what, value):
    logging.info("%s: %s", what, value)  # LEAK
def send(user):
    note("to", user.email)
""",
    ),
    "across modules, relative and re-exported": (
        "pii-log",
        """
### shop/__init__.py
from .text import shown as shown_user
### shop/text.py
def shown(anyone):
    return f"{anyone.first_name}!"
### shop/app.py
import logging
from . import shown_user
def greet(user):
    logging.info(shown_user(user))  # LEAK
""",
    ),
    "a model of another module": (
        "pii-log",
        """
### app/models.py
from pydantic import BaseModel
class Email(BaseModel):
    to: list[str]
    subject: str
### app/api.py
import logging
from app.models import Email
def accept(email: Email):
    logging.getLogger("api").info("accepted %s", email)  # LEAK
""",
    ),
    "a helper of another module, three calls deep": (
        "pii-log",
        """
### app/one.py
from app.two import second
def first(user):
    second(user.phone)
### app/two.py
from app.three import third
def second(value):
    third([value])
### app/three.py
import logging
def third(values):
    for value in values:
        logging.info("value", extra={"v": value})  # LEAK
""",
    ),
    "stored by one method, logged by another": (
        "pii-log",
        """
import logging
class Sender:
    def __init__(self, email):
        self._target = email
    def send(self):
        logging.info("to %s", self._target)  # LEAK
""",
    ),
    "a property": (
        "pii-log",
        """
class User:
    first_name: str
    last_name: str
    @property
    def label(self):
        return f"{self.first_name} {self.last_name}"
def greet(user: User, log):
    log.info(user.label)  # LEAK
""",
    ),
    "annotated as PII": (
        "pii-log",
        """
from typing import Annotated
class PII: ...
class Order:
    note: Annotated[str, PII]
def ship(order: Order, log):
    log.info("note %s", order.note)  # LEAK
""",
    ),
    "a parameter typed Pii": (
        "pii-log",
        """
from guard import Pii
def ship(value: Pii[str], log):
    log.info("value %s", value)  # LEAK
""",
    ),
    "only one branch masks": (
        "pii-log",
        """
def send(user, log, is_quiet):
    who = user.email
    if is_quiet:
        who = mask(who)
    log.info("to %s", who)  # LEAK
""",
    ),
    "a comprehension": (
        "pii-log",
        """
def send(users, log):
    log.info("to %s", [user.email.lower() for user in users])  # LEAK
""",
    ),
    "a walrus and a dict": (
        "pii-log",
        """
def send(user, log):
    if (who := user.email):
        data = {"who": who, "n": 1}
        data["again"] = who
        log.info("sent", **data)  # LEAK
""",
    ),
    "a loop that collects": (
        "pii-print",
        """
def send(users):
    seen = []
    for user in users:
        seen.append(user.email)
    print(seen)  # LEAK
""",
    ),
    "match on a class": (
        "pii-log",
        """
from dataclasses import dataclass
@dataclass
class Bounce:
    recipient: str
def handle(event, log):
    match event:
        case Bounce(who):
            log.info("bounced %s", who)  # LEAK
""",
    ),
    "a nested function": (
        "pii-log",
        """
def outer(user, log):
    email = user.email
    def inner():
        log.info(email)  # LEAK
    return inner
""",
    ),
    "a thread": (
        "pii-log",
        """
import logging
def work(value):
    logging.info(value)  # LEAK
def start(pool, user):
    pool.submit(work, user.email)
""",
    ),
    "all locals": (
        "pii-log",
        """
def send(recipient, log):
    log.debug("state %s", locals())  # LEAK
""",
    ),
    "vars of an object": (
        "pii-log",
        """
class User:
    email: str
def send(user: User, log):
    log.debug(vars(user))  # LEAK
""",
    ),
    "json of a dict": (
        "pii-log",
        """
import json
def send(user, log):
    log.info(json.dumps({"to": user.email}))  # LEAK
""",
    ),
    "with a context manager of the tree": (
        "pii-log",
        """
from contextlib import contextmanager
@contextmanager
def opened(user):
    yield user.email
def send(user, log):
    with opened(user) as it:
        log.info(it)  # LEAK
""",
    ),
    "assert message": (
        "pii-exception",
        """
def send(recipient):
    assert "@" in recipient, f"no address: {recipient}"  # LEAK
""",
    ),
    "an unknown answer under a telling name": (
        "pii-log",
        """
def send(client, log):
    email = client.next()
    log.info("to %s", email)  # LEAK
""",
    ),
    "a logger's method under another name": (
        "pii-log",
        """
import logging
write = logging.getLogger("audit").info
def send(user):
    write("to %s", user.email)  # LEAK
""",
    ),
    "an own repr that shows it": (
        "pii-log",
        """
class User:
    def __init__(self, email):
        self.email = email
    def __repr__(self):
        return f"<User {self.email}>"
def send(user: User, log):
    log.info("to %s", user)  # LEAK
""",
    ),
    "a typed dictionary": (
        "pii-log",
        """
from typing import TypedDict
class Payload(TypedDict):
    phone: str
    size: int
def send(payload: Payload, log):
    log.info("to %s", payload)  # LEAK
""",
    ),
    "the whole environment": (
        "pii-log",
        """
import os
def start(log):
    log.debug("environment: %s", dict(os.environ))  # LEAK
""",
    ),
    "what a secret reveals": (
        "pii-log",
        """
def start(settings, log):
    log.debug("key %s", settings.key.get_secret_value())  # LEAK
""",
    ),
    "a validator that quotes its input": (
        "pii-exception",
        """
from pydantic import BaseModel, field_validator
class Signup(BaseModel):
    email: str
    @field_validator("email")
    @classmethod
    def known(cls, value):
        if "@" not in value:
            raise ValueError(f"{value} is no address")  # LEAK
        return value
""",
    ),
    "keys of a dictionary": (
        "pii-log",
        """
def count(users, log):
    seen = {}
    for user in users:
        seen[user.email] = 1
    log.info("seen %s", list(seen))  # LEAK
""",
    ),
    "a dictionary of the module": (
        "pii-log",
        """
from collections import deque
LAST = deque(maxlen=10)
def send(user):
    LAST.append(user.email)
def report(log):
    log.info("last: %s", LAST)  # LEAK
""",
    ),
    "smtplib's wire log": (
        "pii-wire-log",
        """
import smtplib
def connect(host):
    server = smtplib.SMTP(host)
    server.set_debuglevel(1)  # LEAK
    server.set_debuglevel(0)
""",
    ),
    "botocore's wire log": (
        "pii-wire-log",
        """
import logging, boto3
logging.getLogger("botocore").setLevel(logging.DEBUG)  # LEAK
boto3.set_stream_logger("")  # LEAK
logging.getLogger("botocore").setLevel(logging.WARNING)
logging.getLogger("app").setLevel("DEBUG")
""",
    ),
    "http.client's wire log": (
        "pii-wire-log",
        """
import http.client
http.client.HTTPConnection.debuglevel = 1  # LEAK
http.client.HTTPConnection.debuglevel = 0
""",
    ),
    "Lambda Powertools' keys": (
        "pii-log-context",
        """
from aws_lambda_powertools import Logger
logger = Logger()
def handle(customer):
    logger.append_keys(phone=customer.phone)  # LEAK
""",
    ),
    "a framework's request under another name": (
        "pii-log",
        """
from flask import current_app, request as flask_request
def view():
    current_app.logger.info("form", extra={"form": dict(flask_request.form)})  # LEAK
""",
    ),
    "a RabbitMQ callback": (
        "pii-print",
        """
def callback(channel, method, properties, body):
    print(" [x] Received %r" % body)  # LEAK
""",
    ),
    "a mail's field of a payload": (
        "pii-log",
        """
import json
def handler(event, context):
    payload = json.loads(event["body"])
    to = payload["to"]
    print_safe(to)
    context.log.info("to %s", to)  # LEAK
""",
    ),
    "a decorated function": (
        "pii-log",
        """
import functools
@functools.lru_cache
def target_of(user):
    return user.email
def send(user, log):
    log.info(target_of(user))  # LEAK
""",
    ),
}


@pytest.mark.parametrize(("rule", "code"), LEAKS.values(), ids=LEAKS)
def test_planted_leak_is_found_at_its_line_and_nowhere_else(check_code, marked, rule, code):
    report = check_code(code)
    assert [(one.rule, one.spot.line) for one in report.findings] == [
        (rule, line) for line in marked(code)
    ]
    assert report.is_complete


def test_the_way_is_told_from_source_to_sink(check_code):
    """The finding stands at the sink; its steps lead there from the source."""
    [finding] = check_code(LEAKS["a helper of another module, three calls deep"][1]).findings
    assert finding.sources[0].shown == "user.phone"
    assert [step.what for step in finding.steps] == [
        "passed to second as value",
        "passed to third as values",
        "assigned to value",
    ]
    assert finding.spot.path.endswith("three.py")


def test_several_sources_of_one_sink_are_one_finding(check_code):
    [finding] = check_code(
        """
import logging
def note(value):
    logging.info(value)
def a(user):
    note(user.email)
def b(user):
    note(user.phone)
"""
    ).findings
    assert {source.shown for source in finding.sources} == {"user.email", "user.phone"}
    assert finding.message.endswith("and 1 more reaches logging.info")
