"""Where a delivery ledger is, as settings write it: KIND:PLACE."""

import os
import re
from collections.abc import Callable
from pathlib import Path

_TABLE = r"[A-Za-z0-9_.-]{3,255}"  # DynamoDB's rule for names of tables


def check_place(text: str) -> str:
    """Raises ValueError."""
    kind, _, place = text.partition(":")
    checks: dict[str, Callable[[], bool]] = {
        "sqlite": lambda: bool(place) and os.access(Path(place).absolute().parent, os.W_OK),
        "dynamodb": lambda: re.fullmatch(_TABLE, place) is not None,
        "none": lambda: not place,
    }
    if kind not in checks:
        raise ValueError("not a ledger")
    if not checks[kind]():
        raise ValueError(f"not a place for {kind}")
    return text
