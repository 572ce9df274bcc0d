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

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, cast

from compliance.pii.report import Place
from compliance.pii.settings_file import find_table
from compliance.pii.third_party import quiet_import

_EXPRESSION_MEMORY_BYTES_MAX = 8 << 20
RuleLevel = Literal["error", "warning", "note", "off"]


def linear_expression(expression: str) -> Any:
    """The expression, ready to search with. Raises ValueError for what is not RE2."""
    re2 = quiet_import("re2")
    options = re2.Options()
    options.max_mem = _EXPRESSION_MEMORY_BYTES_MAX
    options.log_errors = False
    try:
        return re2.compile(expression, options)
    except re2.error:
        raise ValueError("wanted an RE2 expression (no back references, no look-around)") from None


@dataclass(frozen=True)
class Allow:
    """Findings that the team looked at and lets pass, why, and until when."""

    reason: str
    expires: date
    rule: str | None = None  # canary/email, pattern/*
    json_path: str | None = None  # $.to[*]; * for any part
    template: str | None = None  # an expression

    def fits(self, place: Place) -> bool:
        """Whether the entry is about this place, expired or not."""
        return (
            (self.rule is None or _matches(self.rule, place.rule))
            and (self.json_path is None or path_matches(self.json_path, place.json_path))
            and (self._expression is None or bool(self._expression.search(place.template)))
        )

    @cached_property
    def _expression(self) -> Any:
        return None if self.template is None else linear_expression(self.template)


@dataclass(frozen=True)
class Policy:
    """All settings that a file may hold; the command line overrides those that it has too."""

    paths: tuple[str, ...] = ()
    canaries: str | None = None
    require_canary: bool = False
    names: bool = True
    model: str | None = None
    confidence_min: float | None = None
    phone_regions: tuple[str, ...] | None = None
    fail_on: Literal["error", "warning"] = "warning"
    baseline: str | None = None
    jobs: int = 1
    allow_fields: tuple[str, ...] = ()
    levels: Mapping[str, RuleLevel] = field(default_factory=dict)
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
    paths start. Without a file, the defaults. Raises SettingsError.
    """
    table = find_table("scan", path, folder)
    if table is None:
        return Policy(), folder
    if not table.values:
        return Policy(), table.file.absolute().parent
    # Only where there is something to read: it takes a tenth of a second to import.
    from compliance.pii.policy_file import policy_of  # noqa: PLC0415

    return policy_of(table), table.file.absolute().parent


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
