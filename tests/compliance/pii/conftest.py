"""People who do not exist, logs that say nothing of them, and one loaded model for all tests."""

import random
import uuid

import orjson
import pytest
from faker import Faker

from compliance.pii import Canary
from compliance.pii.names import NameFinder

SEED = 20251124
EVENTS = ("email.accepted", "sqs.sent", "message.received", "smtp.sent", "message.deleted")


@pytest.fixture(scope="session")
def finder():
    return NameFinder()


@pytest.fixture(scope="session")
def people():
    """Canaries of every kind for a few synthetic people."""
    fake = Faker()
    fake.seed_instance(SEED)
    canaries = []
    for number in range(12):
        canaries += [
            Canary("email", f"{fake.user_name()}.{number}@example.com"),
            Canary("person", f"{fake.first_name()} {fake.last_name()}"),
            Canary("phone", f"+1-212-555-01{number:02}"),
            Canary("address", fake.address()),
            Canary("subject", f"{fake.sentence(6)} {number}"),
            Canary("body", f"{fake.paragraph(5)} {number}"),
        ]
    return canaries


@pytest.fixture(scope="session")
def clean_lines():
    """A component's structlog lines: ids, times and figures, nobody's data."""
    rng = random.Random(SEED)
    return [
        orjson.dumps(
            {
                "timestamp": f"2025-11-24T10:{n // 60:02}:{n % 60:02}.{rng.randrange(10**6):06}Z",
                "level": rng.choice(["info", "info", "warning"]),
                "event": rng.choice(EVENTS),
                "logger": rng.choice(["reference.api.app", "reference.worker.loop"]),
                "email_id": str(uuid.UUID(int=rng.getrandbits(128))),
                "status": rng.choice([200, 202, 503]),
                "duration_ms": round(rng.random() * 100, 3),
                "method": "POST",
                "path": "/v1/emails",
                "sequence": str(rng.randrange(10**19, 2 * 10**19)),
                "digest": f"{rng.getrandbits(256):064x}",
                "peer": f"127.0.0.1:{rng.randrange(1024, 65536)}",
                "deadline_at": 1_764_000_000_000 + n,
            }
        ).decode()
        for n in range(400)
    ]


@pytest.fixture
def write_log(tmp_path):
    """Writes lines to a log file and returns its path."""

    def write(lines, name="api.log"):
        path = tmp_path / name
        path.write_bytes(
            b"".join((line if isinstance(line, bytes) else line.encode()) + b"\n" for line in lines)
        )
        return path

    return write
