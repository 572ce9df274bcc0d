"""Stops a load before it costs more than its owner allowed.

What was spent is reckoned from the senders' own ledger, attempt by attempt: AWS's bill comes a day
later. One meter goes with all experiments of a run.
"""

from pathlib import Path

_INVOKE = b'"kind":"invoke"'  # as LedgerWriter writes it, before each request leaves


class SpendMeter:
    """Counts attempts. Belongs to one thread."""

    def __init__(self, *, limit_usd: float, usd_per_attempt: float) -> None:
        self._limit_usd = limit_usd
        self._usd_per_attempt = usd_per_attempt
        self._attempts = 0
        self._ledger: Path | None = None
        self._read_bytes = 0

    def follow(self, ledger: Path) -> None:
        """Another experiment writes there; it need not exist yet."""
        self._ledger, self._read_bytes = ledger, 0

    def why_stop(self) -> str | None:
        """A reason when the next attempt could cost more than is allowed."""
        self._count()
        spent_usd = self._attempts * self._usd_per_attempt
        if spent_usd + self._usd_per_attempt <= self._limit_usd:
            return None
        return (
            f"{self._attempts:,} attempts cost about ${spent_usd:.4f}; one more could pass the "
            f"spend limit of ${self._limit_usd:g}"
        )

    def _count(self) -> None:
        if self._ledger is None or not self._ledger.exists():
            return
        with self._ledger.open("rb") as file:
            file.seek(self._read_bytes)
            new = file.read()
        whole = new[: new.rfind(b"\n") + 1]
        self._read_bytes += len(whole)
        self._attempts += whole.count(_INVOKE)
