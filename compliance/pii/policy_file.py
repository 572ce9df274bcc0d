"""Reads a policy: what its table may hold, key by key, and what is wrong where it does not."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from compliance.pii.policy import Allow, Policy, RuleLevel, linear_expression
from compliance.pii.settings_file import Table, checked

_EXPRESSION_CHARS_MAX = 500
_Rule = Annotated[str, Field(pattern=r"^[a-z]+/[A-Za-z0-9_*]+$")]
_Region = Annotated[str, Field(pattern="^[A-Z]{2}$")]


def policy_of(table: Table) -> Policy:
    """The policy that a table describes; the rest is as in `Policy`. Raises SettingsError."""
    told = checked(_PolicyTable, table)
    given = {name: getattr(told, name) for name in told.model_fields_set - {"allow"}}
    allow = tuple(Allow(**entry.model_dump()) for entry in told.allow)
    return Policy(**given, allow=allow)


def _short_expression(expression: str) -> str:
    if len(expression) > _EXPRESSION_CHARS_MAX:
        raise ValueError(f"wanted an expression of at most {_EXPRESSION_CHARS_MAX} characters")
    linear_expression(expression)
    return expression


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class _AllowTable(_Strict):
    reason: Annotated[str, Field(min_length=8)]
    expires: date
    rule: _Rule | None = None
    json_path: Annotated[str, Field(min_length=1)] | None = None
    template: Annotated[str, AfterValidator(_short_expression)] | None = None

    @model_validator(mode="after")
    def _is_narrow(self) -> "_AllowTable":
        if self.rule is None and self.json_path is None and self.template is None:
            raise ValueError("wanted one of rule, json_path and template: this would allow all")
        return self


class _PolicyTable(_Strict):
    """The keys of a policy. Only what a file gives is used: the values here stand for nothing."""

    paths: tuple[str, ...] = ()
    canaries: str = ""
    require_canary: bool = False
    names: bool = True
    model: str = ""
    confidence_min: Annotated[float, Field(ge=0, le=1)] = 0
    phone_regions: tuple[_Region, ...] = ()
    fail_on: Literal["error", "warning"] = "warning"
    baseline: str = ""
    jobs: Annotated[int, Field(ge=1, le=256)] = 1
    allow_fields: tuple[Annotated[str, Field(pattern=r"^\$")], ...] = ()
    levels: Mapping[_Rule, RuleLevel] = Field(default_factory=dict)
    allow: tuple[_AllowTable, ...] = ()
