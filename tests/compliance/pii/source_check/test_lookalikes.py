"""Code that looks like a leak and is none: nothing of it may be flagged, not even as a warning."""

import pytest

LOOKALIKES = {
    "masked": """
def send(user, log):
    log.info("to %s", mask_email(user.email))
""",
    "hashed": """
import hashlib
def send(user, log):
    log.info("to %s", hashlib.sha256(user.email.encode()).hexdigest()[:12])
""",
    "own hash function": """
import hashlib
def fingerprint(value):
    return hashlib.sha256(value.encode()).hexdigest()
def send(user, log):
    log.info("to %s", fingerprint(user.email))
""",
    "the id": """
def send(user, email, log):
    log.info("user %s, email %s", user.id, email.email_id)
""",
    "a length": """
def send(body, to, subject, log):
    log.info("body of %d bytes to %d", len(body), len(to))
""",
    "a comparison": """
def send(user, log):
    log.info("same: %s, any: %s, none: %s", user.email == "", bool(user.phone), user.ssn is None)
""",
    "overwritten": """
def send(user, log):
    who = user.email
    who = "somebody"
    log.info("to %s", who)
""",
    "masked in both branches": """
def send(user, log, is_short):
    who = user.email
    if is_short:
        who = mask(who)
    else:
        who = redact(who)
    log.info("to %s", who)
""",
    "the name says count": """
def send(email_count, has_phone, max_recipients, email_type, is_email_valid, log):
    log.info("%s", (email_count, has_phone, max_recipients, email_type, is_email_valid))
""",
    "names of other things": """
def start(queue, server, file, log):
    log.info("%s at %s reads %s", queue.name, server.address, file.text)
""",
    "a number by annotation": """
def retry(recipients: int, log):
    log.info("recipients: %d", recipients)
""",
    "a hidden repr": """
from pydantic import BaseModel
class Email(BaseModel):
    subject: str
    def __repr_args__(self):
        return []
    def __str__(self):
        return "Email(...)"
def accept(email: Email, log):
    log.info("accepted %s %r", email, email)
""",
    "a plain object": """
class Person:
    def __init__(self, first_name):
        self.first_name = first_name
def greet(person: Person, log):
    log.info("greeting %s", person)
""",
    "a field left out of the repr": """
from dataclasses import dataclass, field
@dataclass
class Order:
    number: int
    street: str = field(repr=False)
def ship(order: Order, log):
    log.info("shipping %s", order)
""",
    "a dump of chosen fields": """
from pydantic import BaseModel
class Signup(BaseModel):
    plan: str
    email: str
def create(signup: Signup, log):
    log.info("created", extra=signup.model_dump(include={"plan"}))
    log.info("created", extra=signup.model_dump(exclude={"email"}))
""",
    "a harmless field of a dump": """
from pydantic import BaseModel
class Signup(BaseModel):
    plan: str
    email: str
def create(signup: Signup, log):
    data = signup.model_dump()
    log.info("created", plan=data["plan"])
""",
    "a secret that renders masked": """
from pydantic import BaseModel, SecretStr
class Settings(BaseModel):
    api_key: SecretStr
def start(settings: Settings, log):
    log.info("settings %s", settings)
    log.info("key %s", settings.api_key)
""",
    "harmless keys of a request": """
async def create(request, log):
    payload = await request.json()
    log.info("version %s of %s", payload["version"], request.headers.get("X-Request-Id"))
    log.info("%s %s", request.method, request.headers["Content-Length"])
""",
    "the type of an exception": """
from pydantic import ValidationError
def parse(body, log, Model):
    try:
        return Model.model_validate_json(body)
    except ValidationError as error:
        log.warning("invalid: %s, %d errors", type(error).__name__, error.error_count())
""",
    "validation errors without input": """
from pydantic import ValidationError
def parse(body, log, Model):
    try:
        return Model.model_validate_json(body)
    except ValidationError as error:
        log.warning("invalid", errors=error.errors(include_input=False))
        log.warning("at %s", [entry["loc"] for entry in error.errors()])
""",
    "an exception that keeps it out of its text": """
class Refused(Exception):
    def __init__(self, recipient, code):
        super().__init__(f"refused with {code}")
        self.recipient = recipient
def send(user, log):
    try:
        raise Refused(user.email, 550)
    except Refused as error:
        log.warning("refused: %s", error)
""",
    "a constant message": """
def check(email):
    if "@" not in email:
        raise ValueError("not an email address: %s has no @" % "it")
""",
    "not a logger": """
import math
def grow(phone, dialog, catalog, changelog):
    dialog.info(phone)
    catalog.error(phone)
    changelog.debug(phone)
    return math.log(phone)
""",
    "own function called print_to": """
def print_to(out, value):
    out.write(value)
def send(user, smtp):
    print_to(smtp, user.email)
""",
    "sent, not logged": """
def send(email, smtp, queue, repository):
    smtp.sendmail("noreply@example.com", [email.recipient], email.body)
    queue.send_message(Body=email.body)
    repository.save(email.recipient)
""",
    "printed into a file": """
def export(users, out):
    for user in users:
        print(user.email, file=out)
""",
    "the answer of a send": """
def send(provider, user, log):
    result = provider.send(user.email, user.first_name)
    log.info("sent: %s", result)
""",
    "the domain only": """
def send(user, log):
    log.info("to somebody at %s", user.email.rsplit("@")[-1])
    _, domain = user.email.split("@")
    log.info("to somebody at %s", domain)
""",
    "the module email": """
import email
import email.message
def make(log):
    log.info("using %s", email.message.__name__)
""",
    "an enumeration": """
from enum import StrEnum
class Channel(StrEnum):
    EMAIL = "email"
    PHONE = "phone"
def send(channel: Channel, log):
    log.info("by %s or %s", channel, Channel.EMAIL)
""",
    "keys, not values": """
def send(headers, request, log):
    log.info("headers: %s", sorted(request.headers.keys()))
""",
    "the helper gets an id here and an address elsewhere": """
def shown(value):
    return f"<{value}>"
def send(user, log, smtp):
    smtp.rcpt(shown(user.email))
    log.info("to %s", shown(user.id))
""",
    "one part of a pair": """
def split(user):
    return user.id, user.email
def send(user, log):
    number, _ = split(user)
    log.info("to %s", number)
""",
    "a typed model whose id is used in a helper": """
### app/models.py
from dataclasses import dataclass
@dataclass
class User:
    id: int
    email: str
### app/main.py
import logging
from app.models import User
def describe(user):
    return f"user {user.id}"
def go(user: User):
    logging.info(describe(user))
""",
    "masked on the way through another module": """
### app/text.py
def mask(value):
    return value[:1] + "***"
### app/main.py
import logging
from app import text
def go(user):
    logging.info("to %s", text.mask(user.email))
""",
    "a span and a label without people": """
def send(span, counter, user, status):
    span.set_attribute("user.id", user.id)
    counter.labels(status=status).inc()
""",
    "a template with a placeholder": """
def send(log):
    log.info("the email and the phone of the user are never logged")
    subject = "Welcome"
    log.info("template %s", subject)
""",
    "the environment without secrets": """
import os, logging
def start():
    logging.info("home %s region %s", os.environ["HOME"], os.getenv("AWS_REGION"))
""",
    "a function that sends, by name": """
def go(client, log):
    log.info("sent: %s", client.send_email())
""",
    "a service, not a user": """
class UserService:
    name: str
    address: str
def start(user_service, service: UserService, user_agent, log):
    log.info("%s %s %s", user_service.name, service.address, user_agent.name)
""",
    "the class and not the value": """
def check(recipients):
    if not isinstance(recipients, list):
        raise TypeError(f"recipients is a {type(recipients).__name__}, wanted a list")
    if len(recipients) > 50:
        raise ValueError(f"{len(recipients)} recipients, at most 50")
""",
    "keys of a dictionary whose values are personal": """
def check(user, log):
    fields = {"mail": user.email, "call": user.phone}
    log.info("fields: %s", sorted(fields))
    for name in fields:
        log.info("field %s", name)
""",
    "a guard type that shows a mask": """
class Pii:
    def __init__(self, text):
        self._text = text
    def __repr__(self):
        return "***"
class Order:
    note: Pii
def ship(order: Order, log):
    log.info("note %s, %r", order.note, [order.note])
""",
    "an object made of personal data, asked for something else": """
def send(user, log):
    job = Job(user.email)
    log.info("job %s is %s", job.number, job.state)
""",
    "a validator that quotes a plan": """
from pydantic import BaseModel, field_validator
class Signup(BaseModel):
    plan: str
    @field_validator("plan")
    @classmethod
    def known(cls, value):
        if value not in ("a", "b"):
            raise ValueError(f"{value} is no plan")
        return value
""",
    "constants": """
EMAIL = "email"
PASSWORD_LENGTH_MIN = 8
def check(log):
    log.info("field %s needs %d", EMAIL, PASSWORD_LENGTH_MIN)
""",
}


@pytest.mark.parametrize("code", LOOKALIKES.values(), ids=LOOKALIKES)
def test_lookalike_is_not_flagged(check_code, code):
    report = check_code(code)
    assert [(one.rule, one.spot.line, one.message) for one in report.findings] == []
    assert report.is_complete
