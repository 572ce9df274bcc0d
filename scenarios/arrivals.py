"""Seeded traffic: when emails should be sent, in which message group, about which people.

An open model: intended times depend on the seed alone, never on how quickly anything answers.
The people are synthetic (Faker) and double as canaries: every value of theirs that the traffic
carries is known, so a log that repeats one is caught exactly. Addresses are at example.com
(RFC 2606); phone numbers are of the ranges kept for fiction (NANP 555-0100 to 0199, Ofcom's
020 7946 0000 to 0999).
"""

import random
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from faker import Faker

from scenarios.model import EmailLoad, SqsCallLoad

LOCALES = ("en_US", "de_DE", "pl_PL", "fr_FR", "en_GB", "ja_JP")
BLOCK_ARRIVALS = 1 << 14  # drawn at once; a sender waits for less than a millisecond
BLOCK_ARRIVALS_MIN = 1 << 6
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
class ArrivalBlock:
    """Emails that follow each other, as columns."""

    numbers: npt.NDArray[np.int64]  # of the arrivals, from 0
    intended_s: npt.NDArray[np.float64]  # since the start of the load
    groups: npt.NDArray[np.int32]  # indexes of their message groups


@dataclass(frozen=True)
class Text:
    """What an email says; one per person, so that a leaked body can be named."""

    subject: str
    body: str


def zipf_weights(groups: int, skew: float) -> list[float]:
    """Weight of each group, the first the heaviest; `skew` 0 is even."""
    return [1 / rank**skew for rank in range(1, groups + 1)]


def group_weights(load: EmailLoad) -> list[float]:
    """How a load spreads over its groups; a hot one is the first."""
    if not load.hot_share:
        return zipf_weights(load.groups, load.group_skew)
    others = zipf_weights(load.groups - 1, load.group_skew)
    scale = (1 - load.hot_share) / sum(others)
    return [load.hot_share, *(weight * scale for weight in others)]


def email_blocks(load: EmailLoad, seed: int) -> Iterator[ArrivalBlock]:
    """The emails of a load in bulk, in the order of their intended times.

    Times are evenly spaced, or a Poisson process, at the rate of each stage of the load. Whole
    blocks are drawn and the last one is cut, so that a shorter load is a prefix of the longer one,
    to the bit; how large the blocks are changes nothing, and a small load draws small ones. The
    generator is the Mersenne Twister of `random`, whose sequence NumPy's RandomState can continue
    and promises to keep.
    """
    is_even = load.arrivals == "even"
    total = int(load.emails) if is_even else None
    # Stages stretch and squeeze the time of a load of one email a second.
    rate_per_s = 1.0 if load.stages else load.rate_per_s
    draws = _twister(f"arrivals/{seed}")
    cumulative = np.cumsum(group_weights(load))
    first, last = 0, 0.0
    some = 1 << int(load.emails).bit_length()  # more than are expected
    block = min(max(some, BLOCK_ARRIVALS_MIN), BLOCK_ARRIVALS)
    while total is None or first < total:
        numbers = np.arange(first, first + block)
        if is_even:
            times = numbers / rate_per_s
            chances = draws.random_sample(block)
        else:
            pairs = draws.random_sample((block, 2))
            gaps = -np.log1p(-pairs[:, 0]) / rate_per_s
            times, chances = np.cumsum(np.concatenate([[last], gaps]))[1:], pairs[:, 1]
        last = float(times[-1])
        times_s = _staged(times, load) if load.stages else times
        groups = np.searchsorted(cumulative, chances * cumulative[-1], side="right")
        kept = block if total is None else min(block, total - first)
        if total is None and times_s[-1] >= load.duration_s:
            kept = int(np.searchsorted(times_s, load.duration_s, side="left"))
            total = first + kept
        if kept:
            yield ArrivalBlock(numbers[:kept], times_s[:kept], groups[:kept].astype(np.int32))
        first += block


def _staged(emails: npt.NDArray[np.float64], load: EmailLoad) -> npt.NDArray[np.float64]:
    """When so many emails are due; after the load's end its last rate goes on."""
    starts_s, ends_s, rates = (np.array(each) for each in zip(*load.rates, strict=True))
    due = np.concatenate([[0.0], np.cumsum((ends_s - starts_s) * rates)])  # at each stage's start
    stage = np.clip(np.searchsorted(due, emails, side="right") - 1, 0, len(rates) - 1)
    times_s: npt.NDArray[np.float64] = starts_s[stage] + (emails - due[stage]) / rates[stage]
    return times_s


def email_arrivals(load: EmailLoad, seed: int, prefix: str) -> Iterator[Arrival]:
    """The emails of `email_blocks` one by one; `prefix` begins their keys."""
    for block in email_blocks(load, seed):
        for number, intended_s, group in zip(
            block.numbers.tolist(), block.intended_s.tolist(), block.groups.tolist(), strict=True
        ):
            yield Arrival(number, intended_s, key_of(prefix, number), group_of(group))


def key_of(prefix: str, number: int) -> str:
    """The idempotency key of a load's n-th email, from 0."""
    return f"{prefix}-{number:06d}"


def group_of(index: int) -> str:
    """The name of a load's n-th message group, from 0."""
    return f"group-{index:04d}"


def _twister(seed: str) -> np.random.RandomState:
    """`random.Random(seed)` for bulk draws: the same numbers in the same order."""
    _, state, _ = random.Random(seed).getstate()
    draws = np.random.RandomState()
    *key, position = state
    words = np.array(key, dtype=np.uint32)
    draws.set_state({"bit_generator": "MT19937", "state": {"key": words, "pos": position}})
    return draws


def call_arrivals(load: SqsCallLoad, prefix: str) -> Iterator[Arrival]:
    """The calls of one action: evenly spaced, groups in turn."""
    for number in range(int(load.rate_per_s * load.duration_s)):
        at_s = number / load.rate_per_s
        yield Arrival(number, at_s, key_of(prefix, number), group_of(number % load.groups))


class People:
    """Makes people with distinct names and addresses, of several locales.

    Loading Faker's word lists takes longer than making a hundred people.
    """

    def __init__(self) -> None:
        self._fakers = [Faker(locale) for locale in LOCALES]

    def of_seed(self, count: int, seed: int) -> list[Person]:
        for index, faker in enumerate(self._fakers):
            faker.seed_instance(seed * len(LOCALES) + index)
        people: list[Person] = []
        names: set[str] = set()
        for number in range(count):
            faker = self._fakers[number % len(self._fakers)]
            name = f"{faker.first_name()} {faker.last_name()}"
            while name in names:
                name = f"{faker.first_name()} {faker.last_name()}"
            names.add(name)
            address = " ".join(faker.address().split())
            people.append(Person(name, _email(name, number), _phone(number), address))
        return people


def synthetic_people(count: int, seed: int) -> list[Person]:
    """The people of one load."""
    return People().of_seed(count, seed)


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
