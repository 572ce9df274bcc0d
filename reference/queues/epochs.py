"""A pool that changes: the epochs of its file, and what a group's change of queue needs.

    {"epoch": 2, "queues": ["URL", ..], "draining": [["URL", ..]]}

`draining` are the pools of earlier epochs, the oldest first, whose messages may not all be gone.
They stand there whole and not only with the queues that left, because they tell which queue had a
group before.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from reference.queues.names import queue_name
from reference.queues.pool import Pool, PoolError

FILE_BYTES_MAX = 1_048_576
DRAINING_MAX = 16

_Url = Annotated[str, Field(pattern=r"^https?://\S+\.fifo$")]


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)

    epoch: int = Field(ge=1)
    queues: list[_Url]
    draining: list[list[_Url]] = Field(default=[], max_length=DRAINING_MAX)


@dataclass(frozen=True)
class Marker:
    """Proof to be had: once it left `url`, so has all of `group` that was sent there before it."""

    url: str
    group: str
    marker_id: str


@dataclass(frozen=True)
class Epoch:
    """A pool, and those before it."""

    number: int
    pool: Pool
    draining: tuple[Pool, ...] = ()

    @property
    def urls(self) -> tuple[str, ...]:
        """All queues that may hold messages."""
        pools = (self.pool, *self.draining)
        return tuple(dict.fromkeys(url for pool in pools for url in pool.urls))

    def markers(self, group: str) -> tuple[Marker, ...]:
        """What has to leave before the group may go to its queue; nothing if it has not moved.

        Where a group comes back to a queue that it had before, that queue's own order suffices.
        """
        owner = queue_name(self.pool.owner(group))
        formers = {queue_name(url): url for pool in self.draining for url in [pool.owner(group)]}
        formers.pop(owner, None)
        return tuple(
            Marker(url, group, self._marker_id(name, group)) for name, url in formers.items()
        )

    def next(self, urls: Sequence[str]) -> "Epoch":
        """The epoch after this one. Raises PoolError."""
        if len(self.draining) == DRAINING_MAX:
            raise PoolError(f"{DRAINING_MAX} earlier pools are draining; forget them first")
        return Epoch(self.number + 1, Pool(tuple(urls)), (*self.draining, self.pool))

    def to_json(self) -> str:
        pools = [list(pool.urls) for pool in self.draining]
        found = {"epoch": self.number, "queues": list(self.pool.urls), "draining": pools}
        return json.dumps(found, indent=2) + "\n"

    def _marker_id(self, name: str, group: str) -> str:
        """Like an email's id, so that the delivery ledger keeps it like one.

        Made of the whole epoch: a number that is used again must not find an older proof.
        """
        digest = self._fingerprint.copy()
        digest.update(f"\0{name}\0{group}".encode())
        return f"em_{digest.hexdigest()[:32]}"

    @cached_property
    def _fingerprint(self) -> "hashlib._Hash":
        return hashlib.sha256(self.to_json().encode())


def parse_epoch(text: bytes) -> Epoch:
    """Raises PoolError."""
    if len(text) > FILE_BYTES_MAX:
        raise PoolError(f"a pool file of more than {FILE_BYTES_MAX} bytes")
    try:
        found = _File.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "the file"
        raise PoolError(f"{place}: {first['msg']}") from None
    draining = tuple(Pool(tuple(urls)) for urls in found.draining)
    return Epoch(found.epoch, Pool(tuple(found.queues)), draining)


def read_epoch(path: Path) -> Epoch:
    """Raises PoolError."""
    try:
        return parse_epoch(path.read_bytes())
    except OSError as error:
        raise PoolError(f"the pool file cannot be read ({error.strerror})") from error
