"""Seeded traffic: when emails should be sent, in which message group, about which people.

An open model: intended times depend on the seed alone, never on how quickly anything answers.
The people are synthetic (Faker) and double as canaries: every value of theirs that the traffic
carries is known, so a log that repeats one is caught exactly. Addresses are at example.com
(RFC 2606); phone numbers are of the ranges kept for fiction (NANP 555-0100 to 0199, Ofcom's
020 7946 0000 to 0999).
"""

import itertools
import random
import unicodedata
from bisect import bisect
from collections.abc import Iterator
from dataclasses import dataclass

from faker import Faker

from scenarios.model import EmailLoad, SqsCallLoad

LOCALES = ("en_US", "de_DE", "pl_PL", "fr_FR", "en_GB", "ja_JP")
CORRELATION_HEADER = "X-Queueproof-Key"


@dataclass(frozen=True)
class Person:
    """Somebody who does not exist."""

    name: str
    email: str
    phone: str
    address: str


@dataclass(frozen=True)
class Arrival:
    """One email that a sender wants to send, or one call that a client wants to make."""

    number: int
    intended_s: float  # since the start of the load
    key: str  # idempotency key
    group: str


@dataclass(frozen=True)
class Text:
    """What an email says; one per person, so that a leaked body can be named."""

    subject: str
    body: str


def intended_times_s(
    rate_per_s: float, duration_s: float, arrivals: str, rng: random.Random
) -> Iterator[float]:
    """Times within [0, duration_s): evenly spaced, or a Poisson process of that rate."""
    if arrivals == "even":
        yield from (n / rate_per_s for n in range(int(rate_per_s * duration_s)))
        return
    at_s = rng.expovariate(rate_per_s)
    while at_s < duration_s:
        yield at_s
        at_s += rng.expovariate(rate_per_s)


def zipf_weights(groups: int, skew: float) -> list[float]:
    """Weight of each group, the first the heaviest; `skew` 0 is even."""
    return [1 / rank**skew for rank in range(1, groups + 1)]


def email_arrivals(load: EmailLoad, seed: int, prefix: str) -> Iterator[Arrival]:
    """The emails of a load, in the order of their intended times; `prefix` begins their keys."""
    rng = random.Random(f"arrivals/{seed}")
    cumulative = list(itertools.accumulate(zipf_weights(load.groups, load.group_skew)))
    times_s = intended_times_s(load.rate_per_s, load.duration_s, load.arrivals, rng)
    for number, intended_s in enumerate(times_s):
        group = bisect(cumulative, rng.random() * cumulative[-1])
        yield Arrival(number, intended_s, key=f"{prefix}-{number:06d}", group=f"group-{group:04d}")


def call_arrivals(load: SqsCallLoad, seed: int, prefix: str) -> Iterator[Arrival]:
    """The calls of one action: evenly spaced, groups in turn."""
    rng = random.Random(f"calls/{seed}")
    for number, at_s in enumerate(intended_times_s(load.rate_per_s, load.duration_s, "even", rng)):
        group = f"group-{number % load.groups:04d}"
        yield Arrival(number, at_s, key=f"{prefix}-{number:06d}", group=group)


def synthetic_people(count: int, seed: int) -> list[Person]:
    """People with distinct names and addresses, of several locales."""
    fakers = []
    for index, locale in enumerate(LOCALES):
        faker = Faker(locale)
        faker.seed_instance(seed * len(LOCALES) + index)
        fakers.append(faker)
    people: list[Person] = []
    names: set[str] = set()
    for number in range(count):
        faker = fakers[number % len(fakers)]
        name = f"{faker.first_name()} {faker.last_name()}"
        while name in names:
            name = f"{faker.first_name()} {faker.last_name()}"
        names.add(name)
        address = " ".join(faker.address().split())
        people.append(Person(name, _email(name, number), _phone(number), address))
    return people


def _email(name: str, number: int) -> str:
    """An address that shows the name where ASCII can, as real ones do."""
    decomposed = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    words = "".join(c if c.isalnum() else " " for c in decomposed.lower()).split() or ["person"]
    return f"{'.'.join(words)}.{number}@example.com"


def _phone(number: int) -> str:
    if number % 2:
        return f"+44 20 7946 {number % 1000:04d}"
    return f"+1 {202 + number // 100 % 700}-555-{100 + number // 2 % 100:04d}"


def text_about(person: Person) -> Text:
    """The email that this person gets."""
    return Text(
        subject=f"Your booking, {person.name}",
        body=(
            f"Dear {person.name},\n\nyour room is reserved. We have your number as {person.phone} "
            f"and your address as {person.address}. If that is wrong, write to us from "
            f"{person.email} before you travel.\n"
        ),
    )


def canaries(people: list[Person]) -> Iterator[tuple[str, str]]:
    """(kind, value) of everything personal that emails about these people carry."""
    for person in people:
        text = text_about(person)
        yield "person", person.name
        yield "email", person.email
        yield "phone", person.phone
        yield "address", person.address
        yield "subject", text.subject
        yield "body", text.body
