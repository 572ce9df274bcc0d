"""A profile: what a team asks of its queues, in TOML.

The default is profiles/email-with-personal-data.toml, whose comments explain every key.
"""

import tomllib
from collections.abc import Collection
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from scenarios.model import shown

DEFAULT_PROFILE = Path(__file__).parent / "profiles" / "email-with-personal-data.toml"
PROFILE_BYTES_MAX = 100_000
RETENTION_S_MAX = 1_209_600  # SQS: 14 days
VISIBILITY_S_MAX = 43_200  # SQS: 12 hours
MAX_RECEIVE_COUNT_MAX = 1_000

LevelOrOff = Literal["error", "warning", "note", "off"]


class ProfileError(ValueError):
    """A profile that cannot be used. The text names file, key and value."""


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class QueueProfile(_Table):
    """How long messages may lie in the queue."""

    retention_s_min: int = Field(60, ge=60, le=RETENTION_S_MAX)
    retention_s_max: int = Field(RETENTION_S_MAX, ge=60, le=RETENTION_S_MAX)

    @model_validator(mode="after")
    def _is_a_range(self) -> Self:
        if self.retention_s_min > self.retention_s_max:
            raise ValueError("retention_s_min is above retention_s_max")
        return self


class ConsumerProfile(_Table):
    """Who reads the queue."""

    timeout_s: int = Field(ge=1, le=VISIBILITY_S_MAX)
    batch_window_s: int = Field(0, ge=0, le=300)


class DeadLetterProfile(_Table):
    """When a message is parked."""

    max_receive_count_min: int = Field(1, ge=1, le=MAX_RECEIVE_COUNT_MAX)
    max_receive_count_max: int = Field(MAX_RECEIVE_COUNT_MAX, ge=1, le=MAX_RECEIVE_COUNT_MAX)

    @model_validator(mode="after")
    def _is_a_range(self) -> Self:
        if self.max_receive_count_min > self.max_receive_count_max:
            raise ValueError("max_receive_count_min is above max_receive_count_max")
        return self


class LogsProfile(_Table):
    """How logs are kept."""

    groups: list[Annotated[str, Field(min_length=1, max_length=512)]] = []
    retention_days_max: int = Field(3_653, ge=1, le=3_653)
    masked: list[Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9-]*$")]] = []


class Profile(_Table):
    """One profile file."""

    name: str = Field(min_length=1, max_length=200)
    encryption: Literal["any", "kms"] = "any"
    queue: QueueProfile = QueueProfile()
    consumer: ConsumerProfile
    dead_letter: DeadLetterProfile = DeadLetterProfile()
    logs: LogsProfile = LogsProfile()
    levels: dict[str, LevelOrOff] = {}


def load_profile(path: Path, rule_ids: Collection[str]) -> Profile:
    """Its `levels` may name these rules. Raises ProfileError."""
    try:
        with path.open("rb") as file:
            raw = file.read(PROFILE_BYTES_MAX + 1)
        if len(raw) > PROFILE_BYTES_MAX:
            raise ProfileError(f"{path}: larger than {PROFILE_BYTES_MAX} bytes")
        profile = Profile.model_validate(tomllib.loads(raw.decode()))
    except UnicodeDecodeError as error:
        raise ProfileError(f"{path}: not UTF-8 (byte {error.start})") from error
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ProfileError(f"{path}: not TOML: {error}") from error
    except ValidationError as error:
        raise ProfileError(_problems(path, error)) from error
    except OSError as error:
        raise ProfileError(f"{path}: {error.strerror}") from error
    for rule_id in profile.levels.keys() - set(rule_ids):
        raise ProfileError(
            f"{path}: levels.{shown(rule_id)}: no such rule; wanted one of {', '.join(rule_ids)}"
        )
    return profile


def _problems(path: Path, error: ValidationError) -> str:
    return "\n".join(
        f"{path}: {'.'.join(map(str, item['loc'])) or 'profile'}: {item['msg']} "
        f"(got {shown(item['input'])})"
        for item in error.errors(include_url=False)
    )
