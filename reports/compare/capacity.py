"""The capacities that were searched for beside a comparison, as the search wrote them down."""

from pathlib import Path

from pydantic import BaseModel, TypeAdapter, ValidationError

from scenarios.evidence import EvidenceError

FILE = Path("capacity") / "capacity.json"  # in the comparison's folder


class FoundCapacity(BaseModel):
    """The highest rate that one configuration held, and what held it there."""

    configuration: str
    kind: str
    held_per_s: float
    low_per_s: float
    high_per_s: float | None  # None: nothing bounds it from above
    limit_text: str

    @property
    def interval(self) -> str:
        above = "?" if self.high_per_s is None else f"{self.high_per_s:,.0f}"
        return f"between {self.low_per_s:,.0f} and {above}"


_FOUND = TypeAdapter(list[FoundCapacity])


def read_capacities(run: Path) -> dict[str, FoundCapacity]:
    """By configuration; empty where none was searched for. Raises EvidenceError when damaged."""
    file = run / FILE
    if not file.exists():
        return {}
    try:
        found = _FOUND.validate_json(file.read_bytes())
    except (OSError, ValidationError) as error:
        raise EvidenceError(f"{file}: not what a search for a capacity writes") from error
    return {each.configuration: each for each in found}
