"""Labelled lines from people, statements and formats; and a stream of them as services log."""

import random
import string
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime, timedelta

from compliance.pii.corpus.clean import clean_lines
from compliance.pii.corpus.formats import FORMATS, HELD_OUT_FORMATS, Event
from compliance.pii.corpus.labels import LabelledLine, mark, unmark
from compliance.pii.corpus.people import HELD_OUT_LOCALES, LOCALES, Person, Population
from compliance.pii.corpus.statements import STATEMENTS, Statement

_FIRST_AT = datetime(2025, 11, 24, 10, tzinfo=UTC)
_LOGGERS = ("app.mail.sender", "reference.worker.loop", "acme.billing", "api.routes.emails")


def labelled_lines(count: int, *, seed: int, is_held_out: bool) -> Iterator[LabelledLine]:
    """Lines of the development part or of the held-out part, every combination equally often."""
    rng = random.Random(f"lines {seed} {is_held_out}")
    formats = [name for name in FORMATS if (name in HELD_OUT_FORMATS) == is_held_out]
    statements = [said for said in STATEMENTS if said.is_held_out == is_held_out]
    populations = [
        Population(locale, seed)
        for locale in LOCALES
        if (locale in HELD_OUT_LOCALES) == is_held_out
    ]
    for number in range(count):
        yield _line(
            rng,
            _FIRST_AT + timedelta(seconds=number),
            rng.choice(formats),
            rng.choice(populations),
            statements[number % len(statements)],
        )


def realistic_lines(count: int, *, seed: int, share_personal: float) -> Iterator[LabelledLine]:
    """A service's log: clean lines, and a share of lines that tell of somebody."""
    rng = random.Random(f"realistic {seed}")
    clean = clean_lines(count, seed=seed)
    personal = labelled_lines(count, seed=seed, is_held_out=False)
    for line in clean:
        yield next(personal) if rng.random() < share_personal else line


def _line(
    rng: random.Random, at: datetime, form: str, population: Population, said: Statement
) -> LabelledLine:
    person = population.draw()
    values = _marked(rng, person)
    event = Event(
        at=at,
        level=rng.choice(("info", "info", "warning", "error")),
        logger=rng.choice(_LOGGERS),
        message=said.message.format(**values),
        fields={key: value.format(**values) for key, value in said.fields.items()},
        rng=rng,
    )
    text, labels = unmark(FORMATS[form](event))
    return LabelledLine(text, labels, form, population.locale, said.path)


def _marked(rng: random.Random, person: Person) -> dict[str, str]:
    first, _, last = person.person.partition(" ")
    return {
        **{kind: mark(kind, value) for kind, value in asdict(person).items()},
        "first": mark("person", first),
        "last": mark("person", last),
        "n": str(rng.randrange(1, 10_000)),
        "hex": f"{rng.getrandbits(48):012x}",
        "uuid": "-".join(
            "".join(rng.choices(string.hexdigits[:16], k=size)) for size in (8, 4, 4, 4, 12)
        ),
        "host": f"mail-{rng.randrange(9)}",
    }
