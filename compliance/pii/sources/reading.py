"""How far a source is read."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Reading:
    """Bounds of what is read. Raises ValueError for a value out of its range."""

    line_bytes_max: int = 262_144  # what is longer is cut, and said to be
    # Repetitive logs reach 200 with zstd and xz; gzip cannot pass 1,032, and its bombs come near.
    expansion_ratio_max: int = 500
    expanded_bytes_max: int = 64 << 30  # of one compressed file
    since_s: float | None = None  # seconds since 1970; what is certainly older is left out
    endpoint_url: str | None = None  # of AWS, when it is not the real one
    follow: bool = False  # CloudWatch Logs: go on reading what arrives until interrupted

    def __post_init__(self) -> None:
        if self.line_bytes_max < 1024:
            raise ValueError(f"line_bytes_max is {self.line_bytes_max}; wanted 1024 or more")
        if self.expansion_ratio_max < 2:
            raise ValueError(f"expansion_ratio_max is {self.expansion_ratio_max}; wanted 2 or more")
        if self.expanded_bytes_max < 1024:
            raise ValueError(
                f"expanded_bytes_max is {self.expanded_bytes_max}; wanted 1024 or more"
            )
