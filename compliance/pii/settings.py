"""What a scan looks for, and how far it goes."""

from dataclasses import dataclass, field

from compliance.pii.patterns import DEFAULT_REGIONS
from compliance.pii.sources.reading import Reading


@dataclass(frozen=True)
class ScanSettings:
    """What to look for and how far to go. Raises ValueError for a value out of its range."""

    patterns: bool = True
    names: bool = True
    model: str | None = None  # a spaCy model by name; None takes the best one installed
    confidence_min: float = 0.5  # 0 to 1
    phone_regions: tuple[str, ...] = DEFAULT_REGIONS
    reading: Reading = field(default_factory=Reading)  # how far sources are read
    salt: bytes | None = None  # of the hashes, up to 64 bytes; None draws one for each scanner

    def __post_init__(self) -> None:
        if not 0 <= self.confidence_min <= 1:
            raise ValueError(f"confidence_min is {self.confidence_min}; wanted 0 to 1")
        if self.salt is not None and not 1 <= len(self.salt) <= 64:
            raise ValueError(f"salt has {len(self.salt)} bytes; wanted 1 to 64")
