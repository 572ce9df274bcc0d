"""Settings from the environment, refused in one line that says what to change.

Variables are named `<PREFIX><FIELD>`, as in EMAIL_API_PORT. Credentials for SQS come from where
every AWS SDK looks for them (AWS_ACCESS_KEY_ID, a profile, a role).
"""

import argparse
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError, ValidationInfo
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from reference.log_setup import LogLevel
from reference.queues.epochs import read_epoch
from reference.queues.pool import Pool

Port = Annotated[int, Field(ge=0, le=65535)]
Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]
URL = r"^https?://\S+$"


def split_at_commas(text: object) -> object:
    """For a setting that is a list; an empty text is an empty one."""
    if not isinstance(text, str):
        return text
    return [part.strip() for part in text.split(",")] if text.strip() else []


def _check_pool(urls: tuple[str, ...] | None) -> tuple[str, ...] | None:
    return None if urls is None else Pool(urls).urls


def _unless_pooled(url: str | None, info: ValidationInfo) -> str | None:
    """It stands last of the three, so it sees whether there is one too many, or none."""
    given = [info.data.get(name) for name in ("queue_urls", "pool_file")]
    pools = sum(each is not None for each in given)
    if url is None and not pools:
        raise ValueError("not set, and neither is a pool")
    if (url is not None) + pools > 1:
        raise ValueError("set, and so is a pool" if url else "two pools are set")
    return url


def _must_be_a_pool(path: Path | None) -> Path | None:
    if path is not None:
        read_epoch(path)
    return path


class SettingsError(Exception):
    """A setting is missing or wrong. The text names variable, problem and what is wanted."""


class ProcessSettings(BaseSettings):
    """What every process of the pipeline needs to know."""

    model_config = SettingsConfigDict(frozen=True, hide_input_in_errors=True)

    queue_urls: Annotated[
        tuple[Annotated[str, Field(pattern=URL)], ...] | None,
        NoDecode,
        BeforeValidator(split_at_commas),
        AfterValidator(_check_pool),
    ] = Field(default=None, description="URLs of a pool's FIFO queues, with commas between")
    pool_file: Annotated[Path | None, AfterValidator(_must_be_a_pool)] = Field(
        default=None, description="JSON file of a pool that can be resized (see reference/queues)"
    )
    queue_url: Annotated[str | None, Field(pattern=URL), AfterValidator(_unless_pooled)] = Field(
        default=None, validate_default=True, description="URL of the SQS queue, if it is one"
    )
    sqs_endpoint_url: str | None = Field(
        default=None, pattern=URL, description="where SQS answers, if not AWS"
    )
    region: str = Field(default="us-east-1", min_length=1, description="AWS region")
    log_level: LogLevel = Field(default="info", description="debug, info, warning or error")

    @property
    def queues(self) -> tuple[str, ...]:
        """The URLs of all queues, unless a pool file names them."""
        return self.queue_urls or ((self.queue_url,) if self.queue_url else ())

    @classmethod
    def load(cls, program: str, arguments: Sequence[str]) -> Self:
        """Read the settings; `--help` prints them and exits.

        Raises SettingsError.
        """
        parser = argparse.ArgumentParser(
            prog=program,
            description="Configured by environment variables.",
            epilog="\n".join(cls._help_lines()),
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        parser.parse_args(arguments)
        try:
            return cls()
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False, include_context=False)[0]
            field = str(first["loc"][0])
            wanted = cls.model_fields[field].description
            problem = first["msg"].removeprefix("Value error, ")
            raise SettingsError(f"{cls.variable(field)}: {problem}; wanted: {wanted}") from None

    @classmethod
    def variable(cls, field: str) -> str:
        """The environment variable that sets `field`."""
        return f"{cls.model_config.get('env_prefix', '')}{field}".upper()

    @classmethod
    def _help_lines(cls) -> list[str]:
        return [
            f"  {cls.variable(name)}  {field.description}"
            + (" (required)" if field.is_required() else f" (default {field.default!r})")
            for name, field in cls.model_fields.items()
        ]


def parent_must_exist(path: Path | None) -> Path | None:
    """For a file that a process will write. Raises ValueError when it cannot be created."""
    if path is not None and not os.access(path.absolute().parent, os.W_OK):
        raise ValueError("its folder does not exist or is not writable")
    return path
