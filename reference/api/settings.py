"""What the API process can be told, as EMAIL_API_* variables."""

import json
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationInfo
from pydantic_settings import NoDecode, SettingsConfigDict

from reference.domain import MESSAGE_GROUP
from reference.queues.pool_file import REREAD_S
from reference.settings import Port, ProcessSettings, Seconds, parent_must_exist
from reference.sqs_client import SEND_BATCH_MAX
from reference.worker.ledger.place import check_place

KEY_LENGTH_MIN = 8


def _parse_keys(text: object) -> object:
    if not isinstance(text, str):
        return text
    try:
        return json.loads(text)
    except ValueError:
        raise ValueError("not JSON") from None


def _check_keys(keys: dict[str, SecretStr]) -> dict[str, SecretStr]:
    for number, (tenant, key) in enumerate(keys.items(), start=1):
        if not MESSAGE_GROUP.fullmatch(tenant):
            raise ValueError(f"tenant {number} has no usable name (it becomes a message group)")
        if len(key.get_secret_value()) < KEY_LENGTH_MIN:
            raise ValueError(f"the key of tenant {number} is shorter than {KEY_LENGTH_MIN}")
    if len({key.get_secret_value() for key in keys.values()}) < len(keys):
        raise ValueError("two tenants have the same key")
    return keys


TenantKeys = Annotated[
    dict[str, SecretStr],
    NoDecode,
    BeforeValidator(_parse_keys),
    Field(min_length=1),
    AfterValidator(_check_keys),
]


def _ledger_of_a_pool_file(place: str | None, info: ValidationInfo) -> str | None:
    if place is None:
        if info.data.get("pool_file") is not None:
            raise ValueError("not set, and a pool file is")
        return None
    if check_place(place).startswith("none"):
        raise ValueError("no ledger that others can read")
    return place


def _outlasts_a_call(fence_s: float, info: ValidationInfo) -> float:
    call_s = sum(info.data.get(name, 0.0) for name in ("connect_timeout_s", "read_timeout_s"))
    if fence_s <= REREAD_S + call_s:
        raise ValueError(f"not longer than a look at the file and a call ({REREAD_S + call_s:g} s)")
    return fence_s


class ApiSettings(ProcessSettings):
    """EMAIL_API_*."""

    model_config = SettingsConfigDict(env_prefix="EMAIL_API_")

    keys: TenantKeys = Field(
        description='a JSON object of tenants and their API keys, {"shop": "KEY"}'
    )
    host: str = Field(default="127.0.0.1", min_length=1, description="address to listen on")
    port: Port = Field(default=0, description="TCP port, 0 to 65535; 0 takes a free one")
    port_file: Annotated[Path | None, AfterValidator(parent_must_exist)] = Field(
        default=None,
        description="file in a writable folder, where the port is written once serving",
    )
    ledger: Annotated[str | None, AfterValidator(_ledger_of_a_pool_file)] = Field(
        default=None,
        validate_default=True,
        description="where the workers keep what was sent, as EMAIL_WORKER_LEDGER names it, sqlite"
        " or dynamodb; needed with a pool file, to see when a group may move",
    )
    request_bytes_max: int = Field(
        default=2 * 1024 * 1024, gt=0, description="largest HTTP body, in bytes"
    )
    message_bytes_max: int = Field(
        default=1_048_576, ge=1024, le=1_048_576, description="the queue's MaximumMessageSize"
    )
    send_threads: int = Field(default=32, ge=1, le=500, description="SQS calls at a time, 1 to 500")
    send_line_max: int = Field(
        default=256, ge=0, le=100_000, description="SQS calls that may wait for a free thread"
    )
    send_attempts_max: int = Field(
        default=3, ge=1, le=10, description="attempts a request, 1 to 10"
    )
    send_deadline_s: Seconds = Field(
        default=4.0, description="seconds after which no further attempt begins"
    )
    send_batch_max: int = Field(
        default=1,
        ge=1,
        le=SEND_BATCH_MAX,
        description="messages of concurrent requests that share an SQS call, 1 to 10",
    )
    send_linger_ms: float = Field(
        default=5.0,
        ge=0,
        le=1000,
        description="milliseconds a message waits for others to share its call with, 0 to 1000",
    )
    connect_timeout_s: Seconds = Field(default=1.0, description="seconds to connect to SQS")
    read_timeout_s: Seconds = Field(default=2.0, description="seconds to wait for SQS's answer")
    pool_fence_s: Annotated[Seconds, AfterValidator(_outlasts_a_call)] = Field(
        default=5.0,
        description="seconds from reading a new pool file until its groups move; more than all"
        " replicas need to read it and a call to SQS lasts",
    )
