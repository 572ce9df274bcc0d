"""What all faults on demand have in common, and how a plan of them is read."""

from typing import Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

P = TypeVar("P", bound=BaseModel)


class PlannedFault(BaseModel):
    """When a fault is on, and which of the calls that it could meet it breaks."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    label: str = Field(min_length=1)  # how journals and reports call it
    probability: float = Field(default=1.0, ge=0, le=1)
    start_s: float = Field(default=0.0, ge=0)  # since the plan was set
    end_s: float | None = Field(default=None, gt=0)  # none: until the plan is taken back
    nth_call: int | None = Field(default=None, ge=1)  # only the nth call that it could meet
    period_s: float | None = Field(default=None, gt=0)  # flaps: on in each period's first half

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> Self:
        if self.end_s is not None and self.end_s <= self.start_s:
            raise ValueError(f"end_s {self.end_s} is not after start_s {self.start_s}")
        return self


class FaultPlanError(Exception):
    """The plan is not one; the message names the field and its value."""


def parse_plan(text: bytes, kind: type[P]) -> P:
    """Raises FaultPlanError."""
    try:
        return kind.model_validate_json(text)
    except ValidationError as error:
        problems = [
            f"{'.'.join(str(part) for part in each['loc']) or 'plan'}: {each['msg']}"
            f" (got {str(each['input'])[:80]!r})"
            for each in error.errors(include_url=False)
        ]
        raise FaultPlanError("; ".join(problems)) from error
