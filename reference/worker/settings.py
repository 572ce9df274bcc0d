"""What the worker process can be told, as EMAIL_WORKER_* variables."""

from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationInfo
from pydantic_settings import NoDecode, SettingsConfigDict

from reference.settings import (
    URL,
    Port,
    ProcessSettings,
    Seconds,
    parent_must_exist,
    split_at_commas,
)
from reference.sqs_client import VISIBILITY_MAX_S
from reference.worker.ledger.place import check_place
from reference.worker.ledger.port import RETENTION_MAX_S

ProviderName = Literal["smtp", "ses", "sendgrid", "mailgun"]
_DOMAIN = r"^[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*$"


def _once_each(names: tuple[ProviderName, ...]) -> tuple[ProviderName, ...]:
    if len(set(names)) < len(names):
        raise ValueError("a provider stands there twice")
    return names


def _needed_by(provider: ProviderName) -> AfterValidator:
    """For a setting that must be there once its provider is among the providers."""

    def check(value: Any, info: ValidationInfo) -> Any:
        if value is None and provider in info.data.get("providers", ()):
            raise ValueError(f"not set, and {provider} is among the providers")
        return value

    return AfterValidator(check)


class WorkerSettings(ProcessSettings):
    """EMAIL_WORKER_*."""

    model_config = SettingsConfigDict(env_prefix="EMAIL_WORKER_", validate_default=True)

    providers: Annotated[
        tuple[ProviderName, ...],
        NoDecode,
        BeforeValidator(split_at_commas),
        AfterValidator(_once_each),
    ] = Field(
        default=("smtp",),
        min_length=1,
        description=f"whom to ask, in the order of failover, of {', '.join(get_args(ProviderName))}"
        "; as in ses,sendgrid",
    )
    provider_timeout_s: Seconds = Field(
        default=10.0, description="seconds to wait for each of a provider's answers"
    )
    smtp_host: str = Field(default="127.0.0.1", min_length=1, description="the mail relay's host")
    smtp_port: Annotated[Port | None, Field(ge=1), _needed_by("smtp")] = Field(
        default=None, description="its TCP port, 1 to 65535; smtp needs it"
    )
    ses_endpoint_url: str | None = Field(
        default=None, pattern=URL, description="where Amazon SES answers, if not AWS"
    )
    sendgrid_url: str = Field(
        default="https://api.sendgrid.com", pattern=URL, description="where SendGrid's API answers"
    )
    sendgrid_api_key: Annotated[SecretStr | None, _needed_by("sendgrid")] = Field(
        default=None, min_length=1, description="SendGrid's API key; sendgrid needs it"
    )
    mailgun_url: str = Field(
        default="https://api.mailgun.net",
        pattern=URL,
        description="where Mailgun's API answers; in the EU https://api.eu.mailgun.net",
    )
    mailgun_domain: Annotated[str | None, _needed_by("mailgun")] = Field(
        default=None, pattern=_DOMAIN, description="the domain at Mailgun; mailgun needs it"
    )
    mailgun_api_key: Annotated[SecretStr | None, _needed_by("mailgun")] = Field(
        default=None, min_length=1, description="Mailgun's API key; mailgun needs it"
    )
    sender_domain: str = Field(
        default="mail.example.com", pattern=_DOMAIN, description="the domain in every Message-ID"
    )
    ledger: Annotated[str, AfterValidator(check_place)] = Field(
        default="sqlite:deliveries.sqlite3",
        description="where to keep what was sent: sqlite:PATH (a file in a writable folder, shared"
        " by all workers of the machine), dynamodb:TABLE (its key email_id, its time to live"
        " expires_at; AWS_ENDPOINT_URL_DYNAMODB if it is not at AWS), or none (in memory)",
    )
    ledger_retention_s: Seconds = Field(
        default=RETENTION_MAX_S,
        description="seconds to keep it; at least the queue's retention period, which is at most 14"
        " days",
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
        default=5, ge=0, le=20, description="whole seconds of a long poll, 0 to 20"
    )
    pollers: int = Field(
        default=2, ge=1, le=50, description="receive calls at a time for each queue, 1 to 50"
    )
    concurrency: int = Field(default=8, ge=1, le=200, description="sends at a time, 1 to 200")
