"""What the HTTP APIs of the providers have in common."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import orjson
from pydantic import BaseModel, ConfigDict, ValidationError

from reference.cloud.mail_sink.mail import Mail


class Request(NamedTuple):
    """An HTTP request, read to its end; header names are lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP answer."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


class Refused(Exception):  # noqa: N818 - an answer, not a mistake of ours
    """The API refuses the request with this reply."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.status)
        self.reply = reply


class HttpApi(Protocol):
    """One provider's API for sending."""

    name: str

    def serves(self, path: str) -> bool:
        """Whether the path is one of this API's."""
        ...

    def parse(self, request: Request, key_header: str) -> list[Mail]:
        """The emails that the request wants sent. Raises Refused."""
        ...

    def accepted(self) -> Reply:
        """The answer to a request whose emails were accepted."""
        ...

    def refusal(self, kind: str) -> Reply:
        """The answer when throttled, unavailable, or for good: see `faults.Refusal`."""
        ...

    def refused_recipient(self, address: str) -> Reply:
        """The answer when one recipient is refused for good."""
        ...


class Tolerant(BaseModel):
    """A part of a request; fields that the sink has no use for are passed over."""

    model_config = ConfigDict(extra="ignore")


def first_problem(error: ValidationError) -> tuple[str, str]:
    """Field and problem, without the value."""
    first = error.errors(include_url=False, include_input=False)[0]
    return ".".join(str(part) for part in first["loc"]), first["msg"]


def json_reply(status: int, value: Any, headers: Mapping[str, str] | None = None) -> Reply:
    return Reply(
        status, orjson.dumps(value), {"content-type": "application/json", **(headers or {})}
    )


def pairs(fields: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    return [(name, str(value)) for name, value in (fields or {}).items()]
