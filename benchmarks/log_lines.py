"""Log lines as services write them, seeded: half structlog's JSON, half text, a few with people.

Ids, times and numbers differ from line to line, as they do in real logs; what a scanner makes of
that variety decides its speed. The people are synthetic.
"""

import json
import random
import uuid
from collections.abc import Iterator, Sequence

from scenarios.arrivals import Person

EPOCH_S = 1_767_225_600  # 2026-01-01
LOGGERS = (
    "app.api.routes",
    "app.worker.loop",
    "botocore.retries",
    "app.queue.pool",
    "kombu.mixins",
)
EVENTS = (
    "email accepted", "message received", "message deleted", "provider answered", "retry scheduled",
    "visibility extended", "circuit closed", "batch flushed", "request finished", "health checked",
)  # fmt: skip
PATHS = ("/v1/emails", "/healthz", "/readyz", "/metrics", "/v1/emails/{id}")
TEXTS = (
    "{time} INFO {logger} Processed message {id} in {ms} ms (attempt {small})",
    "{time} DEBUG {logger} Starting new HTTP connection ({small}): 10.0.{small}.{byte}:9324",
    '{time} INFO uvicorn.access 10.1.{byte}.{small}:{port} - "POST {path} HTTP/1.1" 202',
    "{time} WARNING {logger} Retry {small}/5 of SendMessage after {ms} ms: ThrottlingException",
    "{time} INFO {logger} Queue emails.fifo depth={port} oldest={ms}s in_flight={small}",
    '{time} ERROR {logger} File "/srv/app/worker/loop.py", line {small}, in deliver [{hex}]',
    "{time} INFO {logger} Flushed {small} records to s3://logs/2026/{hex}.parquet in {ms}ms",
    "{time} DEBUG sqlalchemy.engine SELECT id FROM outbox WHERE shard = {small} LIMIT {port}",
    "{time} INFO {logger} Connection pool size={small} idle={small} waited {ms} ms for {hex}",
    "{time} WARNING {logger} Group group-{small} locked by receipt {hex}, next try in {ms} ms",
)
WITH_PEOPLE = (
    "{time} ERROR {logger} Provider refused recipient {email}: mailbox full [{hex}]",
    "{time} INFO {logger} Sending confirmation to {name} ({phone})",
    "{time} DEBUG {logger} payload for {name}: {address}",
    "{time} WARNING {logger} Bounce from <{email}> after {ms} ms",
)


def log_lines(count: int, *, people: Sequence[Person], share: float, seed: int) -> Iterator[str]:
    """So many lines, of which `share` carry somebody's data."""
    rng = random.Random(f"log lines/{seed}")
    for number in range(count):
        at_s = EPOCH_S + number * 0.013
        person = rng.choice(people) if rng.random() < share else None
        if rng.random() < 0.5:
            yield _json_line(rng, at_s, person)
        else:
            pattern = rng.choice(WITH_PEOPLE if person else TEXTS)
            yield pattern.format(time=_time(at_s), **_values(rng), **_personal(person))


def _json_line(rng: random.Random, at_s: float, person: Person | None) -> str:
    values = _values(rng)
    line = {
        "timestamp": _time(at_s),
        "level": rng.choice(("debug", "info", "info", "info", "warning")),
        "event": rng.choice(EVENTS),
        "logger": values["logger"],
        "request_id": str(uuid.UUID(int=rng.getrandbits(128))),
        "trace_id": f"{rng.getrandbits(128):032x}",
        "message_id": values["id"],
        "receipt": values["hex"] * 2,
        "group": f"group-{rng.randrange(1000):04d}",
        "path": values["path"],
        "status": rng.choice((200, 202, 202, 202, 503)),
        "duration_ms": float(values["ms"]),
        "attempt": int(values["small"]),
        "host": f"worker-{rng.getrandbits(40):010x}",
        "peer": f"10.{rng.randrange(256)}.{rng.randrange(256)}.{rng.randrange(256)}",
        "version": "1.14.2",
    }
    if person is not None:
        field, value = rng.choice(tuple(_personal(person).items()))
        line[rng.choice((field, "detail"))] = value
    return json.dumps(line)


def _values(rng: random.Random) -> dict[str, str]:
    return {
        "logger": rng.choice(LOGGERS),
        "id": str(uuid.UUID(int=rng.getrandbits(128))),
        "hex": f"{rng.getrandbits(64):016x}",
        "ms": f"{rng.expovariate(1 / 40):.2f}",
        "small": str(rng.randrange(1, 100)),
        "byte": str(rng.randrange(256)),
        "port": str(rng.randrange(1024, 65536)),
        "path": rng.choice(PATHS),
    }


def _personal(person: Person | None) -> dict[str, str]:
    if person is None:
        return {}
    return {
        "name": person.name,
        "email": person.email,
        "phone": person.phone,
        "address": person.address,
    }


def _time(at_s: float) -> str:
    seconds = int(at_s)
    day, rest = divmod(seconds - EPOCH_S, 86_400)
    clock = f"{rest // 3600:02d}:{rest // 60 % 60:02d}:{rest % 60:02d}"
    return f"2026-01-{day + 1:02d}T{clock}.{int(at_s * 1000) % 1000:03d}Z"
