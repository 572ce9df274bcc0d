"""What the worker process can be told, as EMAIL_WORKER_* variables."""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_settings import SettingsConfigDict

from reference.settings import Port, ProcessSettings, Seconds, parent_must_exist
from reference.sqs_client import VISIBILITY_MAX_S


class WorkerSettings(ProcessSettings):
    """EMAIL_WORKER_*."""

    model_config = SettingsConfigDict(env_prefix="EMAIL_WORKER_")

    smtp_host: str = Field(default="127.0.0.1", min_length=1, description="the mail relay's host")
    smtp_port: Annotated[Port, Field(ge=1)] = Field(description="its TCP port, 1 to 65535")
    smtp_timeout_s: Seconds = Field(
        default=10.0, description="seconds to wait for each of its answers"
    )
    sender_domain: str = Field(
        default="mail.example.com",
        pattern=r"^[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*$",
        description="the domain in every Message-ID",
    )
    journal: Annotated[Path | None, AfterValidator(parent_must_exist)] = Field(
        default=None, description="file in a writable folder, to append the journal to"
    )
    visibility_timeout_s: int = Field(
        default=30,
        ge=2,
        le=VISIBILITY_MAX_S,
        description="whole seconds a received message stays hidden, 2 to 43200",
    )
    wait_time_s: int = Field(
        default=20, ge=0, le=20, description="whole seconds of a long poll, 0 to 20"
    )
    pollers: int = Field(default=2, ge=1, le=50, description="receive calls at a time, 1 to 50")
    concurrency: int = Field(default=8, ge=1, le=200, description="sends at a time, 1 to 200")
