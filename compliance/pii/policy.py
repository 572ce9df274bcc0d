"""What a team decided about its logs, in `queueproof.toml` or `[tool.queueproof.scan]`.

    fail_on = "error"                     # warnings are shown and pass
    allow_fields = ["$.client_ip"]        # JSON paths that may hold personal data
    baseline = "pii-baseline.json"
    [levels]
    "pattern/IP_ADDRESS" = "note"         # or error, warning, off
    [[allow]]
    rule = "pattern/EMAIL_ADDRESS"        # any of rule, json_path and template; all must fit
    template = "^support address"         # RE2, searched in the template that the report shows
    reason = "our own public address"
    expires = 2027-01-31

Decisions live here and never in a log: a log line is written by strangers, and one that reads like
an allow comment is a log line. Expressions are RE2, so none of them can run away.
"""

import tomllib
from collections.abc import Mapping
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, cast

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from compliance.pii.printable import printable
from compliance.pii.report import Place
from compliance.pii.third_party import quiet_import

OWN_FILE, PROJECT_FILE = "queueproof.toml", "pyproject.toml"
_EXPRESSION_CHARS_MAX = 500
_EXPRESSION_MEMORY_BYTES_MAX = 8 << 20
_SHOWN_CHARS_MAX = 60
RuleLevel = Literal["error", "warning", "note", "off"]
_RULE = r"^[a-z]+/[A-Za-z0-9_*]+$"


class PolicyError(ValueError):
    """A policy file that cannot be used; says file, key, value and what was wanted."""


def _linear_expression(expression: str) -> str:
    if len(expression) > _EXPRESSION_CHARS_MAX:
        raise ValueError(f"wanted an expression of at most {_EXPRESSION_CHARS_MAX} characters")
    _compiled(expression)
    return expression


def _compiled(expression: str) -> Any:
    re2 = quiet_import("re2")
    options = re2.Options()
    options.max_mem = _EXPRESSION_MEMORY_BYTES_MAX
    options.log_errors = False
    try:
        return re2.compile(expression, options)
    except re2.error:
        raise ValueError("wanted an RE2 expression (no back references, no look-around)") from None


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Allow(_Strict):
    """Findings that the team looked at and lets pass, why, and until when."""

    reason: Annotated[str, Field(min_length=8)]
    expires: date
    rule: Annotated[str, Field(pattern=_RULE)] | None = None  # canary/email, pattern/*
    json_path: Annotated[str, Field(min_length=1)] | None = None  # $.to[*]; * for any part
    template: Annotated[str, AfterValidator(_linear_expression)] | None = None

    @model_validator(mode="after")
    def _is_narrow(self) -> "Allow":
        if self.rule is None and self.json_path is None and self.template is None:
            raise ValueError("wanted one of rule, json_path and template: this would allow all")
        return self

    def fits(self, place: Place) -> bool:
        """Whether the entry is about this place, expired or not."""
        return (
            (self.rule is None or _matches(self.rule, place.rule))
            and (self.json_path is None or path_matches(self.json_path, place.json_path))
            and (self._expression is None or bool(self._expression.search(place.template)))
        )

    @cached_property
    def _expression(self) -> Any:
        return None if self.template is None else _compiled(self.template)


class Policy(_Strict):
    """All settings that a file may hold; the command line overrides those that it has too."""

    paths: tuple[str, ...] = ()
    canaries: str | None = None
    require_canary: bool = False
    names: bool = True
    model: str | None = None
    confidence_min: Annotated[float, Field(ge=0, le=1)] | None = None
    phone_regions: tuple[Annotated[str, Field(pattern="^[A-Z]{2}$")], ...] | None = None
    fail_on: Literal["error", "warning"] = "warning"
    baseline: str | None = None
    jobs: Annotated[int, Field(ge=1, le=256)] = 1
    allow_fields: tuple[Annotated[str, Field(pattern=r"^\$")], ...] = ()
    levels: Mapping[Annotated[str, Field(pattern=_RULE)], RuleLevel] = Field(default_factory=dict)
    allow: tuple[Allow, ...] = ()

    def level_of(self, place: Place) -> RuleLevel:
        """The level that the policy gives the place's rule; its own without one. The longest
        name wins, so that `ner/PERSON` stands out of `ner/*`.
        """
        fitting = [name for name in self.levels if _matches(name, place.rule)]
        if not fitting:
            return cast(RuleLevel, place.level)
        return self.levels[max(fitting, key=len)]

    def allows_field(self, place: Place) -> bool:
        """Whether the place's JSON path may hold personal data."""
        return any(path_matches(allowed, place.json_path) for allowed in self.allow_fields)


def load_policy(path: Path | None, folder: Path) -> tuple[Policy, Path]:
    """The policy of a file, or of the nearest one at or above the folder; and where its relative
    paths start. Without a file, the defaults. Raises PolicyError.
    """
    found = path or _nearest(folder)
    if found is None:
        return Policy(), folder
    table = _table(found)
    try:
        return Policy.model_validate(_as_tuples(table)), found.absolute().parent
    except ValidationError as error:
        raise PolicyError(f"{found}: {_told(error)}") from None


def path_matches(wanted: str, path: str) -> bool:
    """Whether a JSON path is the wanted one or lies under it. `[*]` is any item, `.*` any key."""
    wanted_parts, parts = _parts(wanted), _parts(path)
    return len(parts) >= len(wanted_parts) > 0 and all(
        want in {part, "*"} for want, part in zip(wanted_parts, parts, strict=False)
    )


def _parts(path: str) -> list[str]:
    return [part for part in path.replace("[*]", ".[*]").split(".") if part]


def _matches(wanted: str, rule: str) -> bool:
    return wanted == rule or (wanted.endswith("/*") and rule.startswith(wanted[:-1]))


def _nearest(folder: Path) -> Path | None:
    for place in (folder, *folder.parents):
        own, project = place / OWN_FILE, place / PROJECT_FILE
        if own.is_file():
            return own
        if project.is_file() and "scan" in _read(project).get("tool", {}).get("queueproof", {}):
            return project
    return None


def _table(path: Path) -> dict[str, Any]:
    keys = ("tool", "queueproof", "scan") if path.name == PROJECT_FILE else ("scan",)
    table: Any = _read(path)
    for key in keys:
        table = table.get(key, {}) if isinstance(table, dict) else table
    if not isinstance(table, dict):
        raise PolicyError(f"{path}: {'.'.join(keys)}: wanted a table")
    return table


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise PolicyError(f"{path}: cannot be read ({error.strerror or 'unknown'})") from None
    except UnicodeDecodeError:
        raise PolicyError(f"{path}: wanted UTF-8 text") from None
    except tomllib.TOMLDecodeError as error:
        raise PolicyError(f"{path}: not TOML: {printable(str(error))}") from None


def _as_tuples(value: Any) -> Any:
    """TOML has arrays only; strict models want tuples."""
    if isinstance(value, list):
        return tuple(_as_tuples(item) for item in value)
    if isinstance(value, dict):
        return {key: _as_tuples(item) for key, item in value.items()}
    return value


def _told(error: ValidationError) -> str:
    """The first of the errors: key, value, what was wanted."""
    first = error.errors(include_url=False)[0]
    key = ".".join(str(part) for part in first["loc"] if part != "[key]")
    if first["type"] == "extra_forbidden":
        return f"{printable(key)}: no such setting"
    if first["type"] == "missing":
        return f"{printable(key)}: is missing"
    shown = printable(repr(first["input"]))
    if len(shown) > _SHOWN_CHARS_MAX:
        shown = f"{shown[:_SHOWN_CHARS_MAX]}.."
    message = first["msg"].removeprefix("Value error, ")
    return f"{printable(key)} = {shown}: {message[:1].lower()}{message[1:]}"
