"""Canaries: values that the test traffic carried, so that finding one in a log is proof."""

import re
from dataclasses import dataclass, field
from pathlib import Path

import orjson

# A control is planted on purpose to show that the log was read; it is counted, never a finding.
CONTROL_KIND = "control"
VALUE_CHARS_MIN = 3  # shorter values stand in every log
_KIND = re.compile(r"[a-z][a-z0-9_]{0,31}")


class CanaryFileError(ValueError):
    """A canary file that cannot be used; says file, line and what was wanted, never the value."""


@dataclass(frozen=True)
class Canary:
    """One known value. Raises ValueError when it could not be searched for."""

    kind: str  # email, person, phone, address, subject, body, control, or a word of your own
    value: str = field(repr=False)

    def __post_init__(self) -> None:
        # The kind is printed in reports, so it must not be able to carry a value.
        if not isinstance(self.kind, str) or not _KIND.fullmatch(self.kind):
            raise ValueError(
                "kind: wanted up to 32 of a-z, 0-9 and _, starting with a letter, as in 'email'"
            )
        if not isinstance(self.value, str) or len(self.value.strip()) < VALUE_CHARS_MIN:
            raise ValueError(f"value: wanted text of at least {VALUE_CHARS_MIN} characters")
        if "\x00" in self.value:  # NULs are taken out of log lines before the search
            raise ValueError("value: wanted text without NUL characters")

    @property
    def is_control(self) -> bool:
        return self.kind == CONTROL_KIND


def load_canaries(path: Path | str) -> list[Canary]:
    """Read a JSON Lines file of {"kind": ..., "value": ...}; blank lines are skipped.

    Raises CanaryFileError for an unreadable file, a line that is no such object, or an empty one.
    """
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise CanaryFileError(
            f"{path}: cannot be read ({error.strerror or 'unknown reason'}); "
            "give a JSON Lines file of canaries"
        ) from None
    canaries = [
        _canary(path, number, line)
        for number, line in enumerate(data.split(b"\n"), start=1)
        if line.strip()
    ]
    if not canaries:
        raise CanaryFileError(
            f'{path}: holds no canary; wanted lines of {{"kind": .., "value": ..}}'
        )
    return canaries


def _canary(path: Path | str, number: int, line: bytes) -> Canary:
    try:
        row = orjson.loads(line)
    except orjson.JSONDecodeError:
        row = None
    if not isinstance(row, dict):
        raise CanaryFileError(
            f'{path}, line {number}: wanted one JSON object {{"kind": .., "value": ..}}'
        )
    missing = [key for key in ("kind", "value") if key not in row]
    if missing:
        raise CanaryFileError(f"{path}, line {number}: no {' and no '.join(map(repr, missing))}")
    try:
        return Canary(row["kind"], row["value"])
    except ValueError as error:
        raise CanaryFileError(f"{path}, line {number}: {error}") from None
